"""Chapter 07, to the cent: where a process dies, and who is charged wrongly then, on both brokers."""

from collections.abc import Iterator

import pandas as pd
import pytest

from classroom.chapter import Chapter, close_open_chapter
from classroom.experiments.crashes import as_simulated, calls, deaths, slow_member, totals
from classroom.experiments.gateways import APPS, GATEWAYS, dual_writes
from classroom.experiments.recordings import live_or_recorded, record, recorded
from classroom.experiments.strategies import STRATEGIES
from classroom.experiments.transactions import exactly_once

pytestmark = pytest.mark.timeout(300)  # two hundred lives

NIGHT = {
    "auto-commit, process killed": [8, 7, "$0.00", "$2,384.76"],
    "auto-commit, consumer closed": [8, 6, "$1,254.88", "$0.00"],
    "commit, then charge": [10, 6, "$1,254.88", "$0.00"],
    "charge, then commit": [10, 6, "$0.00", "$1,164.88"],
    "note the id, then charge": [16, 6, "$604.94", "$0.00"],
    "charge, then note the id": [16, 6, "$0.00", "$604.94"],
    "charge once, then commit": [10, 0, "$0.00", "$0.00"],
    "offset saved with the charge": [14, 0, "$0.00", "$0.00"],
}


@pytest.fixture(scope="module")
def chapter() -> Iterator[Chapter]:
    yield Chapter.open("07", kafka=False)
    close_open_chapter()


@pytest.fixture(scope="module")
def night(chapter: Chapter) -> pd.DataFrame:
    return deaths(chapter)


def test_every_strategy_loses_and_charges_twice_to_the_cent(night: pd.DataFrame):
    found = totals(night)
    assert list(found.index) == list(STRATEGIES)
    assert {name: list(row) for name, row in found.iterrows()} == NIGHT


def test_the_households_to_call_are_named(night: pd.DataFrame):
    least = calls(night[night.strategy == "charge, then commit"])
    assert least["charged twice"]["3 charge"] == "Emma Bauer, Quinn Rossi"
    assert least["charged twice"]["5 commit"] == ""
    assert list(least.index[least["wrong by"] == "$0.00"]) == ["1 read", "5 commit", "6 read", "10 commit"]
    most = calls(night[night.strategy == "commit, then charge"])
    assert most["never charged"]["9 charge"] == "Jonas Castillo"


def test_a_process_that_is_really_killed_leaves_what_the_simulation_leaves(
    chapter: Chapter, night: pd.DataFrame
):
    killed = deaths(chapter, "charge, then commit", killed=True)
    assert as_simulated(killed, night).to_dict() == {"charge, then commit": "10 of 10"}
    assert killed.twice.tolist() == night[night.strategy == "charge, then commit"].twice.tolist()


@pytest.mark.parametrize(("strategy", "twice"), [("charge, then commit", 3), ("charge once, then commit", 0)])
def test_a_slow_member_charges_its_batch_and_only_its_commit_is_refused(
    chapter: Chapter, strategy: str, twice: int
):
    acts, came = slow_member(chapter, strategy)
    assert acts[acts.step == "charge"].groupby("member").size().to_dict() == {"A": 3, "B": 6}
    assert acts.iloc[-1].tolist() == ["A", "refused"]
    assert len(came.twice[0]) == twice
    assert came.lost[0] == []


# Per gateway and app: cents billed but not sold, cents sold but not billed, events said twice.
DUAL = {
    "say, then save": [(40496, 0, 0), (0, 0, 8)],
    "save, then say": [(0, 40496, 0), (0, 0, 4)],
    "save, then say; a known id is answered at once": [(0, 40496, 0), (0, 40496, 0)],
    "outbox, struck out after it was said": [(0, 0, 4), (0, 0, 4)],
    "outbox, struck out before": [(0, 40496, 0), (0, 40496, 0)],
}


def test_a_gateway_that_writes_twice_loses_a_sale_or_makes_one_up(chapter: Chapter):
    sums = dual_writes(chapter).drop(columns="number").groupby(["gateway", "app"]).sum()
    found = {name: [tuple(sums.loc[(name, app)]) for app in APPS] for name in GATEWAYS}
    assert found == DUAL


@pytest.mark.kafka
def test_transactions_come_out_as_they_were_recorded(chapter: Chapter, tmp_path):
    table, where = live_or_recorded(chapter, "exactly_once", exactly_once)
    assert where == "seen live, on this Kafka"
    record("exactly_once", table, tmp_path)
    pd.testing.assert_frame_equal(recorded("exactly_once", tmp_path), recorded("exactly_once"))


@pytest.mark.embedded
def test_the_embedded_broker_is_never_asked_for_transactions(chapter: Chapter):
    table, where = live_or_recorded(chapter, "exactly_once", pytest.fail)
    assert where == "a recording of Apache Kafka 4.4.0"
    assert table.equals(recorded("exactly_once"))
