"""The loop every service runs: nothing lost, nothing committed that was not handled, and it always stops."""

import os
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Self
from uuid import uuid4

import confluent_kafka
import pytest
from kafka.errors import CommitFailedError, KafkaError, KafkaTimeoutError, TopicAuthorizationFailedError

from classroom.broker.connect import connect
from classroom.world.running import Worker
from fiberlab.cluster import Cluster, TopicView
from fiberlab.domain import Action, Actor
from fiberlab.eventdriven import customer_billing, service
from fiberlab.eventdriven.dead_letters import DeadLetterError, DeadLetters, Letter, opened
from fiberlab.eventdriven.events import Event, PlanPurchased, charge, encode, happened
from fiberlab.eventdriven.redrive import redrive, to_redrive
from fiberlab.eventdriven.service import HandlerError, ReadError, Service, SetAside
from fiberlab.ledger import Ledger
from tests.facts import eventually, seconds

FETCH, OFFSET_COMMIT, OFFSET_FETCH, COORDINATOR, JOIN, HEARTBEAT, SYNC = 1, 8, 9, 10, 11, 12, 14


def events(company, number: int, accounts: int = 8, prefix: str = "e") -> list[Event]:
    """Purchases e-0, e-1, …: each account's events are apart by the number of accounts."""
    plan, at = next(iter(company.plans)), datetime(2026, 3, 2, 9, tzinfo=UTC)
    buyers = list(company.accounts.values())[:accounts]
    return [
        happened(
            Action(
                f"{prefix}-{count}",
                "purchase_plan",
                buyers[count % accounts].account_id,
                Actor("customer", buyers[count % accounts].customer_id),
                plan,
                at,
            ),
            company.plans,
        )
        for count in range(number)
    ]


def write(cluster: Cluster, topic: str, happenings: list[Event]) -> None:
    """Return once all are acknowledged."""
    with cluster.producer() as producer:
        for sent in [send(producer, topic, event) for event in happenings]:
            sent.get(timeout=10)


def send(producer, topic: str, event: Event, **where: int):
    message = encode(event)
    headers = list(message.headers.items())
    return producer.send(topic, message.value, message.key.encode(), headers=headers, **where)


class Stage:
    """A topic, a group of its own, and workers that run services on them."""

    def __init__(self, cluster: Cluster, topic: str) -> None:
        self.cluster, self.topic = cluster, topic
        self.name = f"billing-{uuid4().hex[:8]}"
        self.view = TopicView(cluster, topic)
        self.dead_letters = cluster.fresh_topic("dead-letters", 4)
        self._workers: list[Worker] = []

    def run(self, handle: Callable[[Event], None]) -> tuple[Service, Worker]:
        made = self.service(partial(self.cluster.consumer, self.topic, self.name), handle)
        worker = Worker(self.name, made.run)
        self._workers.append(worker)
        worker.start()
        return made, worker

    def service(self, connect: Callable[[], object], handle: Callable[[Event], None]) -> Service:
        return Service(self.name, connect, handle, self.letters_of(self.name))

    def letters_of(self, name: str) -> DeadLetters:
        return DeadLetters(name, self.dead_letters, self.cluster.producer)

    def letters(self) -> list[Letter]:
        """What is on the dead-letter topic."""
        with TopicView(self.cluster, self.dead_letters) as view:
            return [opened(record) for record in view.records()]

    def handled_all(self) -> None:
        eventually(lambda: self.view.lag(self.name) == 0, "the service to read the whole topic")

    def close(self) -> None:
        for worker in self._workers:
            worker.stop()
        self.view.close()
        self.cluster.delete_topic(self.dead_letters)


@contextmanager
def staged(cluster: Cluster, topic: str) -> Iterator[Stage]:
    stage = Stage(cluster, topic)
    try:
        yield stage
    finally:
        stage.close()


@pytest.fixture
def stage(cluster, topic) -> Iterator[Stage]:
    with staged(cluster, topic) as stage:
        yield stage


@pytest.fixture
def own_stage() -> Iterator[Stage]:
    """On an embedded broker of the test's own, which it may disturb."""
    with connect() as cluster:
        cluster.create_topic("news", 4)
        with staged(cluster, "news") as stage:
            yield stage


def ids(seen: list[Event]) -> list[str]:
    return [event.id for event in seen]


# Handled, in order, committed


def test_every_event_is_handled_in_order_of_its_account(stage, company):
    sent, seen = events(company, 300), []
    write(stage.cluster, stage.topic, sent)
    running, _ = stage.run(seen.append)
    stage.handled_all()
    assert sorted(ids(seen)) == sorted(ids(sent))
    for account in {event.account_id for event in sent}:
        assert [e for e in seen if e.account_id == account] == [e for e in sent if e.account_id == account]
    assert running.handled == 300
    assert running.set_aside_count == 0


def test_the_cursor_stands_behind_the_last_handled_event(stage, company):
    write(stage.cluster, stage.topic, events(company, 50))
    stage.run(lambda event: None)
    stage.handled_all()
    assert stage.view.committed(stage.name) == stage.view.ends()


def test_a_restart_goes_on_where_it_was_committed(stage, company):
    first, second, seen = events(company, 20), events(company, 20, prefix="f"), []
    write(stage.cluster, stage.topic, first)
    _, worker = stage.run(seen.append)
    stage.handled_all()
    worker.stop()
    write(stage.cluster, stage.topic, second)
    assert stage.view.lag(stage.name) == 20
    worker.start()
    stage.handled_all()
    assert Counter(ids(seen)) == Counter(ids(first + second))


def test_a_stop_in_mid_batch_commits_what_was_handled_and_no_more(stage, company):
    sent, seen, reached, go_on = events(company, 100), [], threading.Event(), threading.Event()

    def handle(event: Event) -> None:
        if len(seen) == 30:
            reached.set()
            go_on.wait(10)
        seen.append(event)

    write(stage.cluster, stage.topic, sent)
    _, worker = stage.run(handle)
    assert reached.wait(15)
    stopping = threading.Thread(target=worker.stop)
    stopping.start()
    eventually(worker._stop.is_set, "the stop to be asked for")
    go_on.set()
    stopping.join()
    assert len(seen) == 31
    assert sum(stage.view.committed(stage.name).values()) == 31
    worker.start()
    stage.handled_all()
    assert Counter(ids(seen)) == Counter(ids(sent))  # nothing lost, and here nothing repeated either


# Stopping


def test_an_idle_service_stops_promptly(stage):
    _, worker = stage.run(lambda event: None)
    eventually(lambda: stage.view.committed(stage.name) is not None, "the group to be known")
    assert seconds(worker.stop) < 5
    assert worker.status == "stopped"


def test_a_service_with_a_slow_handler_stops_promptly(stage, company):
    slow, seen = threading.Event(), []

    def handle(event: Event) -> None:
        seen.append(event)
        slow.wait(0.3)

    write(stage.cluster, stage.topic, events(company, 100))
    _, worker = stage.run(handle)
    eventually(lambda: seen, "the first event")
    assert seconds(worker.stop) < 10  # the whole topic would take 30 s
    assert worker.status == "stopped"
    assert sum(stage.view.committed(stage.name).values()) == len(seen) < 100


def test_a_service_stops_while_it_waits_for_its_group(stage):
    _, worker = stage.run(lambda event: None)
    assert seconds(worker.stop) < 5


# Rebalances


def test_a_rebalance_while_events_flow_loses_nothing(stage, company, tmp_path):
    sent, written = events(company, 400, accounts=40), threading.Event()
    seen: list[Event] = []
    with Ledger(tmp_path / "ledger.sqlite") as ledger:

        def handle(event: Event) -> None:
            seen.append(event)
            customer_billing.handle(event, ledger)

        def flow() -> None:
            with stage.cluster.producer() as producer:
                for event in sent:
                    send(producer, stage.topic, event).get(timeout=10)
                    written.wait(0.01)

        _, first = stage.run(handle)
        eventually(lambda: first.running, "the first member")
        flowing = threading.Thread(target=flow)
        flowing.start()
        eventually(lambda: len(seen) > 20, "the first events")
        second_service, second = stage.run(handle)
        eventually(lambda: second_service.handled, "the second member to get events")
        second.stop()
        flowing.join()
        stage.handled_all()
        assert first.status == "running"
        charges = ledger.charges()
    assert set(ids(seen)) == set(ids(sent))
    assert sorted(charge.id for charge in charges) == sorted(ids(sent))
    price = sent[0].plan.list_price_cents
    assert sum(charge.amount_cents for charge in charges) == 400 * price


# A broker that does not always answer


@pytest.mark.parametrize(
    ("request_type", "code"),
    [
        pytest.param(FETCH, 6, id="fetch: not the leader"),
        pytest.param(FETCH, 7, id="fetch: timed out"),
        pytest.param(OFFSET_COMMIT, 14, id="commit: coordinator loading"),
        pytest.param(OFFSET_COMMIT, 16, id="commit: not the coordinator"),
        pytest.param(OFFSET_COMMIT, 27, id="commit: rebalance in progress"),
        pytest.param(OFFSET_COMMIT, 25, id="commit: unknown member"),
        pytest.param(OFFSET_COMMIT, 28, id="commit: a code that is not tried again"),
        pytest.param(OFFSET_FETCH, 14, id="cursor: coordinator loading"),
        pytest.param(COORDINATOR, 15, id="coordinator: not available"),
        pytest.param(JOIN, 14, id="join: coordinator loading"),
        pytest.param(JOIN, 25, id="join: unknown member"),
        pytest.param(SYNC, 27, id="sync: rebalance in progress"),
        pytest.param(HEARTBEAT, 27, id="heartbeat: rebalance in progress"),
    ],
)
def test_an_error_of_the_broker_is_survived_and_nothing_is_lost(own_stage, company, request_type, code):
    sent, seen = events(company, 60), []
    write(own_stage.cluster, own_stage.topic, sent[:30])
    own_stage.cluster.broker.fail_next(request_type, code)
    _, worker = own_stage.run(seen.append)
    eventually(lambda: len(seen) >= 30, "the first events")
    if request_type in (FETCH, HEARTBEAT):  # the others had their error by now
        own_stage.cluster.broker.fail_next(request_type, code)
    with own_stage.cluster.producer() as producer:
        for event in sent[30:]:  # one by one, so that they are spread over several polls and heartbeats
            send(producer, own_stage.topic, event).get(timeout=10)
    own_stage.handled_all()
    assert worker.status == "running"
    assert set(ids(seen)) == set(ids(sent))


def test_a_failed_commit_of_the_last_events_is_made_good_without_new_ones(stage, company, monkeypatch):
    sent, seen, refused = events(company, 10), [], []
    connect_consumer = stage.cluster.consumer

    def consumer(*arguments: str):
        made = connect_consumer(*arguments)
        commit = made.commit

        def refuse_once(offsets, timeout_ms):
            if not refused:
                refused.append(offsets)
                raise KafkaError("no answer")
            return commit(offsets, timeout_ms=timeout_ms)

        made.commit = refuse_once
        return made

    running = stage.service(partial(consumer, stage.topic, stage.name), seen.append)
    write(stage.cluster, stage.topic, sent)
    worker = Worker(stage.name, running.run)
    worker.start()
    try:
        stage.handled_all()
    finally:
        worker.stop()
    assert len(refused) == 1
    assert set(ids(seen)) == set(ids(sent))
    assert any(reason.startswith("commit: ") for reason in running.broker_errors)


def test_a_commit_refused_for_a_partition_that_was_taken_away_is_no_failure(stage, company):
    class Lost:
        """A consumer that lost every partition while the batch was handled."""

        def commit(self, offsets, timeout_ms):
            raise CommitFailedError

        def seek(self, partition, offset):
            raise ValueError("Unassigned partition")

    running = stage.service(Lost, lambda event: None)
    running._commit(Lost(), {"partition": 3}, {"partition": 5})
    assert len(running.broker_errors) == 1


# A handler that raises


def test_what_a_handler_raises_is_kept_and_names_service_partition_and_offset(stage, company):
    sent, seen = events(company, 10, accounts=1), []
    write(stage.cluster, stage.topic, sent)

    def broken(event: Event) -> None:
        if event.id == "e-6":
            raise ZeroDivisionError("the tax rate")
        seen.append(event)

    _, worker = stage.run(broken)
    eventually(lambda: not worker.running, "the service to stop")
    (partition,) = {record.partition for record in stage.view.records()}
    assert isinstance(worker.error, HandlerError)
    assert isinstance(worker.error.__cause__, ZeroDivisionError)
    assert str(worker.error).startswith(f"{stage.name} stopped at partition {partition}, offset 6: ")
    assert "the tax rate" in str(worker.error)
    assert "correct the handler and start the service again" in str(worker.error)
    assert stage.view.committed(stage.name)[partition] == 6  # what came before it, and not the record itself
    assert ids(seen) == ids(sent)[:6]


def test_a_cured_handler_goes_on_with_the_record_that_stopped_it(stage, company):
    sent, seen, ill = events(company, 10, accounts=1), [], [True]
    write(stage.cluster, stage.topic, sent)

    def handle(event: Event) -> None:
        if event.id == "e-6" and ill:
            raise ZeroDivisionError
        seen.append(event)

    _, worker = stage.run(handle)
    eventually(lambda: not worker.running, "the service to stop")
    ill.clear()
    worker.start()
    stage.handled_all()
    assert worker.status == "running"
    assert ids(seen) == ids(sent)


# Records that no retry can help


FOREIGN = {
    "plain text": (b"hello", []),
    "no value": (None, []),
    "no headers": (b"{}", []),
    "a header without a value": (b"{}", [("ce_id", None)]),
    "invalid UTF-8": (b"\xff\xfe\x00", [("ce_type", b"\xff")]),
    "a JSON array": (b"[1, 2]", None),
    "a JSON number": (b"7", None),
    "half an object": (b'{"plan": ', None),
    "an object of somebody else": (b'{"temperature": 21}', None),
    "no value, our headers": (None, None),
    "a header twice": (b"{}", [("ce_id", b"1"), ("ce_id", b"2")]),
}


def test_records_that_are_no_events_are_set_aside_and_do_not_stop_the_service(stage, company):
    before, after = events(company, 2, accounts=1)
    seen: list[Event] = []
    ours = list(encode(before).headers.items())
    # Another client: kafka-python's producer refuses a header without a value, which Kafka allows.
    producer = confluent_kafka.Producer({"bootstrap.servers": stage.cluster.bootstrap_servers})
    put = partial(producer.produce, stage.topic, partition=2)
    put(value=encode(before).value, key=b"key", headers=ours)
    for value, headers in FOREIGN.values():
        put(value=value, key=b"key", headers=ours if headers is None else headers)
    put(value=encode(after).value, key=b"key", headers=list(encode(after).headers.items()))
    assert producer.flush(10) == 0
    running, worker = stage.run(seen.append)
    stage.handled_all()
    assert worker.status == "running"
    assert ids(seen) == ids([before, after])
    assert (running.handled, running.set_aside_count) == (2, len(FOREIGN))
    letters = stage.letters()
    assert [(letter.record.partition, letter.record.offset) for letter in letters] == [
        (2, offset) for offset, _ in enumerate(FOREIGN, start=1)
    ]
    assert all(letter.reason.startswith("not an event of ours (") for letter in letters)
    for letter, (value, headers) in zip(letters, FOREIGN.values(), strict=True):
        assert letter.record.value == value, letter
        assert letter.record.headers == (ours if headers is None else headers)
        assert letter.record.key == b"key"


def test_a_charge_that_conflicts_is_set_aside_and_does_not_stop_the_service(stage, company, tmp_path):
    first, second, third = events(company, 3, accounts=1)
    other = first.plan.model_copy(update={"name": "another plan"})
    clash = second.model_copy(update={"id": first.id, "plan": other})
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        with stage.cluster.producer() as producer:
            for event in (first, clash, third):
                send(producer, stage.topic, event, partition=1).get(timeout=10)
        running, worker = stage.run(partial(customer_billing.handle, ledger=ledger))
        stage.handled_all()
        assert worker.status == "running"
        price = first.plan.list_price_cents
        assert ledger.charges() == [charge(first, price), charge(third, price)]
    assert running.set_aside_count == 1
    assert isinstance(first, PlanPurchased)
    aside = running.last_set_aside
    assert isinstance(aside, SetAside)
    assert (aside.partition, aside.offset) == (1, 1)
    assert "has the id of" in aside.reason


def test_all_that_is_set_aside_is_counted_and_kept(stage):
    with stage.cluster.producer() as producer:
        for number in range(130):
            producer.send(stage.topic, str(number).encode(), partition=0)
        producer.flush(timeout=10)
    running, _ = stage.run(lambda event: None)
    stage.handled_all()
    assert running.set_aside_count == 130
    assert running.last_set_aside.offset == 129
    assert [letter.record.offset for letter in stage.letters()] == list(range(130))


class NoLetters:
    """A producer that may not write: its letters are refused when they are sent, or not acknowledged."""

    def __init__(self, refused_at: str) -> None:
        self._at = refused_at

    def partitions_for(self, topic: str) -> set[int]:
        if self._at == "asked":
            raise KafkaTimeoutError(f"no metadata of {topic!r}")
        return {0, 1, 2, 3}

    def send(self, *_: object) -> Self:
        return self

    def get(self, within_s: float) -> None:
        raise TopicAuthorizationFailedError("dead-letters")

    def close(self, timeout: float) -> None: ...


@pytest.mark.parametrize("refused_at", ["asked", "acknowledged"])
def test_a_service_stops_uncommitted_where_no_dead_letter_can_be_written(stage, company, refused_at):
    before, after = events(company, 2, accounts=1)
    seen: list[Event] = []
    with stage.cluster.producer() as producer:
        send(producer, stage.topic, before, partition=1).get(timeout=10)
        producer.send(stage.topic, b"hello", partition=1).get(timeout=10)
        send(producer, stage.topic, after, partition=1).get(timeout=10)
    connections = [lambda: NoLetters(refused_at), stage.cluster.producer]
    letters = DeadLetters(stage.name, stage.dead_letters, lambda: connections.pop(0)())
    connect = partial(stage.cluster.consumer, stage.topic, stage.name)
    running = Service(stage.name, connect, seen.append, letters)
    worker = Worker(stage.name, running.run)
    worker.start()
    eventually(lambda: not worker.running, "the service to stop")
    assert isinstance(worker.error, DeadLetterError)
    assert f"{stage.name} stopped at partition 1, offset 1, which nobody can handle" in worker.status
    assert "make the topic writable, then start the service again" in worker.status
    assert stage.view.committed(stage.name)[1] <= 1
    assert stage.letters() == []
    worker.start()
    try:
        stage.handled_all()
    finally:
        worker.stop()
    assert seen[-1] == after
    assert [letter.record.offset for letter in stage.letters()] == [1]


def test_a_redrive_moves_no_cursor_where_a_letter_cannot_be_kept_again(stage):
    with stage.cluster.producer() as producer:
        producer.send(stage.topic, b"hello", partition=1).get(timeout=10)
    stage.run(lambda event: None)
    stage.handled_all()
    refusing = DeadLetters(stage.name, stage.dead_letters, lambda: NoLetters("acknowledged"))
    reader_of_letters = partial(stage.cluster.reader, f"{stage.name}-redrive")
    with reader_of_letters() as reader, pytest.raises(DeadLetterError, match="make the topic writable"):
        redrive(stage.name, lambda event: None, reader, refusing)
    with reader_of_letters() as reader:
        assert len(to_redrive(stage.name, reader, stage.dead_letters)) == 1


# Records that the client cannot read, or cannot find any more


def produce(stage: Stage, value: bytes, partition: int = 0, headers=(), **settings: object) -> None:
    """As a foreign client does it."""
    producer = confluent_kafka.Producer({"bootstrap.servers": stage.cluster.bootstrap_servers} | settings)
    producer.produce(stage.topic, value, partition=partition, headers=list(headers))
    assert producer.flush(10) == 0


@pytest.mark.embedded  # Apache Kafka refuses a damaged batch
def test_a_record_that_the_client_cannot_read_is_set_aside_with_its_place(stage, company, monkeypatch):
    before, after = events(company, 2, accounts=1)
    seen: list[Event] = []
    with stage.cluster.producer(linger_ms=200, compression_type="gzip") as producer:
        send(producer, stage.topic, before, partition=1).get(timeout=10)
        with monkeypatch.context() as damage:
            damage.setattr("kafka.record.default_records.gzip_encode", lambda data: b"damaged")
            for _ in range(2):  # in one batch
                producer.send(stage.topic, b"foreign " * 50, partition=1)
            producer.flush()
        send(producer, stage.topic, after, partition=1).get(timeout=10)
    _, worker = stage.run(seen.append)
    stage.handled_all()
    assert worker.status == "running"
    assert ids(seen) == ids([before, after])
    letters = stage.letters()
    assert [(letter.record.partition, letter.record.offset) for letter in letters] == [(1, 1), (1, 2)]
    assert all("cannot be read" in letter.reason for letter in letters)
    assert [record.offset for record in stage.view.records()] == [0, 1, 2, 3]


def test_a_service_that_lacks_a_codec_fails_with_the_place_and_the_next_step(stage, company, monkeypatch):
    monkeypatch.setattr("kafka.codec.has_snappy", lambda: False)
    write(stage.cluster, stage.topic, events(company, 5))
    ends = stage.view.ends()
    produce(stage, b"a foreign record " * 50, **{"compression.codec": "snappy"})
    _, worker = stage.run(lambda event: None)
    eventually(lambda: not worker.running, "the service to end")
    assert isinstance(worker.error, ReadError)
    assert worker.status.startswith(f"failed: {stage.name} cannot read on: partition 0, offset {ends[0]}: ")
    assert "snappy" in worker.status
    assert "run python3 lab.py, which installs what is missing" in worker.status
    worker.stop()
    monkeypatch.undo()
    worker.start()
    stage.handled_all()
    assert worker.status == "running"


def test_an_error_that_no_retry_helps_ends_the_service_by_name(stage):
    class Refused:
        """A consumer that may not read."""

        def poll(self, **_):
            raise TopicAuthorizationFailedError("plan-events")

        def close(self, **_): ...

    worker = Worker(
        "billing", Service("billing", Refused, lambda event: None, stage.letters_of("billing")).run
    )
    worker.start()
    eventually(lambda: not worker.running, "the service to end")
    assert worker.status == (
        "failed: billing cannot read on: [Error 29] TopicAuthorizationFailedError: plan-events; "
        "correct that, then start the service again"
    )


@pytest.mark.embedded
def test_a_service_says_how_many_events_were_removed_before_it_read_them(own_stage, company):
    seen: list[Event] = []
    sent = events(company, 40, accounts=1)
    write(own_stage.cluster, own_stage.topic, sent[:10])
    running, worker = own_stage.run(seen.append)
    own_stage.handled_all()
    worker.stop()
    write(own_stage.cluster, own_stage.topic, sent[10:30])
    (partition,) = {record.partition for record in own_stage.view.records()}
    own_stage.cluster.broker.truncate(own_stage.topic, partition, 25)
    worker.start()
    own_stage.handled_all()
    assert ids(seen) == ids(sent[:10] + sent[25:30])
    assert running.standing.removed == 15
    worker.stop()
    write(own_stage.cluster, own_stage.topic, sent[30:])
    own_stage.cluster.broker.truncate(own_stage.topic, partition, 40)  # nothing is left to be read
    worker.start()
    own_stage.handled_all()
    assert running.standing.removed == 25


def test_a_service_counts_what_another_member_of_its_group_took(stage, company):
    sent, seen = events(company, 100, accounts=40), []
    write(stage.cluster, stage.topic, sent[:50])
    running, worker = stage.run(seen.append)
    stage.handled_all()
    worker.stop()
    write(stage.cluster, stage.topic, sent[50:])
    with stage.cluster.consumer(stage.topic, stage.name) as stranger:
        taken: list[object] = []

        def read() -> bool:
            taken.extend(r for records in stranger.poll(timeout_ms=400).values() for r in records)
            return len(taken) == 50

        eventually(read, "the stranger to read")
        stranger.commit()
    worker.start()
    eventually(lambda: running.standing.taken == 50, "the service to notice")
    assert running.standing.removed == 0
    assert set(ids(seen)) == set(ids(sent[:50]))


# Transactions of others


@pytest.mark.kafka
def test_what_a_transaction_took_back_is_not_handled_and_leaves_no_lag(stage, company):
    (event,), seen = events(company, 1), []
    producer = confluent_kafka.Producer(
        {"bootstrap.servers": stage.cluster.bootstrap_servers, "transactional.id": stage.name}
    )
    message = encode(event)
    put = partial(producer.produce, stage.topic, message.value, b"key", headers=list(message.headers.items()))
    producer.init_transactions()
    _, worker = stage.run(seen.append)
    producer.begin_transaction()
    put()
    producer.flush()
    assert stage.view.undecided()
    producer.abort_transaction()
    eventually(lambda: not stage.view.undecided(), "the transaction to end")
    assert sum(stage.view.ends().values()) == 2  # the event, and the marker that takes it back
    stage.handled_all()
    assert seen == []
    assert stage.view.records() == []
    producer.begin_transaction()
    put()
    producer.commit_transaction()
    eventually(lambda: sum(stage.view.ends().values()) == 4, "the second marker")
    stage.handled_all()
    assert ids(seen) == ids([event])
    assert worker.status == "running"


# No broker any more


def test_a_service_whose_broker_is_gone_ends_by_name_within_seconds(own_stage, company):
    seen: list[Event] = []
    write(own_stage.cluster, own_stage.topic, events(company, 5))
    _, worker = own_stage.run(seen.append)
    own_stage.handled_all()
    os.kill(own_stage.cluster.broker._child.pid, signal.SIGKILL)
    eventually(lambda: not worker.running, "the service to end", within_s=20)
    assert worker.status == (
        f"failed: {own_stage.name} cannot read on: "
        "the embedded broker has ended and its topics are gone; run Set-up again"
    )


def test_a_service_in_mid_batch_when_its_broker_dies_stops_promptly_when_told(own_stage, company):
    seen, reached, go_on = [], threading.Event(), threading.Event()

    def handle(event: Event) -> None:
        seen.append(event)
        reached.set()
        go_on.wait(10)

    write(own_stage.cluster, own_stage.topic, events(company, 50))
    running, worker = own_stage.run(handle)
    assert reached.wait(15)
    broker = own_stage.cluster.broker
    os.kill(broker._child.pid, signal.SIGKILL)
    eventually(lambda: not broker.alive, "the broker to die")
    go_on.set()
    eventually(lambda: running.broker_errors or len(seen) == 50, "the batch to end")
    assert seconds(worker.stop) < 10
    assert not worker.running


def test_a_service_that_finds_no_broker_says_so(own_stage):
    own_stage.cluster.close()
    _, worker = own_stage.run(lambda event: None)
    eventually(lambda: not worker.running, "the service to give up")
    assert worker.status == (
        "failed: the embedded broker has ended and its topics are gone; run Set-up again"
    )


def test_a_poll_is_far_from_the_moments_at_which_kafka_python_discards_a_join():
    """See embedded_process.JOIN_DELAY_MS: both cliffs cost a second at each start or rebalance."""
    from classroom.broker.embedded_process import JOIN_DELAY_MS

    assert service.POLL_MS >= 1.5 * JOIN_DELAY_MS
    assert abs(1000 % service.POLL_MS - service.POLL_MS / 2) <= service.POLL_MS / 4
