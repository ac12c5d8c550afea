"""The few numbers that an experiment's table comes down to, by the names under which they are kept.

Each function takes an experiment's result and returns values by "<design>/<coefficient>", as
`measurements.keep_all` stores them. Counts and shares are exact; milliseconds are those of one machine.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from fiberlab.lab.coupling.actors import add_actor
from fiberlab.lab.coupling.changes import copy_of_package, files_changed
from fiberlab.lab.coupling.features import EVENTS
from fiberlab.lab.figure import plural

MOST_ACTORS = 6
NEW_ACTOR = "reseller"
TESTS, OTHERS_BILLS = "tests to run again", "share of others' bills moved"
FILES, NEW_FILES = "files changed for a new actor", "files added for a new actor"
PARTS, PARTS_MORE = "moving parts with 2 actors", "moving parts a further actor adds"
Values = dict[str, float]


class Source(NamedTuple):
    """Where a coefficient comes from: its unit, the experiment, and the chapter that runs it, by design."""

    unit: str
    how: str
    request_reply: str
    event_driven: str

    def chapter(self, design: str) -> str:
        """The number of the chapter that measures it for this design."""
        return self.event_driven if design == EVENTS else self.request_reply


_TESTED = Source("tests", "what_to_test_again: tests of what one actor's change releases", "03", "05")
SOURCES = {
    **{f"{TESTS}/{plural(n, 'actor')}": _TESTED for n in range(1, MOST_ACTORS + 1)},
    OTHERS_BILLS: Source("share", "blast_radius: off the diagonal, the mean of the shares", "03", "05"),
    FILES: Source("files", "files_changed between the package and a copy with one actor more", "03", "05"),
    NEW_FILES: Source(
        "files", "files_changed between the package and a copy with one actor more", "03", "05"
    ),
    PARTS: Source("parts", "moving_parts of the running design", "01", "05"),
    PARTS_MORE: Source("parts", "moving_parts with two actors, less those with one", "01", "05"),
}


def tests_name(design: str, actors: int) -> str:
    """The name of the tests that run again, with so many kinds of actors, because of one actor's change."""
    return f"{design}/{TESTS}/{plural(actors, 'actor')}"


def tests_to_run_again(design: str, tests: pd.DataFrame) -> Values:
    """From what_to_test_again: the tests of what one change releases, the mean over the rules changed."""
    means = tests.groupby("actors").released.mean()
    return {tests_name(design, int(actors)): float(mean) for actors, mean in means.items()}


def others_bills_moved(design: str, moved: pd.DataFrame) -> Values:
    """From blast_radius: the share of another actor's bills that moves, the mean over pairs of actors."""
    others = moved[moved.rule != moved.actor]
    return {f"{design}/{OTHERS_BILLS}": round(float((others.moved_bills / others.bills).mean()), 4)}


def files_for_a_new_actor(design: str, folder: Path) -> Values:
    """The existing files changed, and the files added, for one actor more; copies are made in the folder."""
    before, after = (copy_of_package(folder / design / name) for name in ("before", "after"))
    add_actor(design, NEW_ACTOR, after).apply(after)
    how = files_changed(before, after).how
    return {
        f"{design}/{FILES}": float((how == "changed").sum()),
        f"{design}/{NEW_FILES}": float((how == "new").sum()),
    }


def parts(design: str, one_actor: Sequence[object], two_actors: Sequence[object]) -> Values:
    """From moving_parts with one actor and with two: how many there are, and how many an actor adds."""
    return {
        f"{design}/{PARTS}": float(len(two_actors)),
        f"{design}/{PARTS_MORE}": float(len(two_actors) - len(one_actor)),
    }
