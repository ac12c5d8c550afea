"""Thirty learners at once on one Kafka: each one's bills are right, and nobody sees another's events."""

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from classroom.broker import settings as environment
from classroom.broker.connect import connect
from classroom.broker.settings import Settings
from classroom.world import company as days
from classroom.world.bills import bills_of
from classroom.world.designs import EventDriven
from classroom.world.traffic import replay
from fiberlab.domain import Company

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(280)]

LEARNERS = 30
ACTIONS = 60


@dataclass(frozen=True)
class Outcome:
    """What one learner has at the end of the day. bills: how many there should be."""

    accepted: int
    wrong_bills: int
    bills: int
    events: int
    foreign_events: int


ONE_COMES_IN = threading.Lock()  # thirty kernels start on thirty computers, not in one Python at once


def learn(number: int, company: Company, folder: Path, all_ready: threading.Barrier) -> Outcome:
    """Chapter 05's traffic of a learner's own: another day, another name, on the Kafka that all share."""
    name = f"learner-{number:02}"
    day = days.generated_day(company, number, ACTIONS)
    folder = folder / name
    folder.mkdir()
    settings = Settings(environment.read(os.environ).address, learner=name)
    with ONE_COMES_IN:
        cluster = connect(settings)
        design = EventDriven(company, folder, cluster)
    with cluster, closing(design):
        all_ready.wait(120)
        sent = replay(day, design.url, clients=2)
        design.settle()
        table = bills_of(design, day, company)
        ids = [dict(record.headers)["ce_id"].decode() for record in design.view.records()]
        foreign = set(ids) - {action.id for action in day}
        accepted = len(sent.answers) - len(sent.failed)
        wrong, right = (table.billed_cents != table.expected_cents).sum(), (table.expected_cents != 0).sum()
        return Outcome(accepted, wrong, right, len(ids), len(foreign))


def test_thirty_learners_share_a_kafka_and_every_ledger_equals_its_oracle(company, tmp_path):
    all_ready = threading.Barrier(LEARNERS)
    started_s = time.monotonic()
    with ThreadPoolExecutor(LEARNERS, "learner") as room:
        outcomes = list(room.map(lambda n: learn(n, company, tmp_path, all_ready), range(1, LEARNERS + 1)))
    print(f"\n{LEARNERS} learners, {sum(o.accepted for o in outcomes):,} actions accepted, ", end="")
    print(f"{sum(o.bills for o in outcomes):,} bills, {time.monotonic() - started_s:.0f} s")
    assert [o.accepted for o in outcomes] == [ACTIONS] * LEARNERS
    assert [o.wrong_bills for o in outcomes] == [0] * LEARNERS
    assert [o.foreign_events for o in outcomes] == [0] * LEARNERS
    assert all(o.events >= ACTIONS for o in outcomes)
    assert all(o.bills for o in outcomes)
