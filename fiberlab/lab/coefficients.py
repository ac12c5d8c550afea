"""The few numbers that an experiment's table comes down to, by the names under which they are kept.

Each function takes an experiment's result and returns values by "<design>/<coefficient>", as
`measurements.keep_all` stores them. Counts and shares are exact; milliseconds are those of one machine.
"""

from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd

from fiberlab.lab.coupling.features import EVENTS
from fiberlab.lab.coupling.files import NEW_ACTOR
from fiberlab.lab.coupling.waiting import CONDITIONS
from fiberlab.lab.figure import plural

MOST_ACTORS = 6
TESTS, OTHERS_BILLS = "tests to run again", "share of others' bills moved"
FILES, NEW_FILES = "files changed for a new actor", "files added for a new actor"
PARTS = "moving parts beside the broker with 2 actors"
PARTS_MORE = "moving parts a further actor adds"
WAIT = "share of sales that wait for a slow bill"
FAIL = "share of sales that fail while billing is down"
ANSWER, BILL = "time to answer while a bill takes 200 ms", "time to bill"
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


_TESTED = Source("tests", "what_to_test_again: tests one change releases", "03", "05b")
SOURCES = {
    **{f"{TESTS}/{plural(n, 'actor')}": _TESTED for n in range(1, MOST_ACTORS + 1)},
    OTHERS_BILLS: Source("share", "blast_radius: mean share off the diagonal", "03", "05b"),
    FILES: Source("files", "files_changed, with one actor more", "03", "05b"),
    NEW_FILES: Source("files", "files_changed, with one actor more", "03", "05b"),
    PARTS: Source("parts", "moving_parts, without the topic", "01", "05b"),
    PARTS_MORE: Source("parts", "moving_parts with two actors, less with one", "01", "05b"),
    WAIT: Source("share", "who_waits: answered after a slow bill", "03", "05b"),
    FAIL: Source("share", "who_waits: not accepted while billing is down", "03", "05b"),
    ANSWER: Source("ms", "who_waits: median answer, billing slow", "03", "05b"),
    BILL: Source("ms", "who_waits: median, from request to bill", "03", "05b"),
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


def files_for_a_new_actor(design: str, files: pd.DataFrame) -> Values:
    """From files_to_change: the existing files changed, and the files added, for one actor more."""
    how = files[(files.design == design) & (files.feature == NEW_ACTOR)].how
    return {
        f"{design}/{FILES}": float((how == "changed").sum()),
        f"{design}/{NEW_FILES}": float((how == "new").sum()),
    }


Part = tuple[str, str]  # kind, name


def parts(design: str, two_actors: Sequence[Part], one_actor: Sequence[Part] | None = None) -> Values:
    """From moving_parts with two actors: how many; with those of one actor, too: how many the second adds.

    The topic is left out: it is the broker's, which has a price of its own.
    """
    two = sum(kind != "topic" for kind, _ in two_actors)
    if one_actor is None:
        return {f"{design}/{PARTS}": float(two)}
    one = sum(kind != "topic" for kind, _ in one_actor)
    return {f"{design}/{PARTS}": float(two), f"{design}/{PARTS_MORE}": float(two - one)}


def waiting(design: str, waited: pd.DataFrame) -> Values:
    """From who_waits: which sales wait for billing and which fail, and the times, in ms."""
    sales = waited[(waited.design == design) & waited.sale]
    healthy, slow, down = (sales[sales.condition == condition] for condition in CONDITIONS)
    return {
        f"{design}/{WAIT}": round(float((slow.answer_s >= slow.bill_s).mean()), 4),
        f"{design}/{FAIL}": round(float((~down.accepted).mean()), 4),
        f"{design}/{ANSWER}": round(float(slow.answer_s.median()) * 1000, 1),
        f"{design}/{BILL}": round(float(healthy.bill_s.median()) * 1000, 1),
    }
