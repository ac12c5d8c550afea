"""The same feature in each design, as a diff: e-mail marketing for whoever browses a plan.

The letter, its server and the address book come from `mailing`, a library to both designs; measured is what
it takes to use it. The modular monolith would look like the coupled design: its request mails, too.
"""

import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pandas as pd

from fiberlab.domain import ACTORS
from fiberlab.lab.coupling import app_suite
from fiberlab.lab.coupling.blast import AT_ONCE
from fiberlab.lab.coupling.changes import Change, Edit, changed_lines, copy_of_package, diff, files_changed
from fiberlab.lab.coupling.features import EVENTS, SHARED, UnknownDesignError
from fiberlab.lab.coupling.impact import read_suite
from fiberlab.lab.coupling.reach import touched
from fiberlab.lab.source import PACKAGE, Listing

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
        list(pool.map(lambda design: app_suite.run(design, ACTORS, before[design]), before))
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
