"""What each design gives and costs is what was measured, and nothing else."""

import pandas as pd
import pytest

from classroom.change.files import NEW_ACTOR
from classroom.experiments import costs as module
from classroom.experiments.costs import prices, sizes
from classroom.world.designs import EVENTS, MODULAR, EventDriven, Monolith

PAIR = (MODULAR, EVENTS)


def a_sale(design, condition="down", sale=True, billed=True, bill_s=0.2):
    return {"design": design, "condition": condition, "sale": sale, "billed": billed, "bill_s": bill_s}


def moved(others):
    rows = [("installer", "customer", others), ("installer", "installer", 9), ("customer", "installer", 0)]
    return pd.DataFrame(rows, columns=["rule", "actor", "moved_bills"])


def suites(released, suite):
    rows = [(1, 5, 5), (2, suite, released), (2, suite, released + 2), (3, 99, 99)]
    return pd.DataFrame(rows, columns=["actors", "suite", "released"])


def files():
    rows = [(MODULAR, NEW_ACTOR, how) for how in ("changed", "changed", "changed", "new")]
    rows += [(EVENTS, NEW_ACTOR, "changed"), (EVENTS, "another feature", "changed")]
    return pd.DataFrame(rows, columns=["design", "feature", "how"])


@pytest.fixture
def running(company, tmp_path, cluster):
    designs = {MODULAR: Monolith(company, tmp_path), EVENTS: EventDriven(company, tmp_path, cluster)}
    yield designs
    for design in designs.values():
        design.close()


def test_every_row_is_counted_from_its_experiment(running):
    waited = pd.DataFrame(
        [
            a_sale(MODULAR, billed=False),
            a_sale(MODULAR, billed=False),
            a_sale(MODULAR, sale=False, billed=False),
            a_sale(MODULAR, condition="slow", billed=False),
            a_sale(EVENTS),
        ]
    )
    counted = prices(
        {MODULAR: moved(4), EVENTS: moved(0)},
        {MODULAR: suites(9, 10), EVENTS: suites(5, 12)},
        files(),
        waited,
        running,
    )
    assert list(counted.columns) == [MODULAR, EVENTS]
    assert counted.loc["other actors' bills moved by a change"].tolist() == [4, 0]
    assert counted.loc["tests to run again after a change"].tolist() == [10, 6]
    assert counted.loc["tests in the whole suite"].tolist() == [10, 12]
    assert counted.loc["sales lost while billing is down"].tolist() == [2, 0]
    assert counted.loc["moving parts"].tolist() == [2, 6]
    assert counted.loc["files changed for one more actor"].tolist() == [3, 1]


def test_sizes_are_the_median_of_slow_bills_and_the_lines_of_the_designs_folder(tmp_path, monkeypatch):
    for folder, text in (("monolith", "a = 1\n\nb = 2\n"), ("eventdriven", "a = 1\n")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "code.py").write_text(text, encoding="utf-8")
    monkeypatch.setattr(module, "PACKAGE", tmp_path)
    slow = [a_sale(design, "slow", bill_s=s) for design in PAIR for s in (0.2, 0.3, 1)]
    others = [a_sale(design, "healthy", bill_s=9) for design in PAIR]
    table = sizes(pd.DataFrame([*slow, *others, a_sale(MODULAR, "slow", sale=False, bill_s=9)]))
    assert table.loc["milliseconds to the bill while billing is slow"].tolist() == [300, 300]
    assert table.loc["lines of code of its own"].tolist() == [2, 1]
