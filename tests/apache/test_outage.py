"""A broker stops in mid-traffic: what the gateway accepted is billed exactly once, come what may.

On Apache Kafka of its own, which is stopped and started again; `-s` shows the figures.
"""

import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pytest

from classroom.broker.connect import connect
from classroom.chapter import Chapter
from classroom.experiments import outage
from classroom.experiments.recordings import recorded
from classroom.world import traffic
from classroom.world.bills import bills_of
from classroom.world.company import shipped_day
from classroom.world.designs import EventDriven
from classroom.world.traffic import Replay, replay
from fiberlab.api import body
from fiberlab.cluster import Cluster
from fiberlab.domain import Action, expected_cents
from fiberlab.eventdriven.gateway import ACKNOWLEDGED_WITHIN_S
from tests.apache_kafka.apache_kafka import ApacheKafka
from tests.facts import answer_from, eventually
from tests.service_process import ServiceProcess, new_system

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(240)]

MID_TRAFFIC = 60  # bills written; the day goes on
OUTAGE_S = ACKNOWLEDGED_WITHIN_S + 2  # longer than the gateway waits: apps get errors

ONE = pytest.mark.parametrize("brokers", [None], indirect=True, ids=["one broker"])
THREE = pytest.mark.parametrize("brokers", ["cluster"], indirect=True, ids=["three brokers"])


class Day:
    """The shipped day, sent in the background by apps that try each action this often."""

    def __init__(self, url: str, actions: Sequence[Action], attempts: int = traffic.ATTEMPTS) -> None:
        self._url, self._actions, self._attempts = url, actions, attempts
        self._thread = threading.Thread(target=self._send)
        self._thread.start()

    def _send(self) -> None:
        self._replay = replay(self._actions, self._url, attempts=self._attempts)

    def sent(self) -> Replay:
        """Every action's last answer."""
        self._thread.join()
        return self._replay


@dataclass(frozen=True)
class Figures:
    """What an outage did. delivered_twice counts events that are more than once in the topic."""

    accepted: int
    failed: int
    retried_and_accepted: int
    billed: int
    delivered_twice: int
    slowest_answer_s: float

    def __str__(self) -> str:
        return ", ".join(f"{value:,.4g} {name.replace('_', ' ')}" for name, value in vars(self).items())


@pytest.fixture(scope="module")
def brokers(request) -> Iterator[ApacheKafka]:
    with ApacheKafka(request.param) as kafka:
        yield kafka


@pytest.fixture
def kafka(brokers) -> Iterator[ApacheKafka]:
    """All brokers of one profile, which run again for the next test."""
    yield brokers
    if stopped := [node for node, broker in brokers.brokers.items() if not broker.running]:
        brokers.start(*stopped)


@pytest.fixture
def cluster(kafka) -> Iterator[Cluster]:
    with connect(kafka.bootstrap_servers) as cluster:
        yield cluster


@pytest.fixture
def design(company, tmp_path, cluster) -> Iterator[EventDriven]:
    design = EventDriven(company, tmp_path, cluster)
    yield design
    design.close()


def wait_for_mid_traffic(design: EventDriven) -> None:
    eventually(lambda: len(design.charges()) >= MID_TRAFFIC, "the day to be in full swing")


def times_in_topic(design: EventDriven) -> Counter[str]:
    """How often each action's event is in the topic."""
    return Counter(dict(record.headers)["ce_id"].decode() for record in design.view.records())


@ONE
@pytest.mark.parametrize("killed", [False, True], ids=["stopped", "killed"])
def test_what_was_accepted_is_billed_once_and_the_rest_can_be_retried(kafka, design, company, killed):
    day = shipped_day()
    running = Day(design.url, day, attempts=1)  # apps that do not try again by themselves
    wait_for_mid_traffic(design)
    kafka.stop(1, kill=killed)
    time.sleep(OUTAGE_S)
    kafka.start(1)
    first = running.sent()
    accepted = {answer.action_id for answer in first.answers} - {answer.action_id for answer in first.failed}
    stored_before = times_in_topic(design)
    assert first.failed, "the outage was too short to be noticed"
    assert {answer.status for answer in first.failed} == {503}
    assert all("retry with the same id" in answer.reason for answer in first.failed)
    assert accepted <= set(stored_before)

    failed = {answer.action_id for answer in first.failed}
    second = replay([action for action in day if action.id in failed], design.url)
    assert second.failed == []
    assert_each_is_billed_once(design, company, day)
    report(design, first, len(second.answers))


@THREE
@pytest.mark.parametrize("killed", [False, True], ids=["stopped", "killed"])
def test_with_three_brokers_the_traffic_goes_on_without_one(kafka, cluster, design, company, killed):
    day = shipped_day()
    running = Day(design.url, day, attempts=1)  # no app has to try again
    wait_for_mid_traffic(design)
    kafka.stop(kafka.leader(design.topic), kill=killed)
    sent = running.sent()
    assert sent.failed == []
    assert_each_is_billed_once(design, company, day)
    report(design, sent, retried=0)


@THREE
def test_apps_see_the_end_of_one_broker_as_it_was_recorded(kafka):
    chapter = Chapter.open("test", {"KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap_servers})
    try:
        seen = outage.one_of_three(chapter, kafka)
    finally:
        chapter.close()
    for answers in (seen, recorded("one_of_three")):
        found = outage.outages(answers)
        assert found.requests.eq(outage.ACTIONS).all()
        assert found[["failed", "lost"]].eq(0).all(axis=None)
        assert found.slowest_s[outage.KILLED] > outage.MISSED_AFTER_S
        assert found.slowest_s[outage.SHUT_DOWN] < found.slowest_s[outage.KILLED]


@ONE
def test_processes_outlive_an_outage_and_the_gateway_tells_of_it(kafka, cluster, company, tmp_path):
    system, ledger = new_system(cluster), tmp_path / "ledger.sqlite"
    sale = next(a for a in shipped_day() if a.actor.kind == "customer" and expected_cents(a, company.plans))
    with (
        ServiceProcess(system, tmp_path / "gateway.log", "gateway", "--port", 0) as gateway,
        ServiceProcess(system, tmp_path / "billing.log", "customer-billing", "--ledger", ledger) as billing,
    ):
        url = gateway.wait_for("ready")[0].partition(";")[0]
        billing.wait_for("ready")
        kafka.stop(1)
        told = answer_from(f"{url}/health")
        assert (told.status_code, "does not answer" in told.json()["detail"]) == (503, True)
        kafka.start(1)
        eventually(lambda: answer_from(f"{url}/health").status_code == 200, "the gateway to be well again")
        assert answer_from(f"{url}/actions", "POST", json=body(sale)).status_code == 202
        assert billing.wait_for("billed")[0].startswith(f"{sale.id}: ")
        assert (gateway.end(signal.SIGTERM), billing.end(signal.SIGTERM)) == (0, 0)


def assert_each_is_billed_once(design: EventDriven, company, day: Sequence[Action]) -> None:
    design.settle()
    assert set(design.status().values()) == {"running"}
    charged = Counter(charge.id for charge in design.charges())
    assert set(charged.values()) == {1}
    table = bills_of(design, day, company)
    assert (table.billed_cents == table.expected_cents).all()
    assert set(times_in_topic(design)) == {action.id for action in day}


def report(design: EventDriven, sent: Replay, retried: int) -> None:
    figures = Figures(
        len(sent.answers) - len(sent.failed),
        len(sent.failed),
        retried,
        len(design.charges()),
        sum(times > 1 for times in times_in_topic(design).values()),
        max(answer.answer_s for answer in sent.answers),
    )
    print(f"\n{figures}")
