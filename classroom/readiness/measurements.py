"""What earlier chapters measured, kept for chapter 10: the reader's own values, or those that are shipped.

Own values are stored beside a working copy of a notebook, never by a run in `notebooks/` itself: there the
shipped values count, so that everybody sees the same. `data/measure.py` made the shipped ones.
"""

import csv
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path

import pandas as pd

from fiberlab.lab.chapter import Chapter
from fiberlab.lab.days import DATA
from fiberlab.lab.kept_file import content, my_turn, put_aside, said_if_not_kept, write_whole
from fiberlab.lab.progress_file import say_that_nothing_is_kept

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
    """Store what this reader's run has measured, if the notebook is a working copy; see keep_all."""
    keep_all(chapter, {name: value})


def keep_all(chapter: Chapter, values: Mapping[str, float]) -> None:
    """Store these values by name, all or none of them, if the notebook is a working copy; say if not.

    Raises UnknownMeasurementError, ValueError for what is no number, DamagedMeasurementsError.
    """
    shipped().changed(values)
    if not chapter.working_copy:
        say_that_nothing_is_kept()
    else:
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
