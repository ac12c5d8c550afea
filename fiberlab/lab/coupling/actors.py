"""A kind of actor more, or one less, in each design, the way that design's own code suggests.

A new actor's module is the installer's as it stands today, with another name and another discount; where
there is only one billing, it gets one more rule. So what is measured follows the source.
"""

from pathlib import Path

from fiberlab.lab.coupling.changes import Change, Edit
from fiberlab.lab.coupling.features import DISCOUNTS, MODULAR, SHARED, folder_of

_COMMENT = (
    "    # Installers may sell at a discount now. The price below looks at the account, so put it there.\n"
)
_RULE = """\
    if action.actor.kind == "{kind}":
        accounts.set_discount_percent(action.account_id, {KIND}_DISCOUNT_PERCENT)
"""


def add_actor(design: str, actor: str, package: Path) -> Change:
    """The new kind of actor in this copy: the domain learns its name, billing its rule."""
    folder, domain = folder_of(design), _in_domain(actor, package)
    if design == SHARED:
        constants = _constant("installer"), _constant("installer") + _constant(actor)
        rules = _rule("installer"), _rule("installer") + _rule(actor)
        return Change((*domain, *_in_shared_billing(constants, rules)))
    registration = _registration(actor, add=True) if design == MODULAR else ()
    return Change((*domain, *registration), {f"{folder}/{actor}_billing.py": _twin(package / folder, actor)})


def remove_installer(design: str) -> Change:
    """The time of chapter 01: customers only."""
    if design == SHARED:
        constant, rule = _constant("installer"), _COMMENT + _rule("installer")
        return Change(_in_shared_billing((constant, ""), (rule, "")))
    registration = _registration("installer", add=False) if design == MODULAR else ()
    return Change(registration, deleted=(f"{folder_of(design)}/installer_billing.py",))


def _in_shared_billing(*changes: tuple[str, str]) -> tuple[Edit, ...]:
    return tuple(Edit("coupled/billing.py", old, new) for old, new in changes)


def _constant(actor: str) -> str:
    return f"{actor.upper()}_DISCOUNT_PERCENT = {DISCOUNTS[actor]}\n"


def _rule(actor: str) -> str:
    return _RULE.format(kind=actor, KIND=actor.upper())


def _registration(actor: str, add: bool) -> tuple[Edit, ...]:
    """The monolith's billing learns of the actor's module, beside the customer's, or forgets it."""
    known = '    "customer": customer_billing.price_cents,\n'
    line = f'    "{actor}": {actor}_billing.price_cents,\n'
    changes = [
        ("import customer_billing, ", f"import customer_billing, {actor}_billing, "),
        (known, known + line),
    ]
    if not add:
        changes = [(f"import customer_billing, {actor}_billing", "import customer_billing"), (line, "")]
    return tuple(Edit("monolith/billing.py", old, new) for old, new in changes)


def _twin(folder: Path, actor: str) -> str:
    text = (folder / "installer_billing.py").read_text(encoding="utf-8")
    text = text.replace(f"= {DISCOUNTS['installer']}", f"= {DISCOUNTS[actor]}")
    return text.replace("installer", actor).replace("Installer", actor.capitalize())


def _in_domain(actor: str, package: Path) -> tuple[Edit, ...]:
    """The domain's list of actors; and, once, that only a customer has to hold the account it acts on."""
    names = Edit("domain.py", 'ACTORS = ("customer", ', f'ACTORS = ("customer", "{actor}", ')
    anybody, customers = (
        "elif action.actor.id != ",
        'elif action.actor.kind == "customer" and action.actor.id != ',
    )
    is_there = anybody in (package / "domain.py").read_text(encoding="utf-8")
    return (names, Edit("domain.py", anybody, customers)) if is_there else (names,)
