"""A kind of actor more, or one less, in each design, the way that design's own code suggests.

A new actor is a twin of the installer: its lines are the installer's lines as they stand today, with another
name and another discount. So what is measured follows the source, wherever that goes.
"""

from collections.abc import Callable
from pathlib import Path

from fiberlab.lab.coupling.changes import Change, Edit
from fiberlab.lab.coupling.features import DISCOUNTS, EVENTS, MODULAR, SHARED, folder_of

_SHARED_RULE = "    if action.actor.kind == {kind!r}:\n        accounts.set_discount_percent("
_SHARED_RULE += "action.account_id, {upper}_DISCOUNT_PERCENT)\n"


def add_actor(design: str, actor: str, package: Path) -> Change:
    """The new kind of actor in this copy, as a twin of the installer; the domain learns its name."""
    edits, new_files = _ADD[design](actor, package)
    return Change((*_in_domain(actor, package), *edits), new_files)


def remove_installer(design: str, package: Path) -> Change:
    """The time of chapter 01: customers only."""
    folder = folder_of(design)
    if design == SHARED:
        text = (package / folder / "billing.py").read_text(encoding="utf-8")
        comment = next(line for line in text.splitlines(True) if line.strip().startswith("# Installers"))
        rule = comment + _shared_rule("installer")
        return Change((Edit(f"{folder}/billing.py", rule, ""), _constant("installer", "")))
    edits = _registration("installer", add=False) if design == MODULAR else ()
    return Change(edits, deleted=(f"{folder}/installer_billing.py",))


Added = tuple[tuple[Edit, ...], dict[str, str]]


def _shared_rule(actor: str) -> str:
    return _SHARED_RULE.format(kind=actor, upper=actor.upper()).replace("'", '"')


def _constant(after: str, new: str) -> Edit:
    line = f"{after.upper()}_DISCOUNT_PERCENT = {DISCOUNTS[after]}\n"
    return Edit("coupled/billing.py", line, new and line + new)


def _add_to_shared(actor: str, package: Path) -> Added:
    rule = _shared_rule("installer")
    constant = f"{actor.upper()}_DISCOUNT_PERCENT = {DISCOUNTS[actor]}\n"
    return (
        _constant("installer", constant),
        Edit("coupled/billing.py", rule, rule + _shared_rule(actor)),
    ), {}


def _add_module(actor: str, package: Path) -> Added:
    return _registration(actor, add=True), _twin("monolith", actor, package)


def _add_service(actor: str, package: Path) -> Added:
    return (), _twin("eventdriven", actor, package)


_ADD: dict[str, Callable[[str, Path], Added]] = {
    SHARED: _add_to_shared,
    MODULAR: _add_module,
    EVENTS: _add_service,
}


def _registration(actor: str, add: bool) -> tuple[Edit, ...]:
    """The monolith's billing learns of the actor's module, beside the customer's, or forgets it."""
    names = "import customer_billing, ", "import customer_billing, installer_billing"
    known = '    "customer": customer_billing.price_cents,\n'
    line = f'    "{actor}": {actor}_billing.price_cents,\n'
    pairs = [(names[0], f"{names[0]}{actor}_billing, "), (known, known + line)]
    if not add:
        pairs = [(names[1], "import customer_billing"), (known + line, known)]
    return tuple(Edit("monolith/billing.py", old, new) for old, new in pairs)


def _twin(folder: str, actor: str, package: Path) -> dict[str, str]:
    text = package.joinpath(folder, "installer_billing.py").read_text(encoding="utf-8")
    text = text.replace(f"= {DISCOUNTS['installer']}", f"= {DISCOUNTS[actor]}")
    text = text.replace("installer", actor).replace("Installer", actor.capitalize())
    return {f"{folder}/{actor}_billing.py": text}


def _in_domain(actor: str, package: Path) -> tuple[Edit, ...]:
    """The domain's list of actors; and only a customer has to hold the account on which it acts."""
    anybody = "        elif action.actor.id != "
    text = (package / "domain.py").read_text(encoding="utf-8")
    check = (
        Edit("domain.py", anybody, '        elif action.actor.kind == "customer" and action.actor.id != '),
    )
    names = Edit("domain.py", 'ACTORS = ("customer", ', f'ACTORS = ("customer", "{actor}", ')
    return (names, *(check if anybody in text else ()))
