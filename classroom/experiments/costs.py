"""What each design gives and what it costs, put together from the experiments that measured it."""

from collections.abc import Mapping

import pandas as pd

from classroom.change.files import NEW_ACTOR
from classroom.experiments.billing import what_to_operate
from classroom.experiments.waiting import DOWN, SLOW
from classroom.source import PACKAGE
from classroom.world.designs import Design, folder_of

Tables = Mapping[str, pd.DataFrame]  # by the name of the design


def prices(
    moved: Tables, tests: Tables, files: pd.DataFrame, waited: pd.DataFrame, running: Mapping[str, Design]
) -> pd.DataFrame:
    """Everything that was counted: a row per thing, a column per running design.

    From blast_radius, what_to_test_again (with two actors), files_to_change and who_waits, in this order.
    """
    changed = files[(files.feature == NEW_ACTOR) & (files.how == "changed")].groupby("design").size()
    lost = waited[(waited.condition == DOWN) & waited.sale & ~waited.billed].groupby("design").size()
    return pd.DataFrame(
        {
            name: {
                "other actors' bills moved by a change": _others(moved[name]),
                "files changed for one more actor": changed.get(name, 0),
                "tests to run again after a change": _with_two_actors(tests[name]).released,
                "sales lost while billing is down": lost.get(name, 0),
                "tests in the whole suite": _with_two_actors(tests[name]).suite,
                **what_to_operate(design),
            }
            for name, design in running.items()
        }
    )


def sizes(waited: pd.DataFrame) -> pd.DataFrame:
    """What differs from run to run, or with every edit: median milliseconds to a slow bill, lines of code."""
    slow = waited[(waited.condition == SLOW) & waited.sale]
    return pd.DataFrame(
        {
            name: {
                "milliseconds to the bill while billing is slow": sales.bill_s.median() * 1000,
                "lines of code of its own": _lines(name),
            }
            for name, sales in slow.groupby("design", sort=False)
        }
    )


def _others(moved: pd.DataFrame) -> int:
    return int(moved[moved.rule != moved.actor].moved_bills.sum())


def _with_two_actors(tests: pd.DataFrame) -> pd.Series:
    return tests[tests.actors == 2][["suite", "released"]].mean()


def _lines(design: str) -> int:
    """The lines that are not blank in the design's own folder."""
    files = (PACKAGE / folder_of(design)).glob("*.py")
    return sum(bool(line.strip()) for file in files for line in file.read_text(encoding="utf-8").splitlines())
