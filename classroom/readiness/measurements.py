"""What earlier chapters measured, kept for chapter 10: the reader's own values, or those that are shipped.

An experiment's table comes down to a few numbers by "<design>/<coefficient>". Counts and shares are exact;
milliseconds are those of one machine. Own values are stored with the reader's progress, never by a run that
nobody reads: there the shipped values count, so that everybody sees the same. `data/measure.py` made those.
"""

import csv
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from classroom.change.files import NEW_ACTOR
from classroom.chapter import Chapter
from classroom.desk.progress import (
    content,
    my_turn,
    put_aside,
    said_if_not_kept,
    write_whole,
)
from classroom.experiments.waiting import CONDITIONS
from classroom.figures.look import plural
from classroom.place import DATA
from classroom.world.designs import DESIGNS, EVENTS

SHIPPED = DATA / "measurements.csv"
OWN = "measurements.json"
COLUMNS = ("name", "value", "unit", "chapter", "how")


class UnknownMeasurementError(LookupError):
    """No experiment measures anything of this name."""


class DamagedMeasurementsError(ValueError):
    """The reader's file of measurements is none; it was put aside."""


@dataclass(frozen=True)
class Measurement:
    """One value, by "<design>/<coefficient>", with the experiment that gives it, and whose run it was."""

    name: str
    value: float
    unit: str
    chapter: str
    how: str
    own: bool = False


@dataclass(frozen=True)
class Measurements:
    """Everything measured, by name."""

    by_name: Mapping[str, Measurement]

    def __getitem__(self, name: str) -> float:
        """The value of this name; raises UnknownMeasurementError."""
        return self.of(name).value

    def of(self, name: str) -> Measurement:
        """The measurement of this name; raises UnknownMeasurementError with the names that come close."""
        if name not in self.by_name:
            close = get_close_matches(name, self.by_name, n=3) or sorted(self.by_name)[:3]
            raise UnknownMeasurementError(f"nothing is measured as {name!r}; try {', '.join(close)}")
        return self.by_name[name]

    def changed(self, values: Mapping[str, float]) -> "Measurements":
        """The same with these values of the reader's own instead.

        Raises UnknownMeasurementError, and ValueError for what is no number of 0 or more.
        """
        news = {name: replace(self.of(name), value=_sound(name, v), own=True) for name, v in values.items()}
        return Measurements({**self.by_name, **news})

    def table(self) -> pd.DataFrame:
        """A row per measurement: name, value, unit, chapter, how, and whose run measured it."""
        rows = [
            (*(getattr(m, c) for c in COLUMNS), "your run" if m.own else "shipped")
            for m in self.by_name.values()
        ]
        return pd.DataFrame(rows, columns=[*COLUMNS, "measured by"])


def shipped(file: Path = SHIPPED) -> Measurements:
    """The values that come with the workbook."""
    return Measurements({m.name: m for m in _read_csv(file)})


def known(chapter: Chapter) -> Measurements:
    """The reader's own values where there are any, else the shipped ones. Raises DamagedMeasurementsError."""
    return shipped().changed(_own(chapter.working_copy)) if chapter.working_copy else shipped()


def keep(chapter: Chapter, name: str, value: float) -> None:
    """Store what this reader's run has measured, if somebody reads; see keep_all."""
    keep_all(chapter, {name: value})


def keep_all(chapter: Chapter, values: Mapping[str, float]) -> None:
    """Store these values by name, all or none of them, if somebody reads; else none.

    Raises UnknownMeasurementError, ValueError for what is no number, DamagedMeasurementsError.
    """
    shipped().changed(values)
    if chapter.working_copy:
        with said_if_not_kept(), my_turn(chapter.working_copy / OWN):
            everything = _own(chapter.working_copy) | {name: float(value) for name, value in values.items()}
            write_whole(chapter.working_copy / OWN, json.dumps(everything, indent=1, sort_keys=True) + "\n")


def _own(folder: Path) -> dict[str, float]:
    """The stored values by name, without those that an older workbook measured and this one does not."""
    file = folder / OWN
    if (held := content(file)) is None:
        return {}
    try:
        values = json.loads(held)
        known_today = {name: values[name] for name in values.keys() & shipped().by_name}
        shipped().changed(known_today)
    except (ValueError, AttributeError) as error:
        aside = put_aside(file)
        raise DamagedMeasurementsError(
            f"{OWN} could not be read ({error}). It is kept as {aside.name!r}; run this cell again: the "
            "shipped values count until you measure yours again"
        ) from error
    return known_today


def _sound(name: str, value: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
        raise ValueError(f"{name} cannot be {value!r}; give a number of 0 or more")
    return value


def _read_csv(file: Path) -> Iterator[Measurement]:
    with file.open(encoding="utf-8", newline="") as page:
        for row in csv.DictReader(page):
            yield Measurement(**{**row, "value": float(row["value"])})


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


COUNTED = f"{TESTS}, 1 to {MOST_ACTORS} actors"
USED = (OTHERS_BILLS, WAIT, FAIL, PARTS, PARTS_MORE, BILL)


def sources(measured: Measurements) -> pd.DataFrame:
    """A row per coefficient that the model uses: its value in each design, unit, chapters, whose run, how."""
    names = {COUNTED: [coefficient for coefficient in SOURCES if coefficient.startswith(TESTS)]}
    names |= {coefficient: [coefficient] for coefficient in USED}
    rows = {name: _row(coefficients, measured) for name, coefficients in names.items()}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("measured")


def _row(coefficients: Sequence[str], measured: Measurements) -> dict[str, str]:
    found = {design: [measured.of(f"{design}/{name}") for name in coefficients] for design in DESIGNS}
    every = [measurement for row in found.values() for measurement in row]
    return {
        **{design: ", ".join(f"{m.value:g}" for m in row) for design, row in found.items()},
        "unit": every[0].unit,
        "chapters": _each(every, "chapter"),
        "whose run": "yours" if all(m.own for m in every) else "partly yours" if any(m.own for m in every)
        else "shipped",
        "how": every[0].how,
    }  # fmt: skip


def _each(measurements: Sequence[Measurement], field: str) -> str:
    return ", ".join(dict.fromkeys(getattr(m, field) for m in measurements))
