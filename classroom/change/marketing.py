"""The same feature in each design, as a diff: e-mail marketing for whoever browses a plan.

The letter, its server and the address book come from `mailing`, a library to both designs; measured is what
it takes to use it, and which tests of the suite that was there before it reaches. The modular monolith would
look like the coupled design: its request mails, too.
"""

import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pandas as pd

from classroom.change.blast import AT_ONCE
from classroom.change.edits import Change, Edit, changed_lines, copy_of_package, diff, files_changed
from classroom.change.retest import read_suite, run_written_suite, touched
from classroom.change.suite import write_suite
from classroom.source import PACKAGE, Listing
from classroom.world.designs import EVENTS, SHARED, UnknownDesignError
from fiberlab.domain import ACTORS

_APP = {
    SHARED: """
from fiberlab.coupled import backend
from fiberlab.coupled.accounts import Accounts
from fiberlab.ledger import Ledger


def answer(folder, action):
    accounts = Accounts(folder / "app.sqlite")
    with Ledger(folder / "app.sqlite") as ledger:
        try:
            return backend.create(days.company(), accounts, ledger).routes[-1].endpoint(action)
        finally:
            accounts.close()
""",
    EVENTS: """
from unittest.mock import Mock

from fiberlab.eventdriven import gateway


def answer(folder, action):
    return gateway.create(days.company(), Mock(), "topic").routes[-1].endpoint(action)
""",
}
_APP_TESTS = """
import pytest

from fiberlab.api import ActionRequest, body
from fiberlab.domain import UnknownNameError
from classroom.world import company as days
{app}

def request(name, **changes):
    first = next(action for action in days.shipped_day() if action.name == name)
    return ActionRequest(**(body(first) | changes))


def test_browsing_is_answered(tmp_path):
    assert answer(tmp_path, request("browse_plan")).action_id


def test_a_purchase_is_answered(tmp_path):
    assert answer(tmp_path, request("purchase_plan")).action_id


def test_a_change_is_answered(tmp_path):
    assert answer(tmp_path, request("change_plan")).action_id


def test_a_cancellation_is_answered(tmp_path):
    assert answer(tmp_path, request("cancel_plan")).action_id


def test_an_unknown_plan_is_refused(tmp_path):
    with pytest.raises(UnknownNameError):
        answer(tmp_path, request("browse_plan", plan="Fiber 9000"))
"""


def run(design: str, actors: Sequence[str], package: Path) -> None:
    """Return once the suite of this design has run in this copy; raises CopyFailedError if a test fails."""
    suite = write_suite(design, actors, package.parent)
    tests = _APP_TESTS.replace("{app}", _APP[design])
    (suite / "test_app.py").write_text(tests.lstrip(), encoding="utf-8", newline="\n")
    run_written_suite(package)


WITH_MARKETING = (SHARED, EVENTS)
_WIRING = "coupled/backend.py"
_WIRED = (
    ("import billing, marketing\n", "import billing\n"),
    ("from fiberlab.mailing import Mailing\n", ""),
    (", mailing: Mailing | None = None)", ")"),
    ("        if mailing:\n            marketing.mail(action, mailing)\n", ""),
)
_WITHOUT = {
    SHARED: Change(tuple(Edit(_WIRING, *pair) for pair in _WIRED), deleted=("coupled/marketing.py",)),
    EVENTS: Change(deleted=("eventdriven/marketing.py",)),
}


def without_marketing(design: str) -> Change:
    """The design before marketing came. Raises UnknownDesignError for one that has no marketing."""
    if design not in _WITHOUT:
        raise UnknownDesignError(
            f"design {design!r} has no marketing; choose one of {', '.join(WITH_MARKETING)}"
        )
    return _WITHOUT[design]


def what_marketing_touched(package: Path = PACKAGE) -> pd.DataFrame:
    """A row per design: files that were new and files that had to be changed, and the tests to run again.

    Columns: design, new_files, changed_files (names), suite (tests there were before), touched (of these).
    """
    with ExitStack() as copies, ThreadPoolExecutor(AT_ONCE) as pool:
        before = {design: copies.enter_context(_before(design, package)) for design in WITH_MARKETING}
        list(pool.map(lambda design: run(design, ACTORS, before[design]), before))
        return pd.DataFrame([_touched(design, copy, package) for design, copy in before.items()])


def marketing_diff(design: str, package: Path = PACKAGE) -> Listing:
    """What it took to add marketing to the existing files of this design."""
    with _before(design, package) as before:
        found = files_changed(before, package)
        lines = diff(before, package).splitlines()
    changed = [line for file in found[found.how == "changed"].file for line in _part(file, lines)]
    return Listing("\n".join(changed), "diff", "" if changed else f"No existing file changed: {design}.")


def _touched(design: str, before: Path, package: Path) -> dict[str, object]:
    """A row; `before` is the copy without marketing, after its suite has run."""
    found = files_changed(before, package)
    suite = read_suite(design, before)
    again = touched(suite, changed_lines(before, package))
    new, changed = (list(found[found.how == how].file) for how in ("new", "changed"))
    counted = {"suite": len(suite.tests), "touched": len(again)}
    return {"design": design, "new_files": new, "changed_files": changed, **counted}


@contextmanager
def _before(design: str, package: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        copy = copy_of_package(Path(folder), package)
        without_marketing(design).apply(copy)
        yield copy


def _part(file: str, lines: list[str]) -> list[str]:
    """The lines of the diff that are about this file."""
    start = lines.index(f"--- {file}")
    later = [n for n in range(start + 1, len(lines)) if lines[n].startswith("--- ")]
    return lines[start : min(later, default=len(lines))]
