"""Both designs as running systems: started whole or not at all, honest about failures, gone when closed."""

import os
import random
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
from kafka import KafkaConsumer
from kafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from kafka.errors import KafkaError, KafkaTimeoutError

from classroom.broker.connect import connect
from classroom.broker.embedded import BrokerGoneError
from classroom.world import company as days
from classroom.world import designs
from classroom.world.designs import Coupled, EventDriven, MissedEventsError
from classroom.world.running import NoAnswerError, Worker
from classroom.world.traffic import NobodyServesError, replay
from fiberlab.clients import Consumer, NoKafkaError
from fiberlab.cluster import Cluster
from fiberlab.domain import Action, Company, expected_cents
from fiberlab.eventdriven import customer_billing, installer_billing
from fiberlab.eventdriven.service import HandlerError, ReadError
from tests.facts import answer_from, eventually, files_open, seconds

BOTH = {"customer-billing", "installer-billing"}


@pytest.fixture(scope="module")
def day(company) -> tuple[Action, ...]:
    return days.generated_day(company, seed=7, actions=200, installer_percent=30)


@pytest.fixture
def events(company, tmp_path, cluster) -> Iterator[EventDriven]:
    design = EventDriven(company, tmp_path, cluster)
    yield design
    design.close()


@pytest.fixture
def coupled(company, tmp_path) -> Iterator[Coupled]:
    design = Coupled(company, tmp_path)
    yield design
    design.close()


@pytest.fixture
def own_cluster() -> Iterator[Cluster]:
    """An embedded broker of the test's own, which it may break."""
    with connect() as cluster:
        yield cluster


def expected(day: tuple[Action, ...], company: Company) -> dict[str, int]:
    amounts = {action.id: expected_cents(action, company.plans) for action in day}
    return {id: cents for id, cents in amounts.items() if cents}


def broken_billing(ill: list[bool]) -> ModuleType:
    """Customer billing that raises as long as it is ill."""

    def handle(event, ledger) -> None:
        if ill:
            raise ZeroDivisionError("the tax rate")
        customer_billing.handle(event, ledger)

    return SimpleNamespace(GROUP="customer-billing", handle=handle)


# Billing


def test_the_coupled_design_has_billed_what_it_answered(coupled, day):
    assert replay(day, coupled.url, clients=1).failed == []
    coupled.settle()
    sales = {action.id for action in day if action.name in ("purchase_plan", "change_plan")}
    assert {charge.id for charge in coupled.charges()} == set(coupled.written_at_s()) == sales


def test_the_event_driven_design_bills_every_sale_once_and_right(events, day, company):
    assert replay(day, events.url, resend_percent=20).failed == []
    events.settle()
    assert {charge.id: charge.amount_cents for charge in events.charges()} == expected(day, company)
    assert len(events.charges()) == len(expected(day, company))
    assert set(events.written_at_s()) == set(expected(day, company))


def test_both_services_read_the_whole_topic_each_with_a_cursor_of_its_own(events, day):
    replay(day, events.url)
    events.settle()
    assert events.lag() == dict.fromkeys(BOTH, 0)
    assert events.cursors() == dict.fromkeys(BOTH, events.view.ends())
    assert {name: service.handled for name, service in events.services.items()} == dict.fromkeys(BOTH, 200)
    assert Counter(record.partition for record in events.view.records()) == {
        partition: end for partition, end in events.view.ends().items() if end
    }


def test_a_stopped_service_falls_behind_alone_and_catches_up(events, day, company):
    events.stop("installer-billing")
    assert events.status() == {"customer-billing": "running", "installer-billing": "stopped"}
    replay(day, events.url)
    events.settle()  # waits for those that run
    assert events.lag() == {"customer-billing": 0, "installer-billing": 200}
    events.start("installer-billing")
    events.settle()
    assert {charge.id: charge.amount_cents for charge in events.charges()} == expected(day, company)


def test_starting_a_running_service_and_stopping_a_stopped_one_change_nothing(events):
    events.start("customer-billing")
    events.stop("customer-billing")
    events.stop("customer-billing")
    assert events.status() == {"customer-billing": "stopped", "installer-billing": "running"}


@pytest.mark.parametrize("act", ["start", "stop", "remove"])
def test_a_service_that_does_not_exist_is_named_with_those_that_do(events, act):
    with pytest.raises(LookupError, match="'marketing'; choose one of customer-billing, installer-billing"):
        getattr(events, act)("marketing")


def test_a_service_added_later_reads_from_offset_0_and_removed_and_added_again_once_more(events, day):
    replay(day, events.url)
    events.settle()
    billing, heard = {name: events.cursors()[name] for name in BOTH}, []
    for _ in range(2):
        heard.clear()
        events.add("listener", heard.append)
        events.settle()
        assert {event.id for event in heard} == {action.id for action in day}  # some perhaps more than once
        assert events.cursors() == billing | {"listener": billing["customer-billing"]}
        events.remove("listener")
        assert set(events.services) == set(events.status()) == set(events.lag()) == BOTH


def test_two_systems_on_one_kafka_do_not_see_each_other(events, company, tmp_path, cluster, day):
    other = EventDriven(company, tmp_path, cluster)
    try:
        assert other.topic != events.topic
        replay(day[:50], other.url)
        other.settle()
        events.settle()
        assert events.charges() == []
        assert other.view.ends() != events.view.ends()
    finally:
        other.close()


# Failures


@pytest.fixture
def ill(company, tmp_path, cluster, day) -> Iterator[tuple[EventDriven, list[bool]]]:
    """A system whose customer billing has failed, and the list that makes it ill while it is not empty."""
    ill = [True]
    design = EventDriven(company, tmp_path, cluster, (broken_billing(ill), installer_billing))
    replay(day, design.url)
    eventually(lambda: design.status()["customer-billing"] != "running", "customer billing to fail")
    yield design, ill
    design.close()


def test_a_failed_service_is_seen_in_the_status_with_the_place_and_the_cause(ill):
    design, _ = ill
    status = design.status()
    assert status["installer-billing"] == "running"
    assert status["customer-billing"].startswith("failed: customer-billing stopped at partition ")
    assert "the tax rate" in status["customer-billing"]


def test_a_failed_service_is_raised_by_settle_every_time_and_seen_afterwards(ill):
    design, _ = ill
    for _ in range(2):
        with pytest.raises(HandlerError, match="the tax rate"):
            design.settle()
    assert design.status()["customer-billing"].startswith("failed: ")


def test_a_failed_service_is_raised_by_stop(ill):
    design, _ = ill
    with pytest.raises(HandlerError, match="the tax rate"):
        design.stop("customer-billing")


def test_a_failed_service_does_not_stop_the_others(ill, day, company):
    design, _ = ill
    eventually(lambda: design.lag()["installer-billing"] == 0, "installer billing to read everything")
    installers = {action.id for action in day if action.actor.kind == "installer"}
    assert {charge.id for charge in design.charges()} == installers & set(expected(day, company))


def test_a_cured_service_is_started_again_and_nothing_is_lost(ill, day, company):
    design, reasons = ill
    reasons.clear()
    design.start("customer-billing")
    design.settle()
    assert {charge.id: charge.amount_cents for charge in design.charges()} == expected(day, company)


def test_waiting_for_services_that_do_not_get_on_says_what_was_awaited(events, monkeypatch):
    monkeypatch.setattr(designs, "wait_until", impatient(designs.wait_until))
    monkeypatch.setattr(events.view, "lag", lambda group: 3)
    with pytest.raises(TimeoutError, match="the running services to read the whole topic"):
        events.settle()


def test_a_broker_that_is_busy_when_it_is_asked_is_asked_again(events, day, monkeypatch):
    replay(day, events.url)
    answers, lag = iter([KafkaTimeoutError(), NoKafkaError("it answered late")]), events.view.lag

    def busy_at_first(group: str) -> int:
        for error in answers:
            raise error
        return lag(group)

    monkeypatch.setattr(events.view, "lag", busy_at_first)
    events.settle()
    assert next(answers, None) is None
    assert set(events.lag().values()) == {0}


def test_a_broker_that_never_answers_is_the_error_in_the_end(events, monkeypatch):
    def away(group: str) -> int:
        raise NoKafkaError(f"nobody tells of {group}")

    events.settle()
    monkeypatch.setattr(designs, "SETTLED_WITHIN_S", 0.3)
    monkeypatch.setattr(events.view, "lag", away)
    with pytest.raises(NoKafkaError, match="nobody tells of"):
        events.settle()


def impatient(wait):
    return lambda fact, awaited, within_s=0, every_s=0: wait(fact, awaited, 0.05)


# Nothing is left


def test_closing_twice_is_fine_and_leaves_no_file_thread_or_topic(company, tmp_path, cluster, day):
    for warm in (Coupled(company, tmp_path), EventDriven(company, tmp_path, cluster)):
        warm.close()
    files, threads = files_open(), set(threading.enumerate())
    for design in (Coupled(company, tmp_path), EventDriven(company, tmp_path, cluster)):
        replay(day[:20], design.url)
        design.settle()
        assert files_open() > files
        design.close()
        design.close()
    with cluster.reader() as reader:
        assert design.topic not in reader.topics()
    eventually(lambda: files_open() <= files, "all files to be closed")
    eventually(lambda: set(threading.enumerate()) <= threads, "all threads to end")


def test_a_closed_system_answers_no_more(company, tmp_path):
    design = Coupled(company, tmp_path)
    design.close()
    with pytest.raises(NoAnswerError):
        answer_from(design.url)


@pytest.mark.parametrize("part", ["HttpServer", "TopicView", "SlowLedger"])
def test_a_system_that_cannot_start_whole_leaves_no_part_of_itself(
    company, tmp_path, cluster, monkeypatch, part
):
    def refuse(*_: object, **__: object) -> None:
        raise OSError(f"no {part} today")

    def ours(topics: set[str]) -> set[str]:
        return {name for name in topics if name.startswith(cluster.namespace)}

    files, threads = files_open(), set(threading.enumerate())
    with cluster.reader() as reader:
        topics = ours(reader.topics())
        monkeypatch.setattr(designs, part, refuse)
        with pytest.raises(OSError, match=f"no {part} today"):
            EventDriven(company, tmp_path, cluster)
        assert ours(reader.topics()) == topics
    eventually(lambda: files_open() <= files, "all files to be closed")
    eventually(lambda: set(threading.enumerate()) <= threads, "all threads to end")


def test_a_system_whose_broker_died_closes_promptly_without_complaint(company, tmp_path, own_cluster, day):
    design = EventDriven(company, tmp_path, own_cluster)
    replay(day[:20], design.url)
    design.settle()
    os.kill(own_cluster.broker._child.pid, signal.SIGKILL)
    eventually(lambda: not own_cluster.broker.alive, "the broker to die")
    assert seconds(design.close) < 20


def test_a_broker_that_dies_ends_the_day_and_the_services_by_name(company, tmp_path, own_cluster, day):
    design = EventDriven(company, tmp_path, own_cluster)
    killed = threading.Timer(0.5, lambda: os.kill(own_cluster.broker._child.pid, signal.SIGKILL))
    killed.start()

    def send() -> None:
        with pytest.raises(NobodyServesError, match=r"embedded broker has ended .*; run Set-up again"):
            replay(day * 20, design.url)

    try:
        assert seconds(send) < 20
        eventually(lambda: not design.running(), "the services to end")
        assert all("embedded broker has ended" in status for status in design.status().values())
        with pytest.raises(ReadError, match=r"embedded broker has ended .*; run Set-up again"):
            design.settle()
    finally:
        design.close()


@pytest.mark.embedded
def test_a_client_whose_assignor_makes_the_embedded_broker_abort_is_named(own_cluster):
    topic = own_cluster.fresh_topic("test")
    with own_cluster.consumer(topic, "billing") as first:
        first.poll(timeout_ms=2000)
        second = Consumer(
            bootstrap_servers=own_cluster.bootstrap_servers,
            api_version=(2, 3),
            group_id=own_cluster.namespace + "billing",
            partition_assignment_strategy=[RoundRobinPartitionAssignor],
        )
        second.subscribe([topic])
        eventually(lambda: gone(own_cluster, first, second), "the broker to abort")
        second.close(autocommit=False, timeout_ms=500)
        with pytest.raises(BrokerGoneError, match="a client that is not the workbook's joins"):
            own_cluster.check_alive()


def gone(cluster: Cluster, *members: KafkaConsumer) -> bool:
    with suppress(KafkaError):
        for member in members:
            member.poll(timeout_ms=100)
    return not cluster.broker.alive


# What the status says


def foreign(design: EventDriven, value: bytes) -> None:
    with design.cluster.producer() as producer:
        producer.send(design.topic, value, partition=0).get(timeout=10)


def test_the_status_counts_what_was_set_aside_and_says_why(events, day):
    replay(day[:20], events.url)
    foreign(events, b"\x00Avro")
    events.settle()
    for state in events.status().values():
        assert state.startswith("running; set aside 1, the last at partition 0, offset ")
    assert events.running() == BOTH


def test_a_stranger_in_a_group_is_told_and_what_it_took_is_counted(events, day):
    name = "customer-billing"
    eventually(lambda: events.services[name].standing.owned == 4, "the service to have its partitions")
    stranger = Worker("stranger", partial(read_and_commit, events, events.group(name)))
    stranger.start()
    eventually(lambda: events.services[name].standing.owned == 2, "the stranger to join")
    assert "its group has 1 more" in events.status()[name]
    assert "reads 2 of 4 partitions" in events.status()[name]
    assert events.status()["installer-billing"] == "running"
    replay(day, events.url)
    with pytest.raises(MissedEventsError, match=f"{name}: its group has 1 more, .* run Set-up again"):
        events.settle()
    eventually(lambda: events.lag()[name] == 0, "the stranger to read on")
    stranger.stop()
    eventually(lambda: events.services[name].standing.owned == 4, "the stranger's partitions")
    with pytest.raises(MissedEventsError, match=f"{name} missed .* another member of its group has taken"):
        events.settle()
    assert "1 more" not in events.status()[name]


def read_and_commit(design: EventDriven, group: str, stop: threading.Event) -> None:
    with design.cluster.consumer(design.topic, group) as consumer:
        while not stop.is_set():
            with suppress(KafkaError):
                consumer.poll(timeout_ms=300)
                consumer.commit(timeout_ms=2000)


def test_a_stranger_who_reads_while_the_service_is_stopped_is_told(events, day):
    events.stop("customer-billing")
    stranger = Worker("stranger", partial(read_and_commit, events, events.group("customer-billing")))
    stranger.start()
    replay(day[:50], events.url)
    eventually(lambda: events.lag()["customer-billing"] == 0, "the stranger to read")
    assert events.status()["customer-billing"].startswith("stopped; its group has 1 more")
    stranger.stop()
    assert events.status()["customer-billing"] == "stopped"
    events.start("customer-billing")
    eventually(lambda: "missed" in events.states()["customer-billing"], "the service to notice")


@pytest.mark.embedded
def test_bills_that_a_full_partition_has_lost_are_told_when_it_settles(company, tmp_path, own_cluster, day):
    design = EventDriven(company, tmp_path, own_cluster)
    try:
        design.stop("customer-billing")
        replay(day, design.url)
        with own_cluster.producer(linger_ms=0) as producer:
            for number in range(28):
                value = random.Random(number).randbytes(900_000)
                producer.send(design.topic, value, partition=number % 4).get(timeout=10)
        design.start("customer-billing")
        with pytest.raises(MissedEventsError, match=r"customer-billing missed \d+ of its events: the broker"):
            design.settle()
        assert "missed" in design.status()["customer-billing"]
    finally:
        design.close()


def test_ledgers_are_files_of_the_folder_and_one_per_service(events, tmp_path: Path):
    names = {path.name.split("-fiberlab.")[0] for path in tmp_path.glob("*.sqlite")}
    assert names == BOTH
