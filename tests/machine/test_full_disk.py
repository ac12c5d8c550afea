"""A full disk in mid-traffic: apps are told to try again, services stop, and in the end all is billed.

Each design's ledgers lie on a disk of one megabyte that fills up while sales are sent, and is emptied again;
what the apps gave up is sent once more, as people do. `-s` shows the figures.
"""

import logging
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from classroom.world.bills import bills_of
from classroom.world.company import generated_day
from classroom.world.designs import Coupled, Design, EventDriven, Monolith
from classroom.world.traffic import Answer, replay
from fiberlab.cluster import Cluster
from fiberlab.domain import SALES, Action, Company
from tests.facts import eventually
from tests.machine.small_disk import SmallDisk

pytestmark = pytest.mark.timeout(240)

ROUNDS, BILLS_BEFORE = 3, 15  # the disk fills up in each round, after so many bills
# Installers only in the coupled design: what their visit does to a customer's next bill is another story.
INSTALLER_PERCENT = {"coupled": 100, "monolith": 40, "event-driven": 40}


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with SmallDisk(tmp_path) as disk:
        yield disk


@pytest.mark.parametrize("name", INSTALLER_PERCENT)
def test_a_disk_that_fills_up_and_is_emptied_leaves_no_bill_wrong(
    name, disk, tmp_path, company, cluster, caplog, capsys
):
    day = generated_day(company, seed=7, actions=4200, installer_percent=INSTALLER_PERCENT[name])
    day = [action for action in day if action.name in SALES]
    design = start(name, company, tmp_path, cluster)
    try:
        refused, stopped = [], []
        for chunk in (day[number::ROUNDS] for number in range(ROUNDS)):
            refused += refusals_while_the_disk_fills_up(design, chunk, disk)
            stopped += start_again(design)
        sent = {answer.action_id: answer for answer in refused}
        assert replay([action for action in day if action.id in sent], design.url).failed == []
        design.settle()
        table = bills_of(design, day, company)
    finally:
        design.close()
    wrong = int((table.billed_cents != table.expected_cents).sum())
    with capsys.disabled():
        print(
            f"\n{name}: the disk was full {ROUNDS} times in {len(day)} sales, {len(refused)} answered 503, "
            f"{len(stopped)} times a service stopped; {wrong} wrong bills"
        )
    assert wrong == 0
    assert {answer.status for answer in refused} <= {503}
    assert all("database or disk is full" in reason for reason in [*stopped, *(a.reason for a in refused)])
    assert bool(stopped) != bool(refused)  # the gateway needs no disk, and a backend has no service
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []
    assert capsys.readouterr().err == ""


def start(name: str, company: Company, folder: Path, cluster: Cluster) -> Design:
    if name == "event-driven":
        return EventDriven(company, folder, cluster)
    return {"coupled": Coupled, "monolith": Monolith}[name](company, folder)


def refusals_while_the_disk_fills_up(design: Design, day: Sequence[Action], disk: SmallDisk) -> list[Answer]:
    """The apps' last answers that are no success; the disk has room again afterwards."""

    def fill_in_mid_traffic(before: int) -> None:
        eventually(lambda: len(design.charges()) >= before + BILLS_BEFORE, "the first bills")
        disk.fill()

    with ThreadPoolExecutor(1) as pool:
        filled = pool.submit(fill_in_mid_traffic, len(design.charges()))
        failed = replay(day, design.url, attempts=2).failed
        filled.result()
    eventually(lambda: done_or_stopped(design), "each service to stop, or to read all")
    disk.empty()
    return failed


def done_or_stopped(design: Design) -> bool:
    if not isinstance(design, EventDriven):
        return True
    return all(lag == 0 or design.status()[name] != "running" for name, lag in design.lag().items())


def start_again(design: Design) -> list[str]:
    """Why services stopped; they run again."""
    if not isinstance(design, EventDriven):
        return []
    stopped = {name: status for name, status in design.status().items() if status != "running"}
    for name in stopped:
        design.start(name)
    return list(stopped.values())
