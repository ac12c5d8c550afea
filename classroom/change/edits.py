"""A change to the source, as a developer would make it, and a copy of the package to make it in.

A change replaces text that must be there exactly once, so it fails loudly when the source has moved on. Three
kinds are measured: another rule for an actor, a kind of actor more, one less. A new actor's module is the
installer's as it stands today, with another name and discount; where there is only one billing, it gets one
more rule.
"""

import difflib
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from classroom.source import PACKAGE
from classroom.world.designs import EVENTS, MODULAR, SHARED, folder_of

_IGNORED = shutil.ignore_patterns("__pycache__", ".*", "*.js", "*.css")


class StaleChangeError(ValueError):
    """A change does not fit the source: its text is not there, or more than once."""


@dataclass(frozen=True)
class Edit:
    """Replace `old`, which the file holds exactly once, by `new`. Paths are relative to the package."""

    path: str
    old: str
    new: str

    def apply(self, package: Path) -> None:
        """Return once the file is written; raise StaleChangeError if the text is not there once."""
        file = package / self.path
        text = file.read_text(encoding="utf-8")
        if text.count(self.old) != 1:
            raise StaleChangeError(
                f"{self.path} holds {self.old!r} {text.count(self.old)} times; adapt the change"
            )
        file.write_text(text.replace(self.old, self.new), encoding="utf-8", newline="\n")


@dataclass(frozen=True)
class Change:
    """What one feature takes: edits of existing files, new files by path, and files to delete."""

    edits: tuple[Edit, ...] = ()
    new_files: Mapping[str, str] = field(default_factory=dict)
    deleted: tuple[str, ...] = ()

    def apply(self, package: Path) -> None:
        """Return once the change is made in this copy. Raises StaleChangeError."""
        for edit in self.edits:
            edit.apply(package)
        for path, text in self.new_files.items():
            package.joinpath(path).write_text(text, encoding="utf-8", newline="\n")
        for path in self.deleted:
            package.joinpath(path).unlink()


def copy_of_package(folder: Path, package: Path = PACKAGE) -> Path:
    """A copy of the package in the folder."""
    shutil.copytree(package, folder / PACKAGE.name, ignore=_IGNORED)
    return folder / PACKAGE.name


def files_changed(before: Path, after: Path) -> pd.DataFrame:
    """A row per file that differs between two copies.

    Columns: file, how ("new", "changed" or "deleted"), added and removed (lines).
    """
    texts = {path: (_text(before / path), _text(after / path)) for path in _paths(before) | _paths(after)}
    rows = [
        (path, _how(before / path, after / path), *_counts(old, new))
        for path, (old, new) in sorted(texts.items())
        if old != new
    ]
    return pd.DataFrame(rows, columns=["file", "how", "added", "removed"])


def diff(before: Path, after: Path) -> str:
    """The unified diff between two copies, without line numbers."""
    parts = [
        line
        for path in sorted(_paths(before) | _paths(after))
        for line in difflib.unified_diff(
            _text(before / path), _text(after / path), path, path, n=2, lineterm=""
        )
    ]
    return "\n".join("@@" if line.startswith("@@") else line for line in parts)


def changed_lines(before: Path, after: Path) -> dict[str, set[int]]:
    """The lines of `before`, by file, that the change touches: replaced, deleted, or beside an insertion."""
    touched: dict[str, set[int]] = {}
    for path in sorted(_paths(before)):
        old, new = _text(before / path), _text(after / path)
        blocks = difflib.SequenceMatcher(None, old, new, False).get_opcodes() if old != new else []
        for tag, first, end, *_ in blocks:
            if tag != "equal":
                touched.setdefault(path, set()).update(range(first + 1, max(end, first + 1) + 1))
    return touched


def _paths(package: Path) -> set[str]:
    return {path.relative_to(package).as_posix() for path in package.rglob("*.py")}


def _text(file: Path) -> list[str]:
    return file.read_text(encoding="utf-8").splitlines() if file.exists() else []


def _how(old: Path, new: Path) -> str:
    return "changed" if old.exists() and new.exists() else ("new" if new.exists() else "deleted")


def _counts(old: list[str], new: list[str]) -> tuple[int, int]:
    lines = list(difflib.unified_diff(old, new, n=0, lineterm=""))[2:]
    return sum(line.startswith("+") for line in lines), sum(line.startswith("-") for line in lines)


# How much less than the list price each kind of actor pays, in percent. The first two are in the source.
DISCOUNTS = {"customer": 0, "installer": 20, "reseller": 15, "landlord": 10, "agent": 5, "partner": 12}
APP_OFFER_PERCENT = 10
MORE_PERCENT = 5

_OFFER = f"discounted_cents({{}}.list_price_cents, {APP_OFFER_PERCENT})"


def change_rule(design: str, actor: str) -> Change:
    """The actor's rule changed: customers get 10 % off in the app, all others 5 % more than they had."""
    folder = folder_of(design)
    if actor == "customer":
        return Change(_CUSTOMER_OFFER[design])
    constant = f"{actor.upper()}_DISCOUNT_PERCENT" if design == SHARED else "DISCOUNT_PERCENT"
    file = "billing.py" if design == SHARED else f"{actor}_billing.py"
    old, new = (
        f"\n{constant} = {percent}\n" for percent in (DISCOUNTS[actor], DISCOUNTS[actor] + MORE_PERCENT)
    )
    return Change((Edit(f"{folder}/{file}", old, new),))


_IMPORT = "from fiberlab.domain import "
_CUSTOMER_OFFER = {
    SHARED: (
        Edit(
            "coupled/billing.py",
            "    list_price_cents = plans[action.plan].list_price_cents\n",
            "    list_price_cents = plans[action.plan].list_price_cents\n"
            '    if action.actor.kind == "customer":\n'
            f"        list_price_cents = discounted_cents(list_price_cents, {APP_OFFER_PERCENT})\n",
        ),
    ),
    MODULAR: (
        Edit("monolith/customer_billing.py", f"{_IMPORT}Plan", f"{_IMPORT}Plan, discounted_cents"),
        Edit(
            "monolith/customer_billing.py", "return plan.list_price_cents", "return " + _OFFER.format("plan")
        ),
    ),
    EVENTS: (
        Edit(
            "eventdriven/customer_billing.py",
            "from fiberlab.eventdriven.events",
            f"{_IMPORT}discounted_cents\nfrom fiberlab.eventdriven.events",
        ),
        Edit(
            "eventdriven/customer_billing.py",
            "charge(event, event.plan.list_price_cents)",
            f"charge(event, {_OFFER.format('event.plan')})",
        ),
    ),
}


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
