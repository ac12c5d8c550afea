"""The broker contract: what the workbook relies on, from the embedded broker and from Apache Kafka alike."""

import http.server
import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from unittest.mock import Mock
from uuid import uuid4

import pytest
from kafka import KafkaConsumer, TopicPartition
from kafka.consumer.fetcher import ConsumerRecord

from classroom.broker import connect as connect_module
from classroom.broker import real as broker_module
from classroom.broker.connect import connect
from classroom.broker.settings import Settings, SettingsError
from fiberlab import clients
from fiberlab import cluster as cluster_module
from fiberlab.clients import Consumer, NoKafkaError, answered
from fiberlab.cluster import Cluster, TopicView
from tests.facts import eventually, files_open, seconds


def new_group() -> str:
    return f"group-{uuid4().hex}"


def write(cluster: Cluster, topic: str, *pairs: tuple[str, str]) -> None:
    """Return once a record of every (key, text) is acknowledged."""
    with cluster.producer() as producer:
        for sent in [producer.send(topic, text.encode(), key.encode()) for key, text in pairs]:
            sent.get(timeout=10)


def read(consumer: KafkaConsumer, number: int) -> list[ConsumerRecord]:
    """This many records, or more."""
    found: list[ConsumerRecord] = []

    def enough() -> bool:
        for records in consumer.poll(timeout_ms=400).values():
            found.extend(records)
        return len(found) >= number

    eventually(enough, f"{number} records")
    return found


def texts(records: list[ConsumerRecord]) -> list[str]:
    return [record.value.decode() for record in records]


# Records and partitions


def test_a_record_arrives_with_its_key_headers_and_value(cluster, topic):
    with cluster.producer() as producer:
        headers = [("type", b"greeting"), ("empty", b"")]
        producer.send(topic, b"value", b"key", headers=headers).get(timeout=10)
    with TopicView(cluster, topic) as view:
        (record,) = view.records()
    assert (record.key, record.value) == (b"key", b"value")
    assert list(record.headers) == [("type", b"greeting"), ("empty", b"")]


def test_a_record_may_have_no_value_or_no_key(cluster, topic):
    with cluster.producer() as producer:
        producer.send(topic, None, b"key", partition=0).get(timeout=10)
        producer.send(topic, b"value", partition=0).get(timeout=10)
    with TopicView(cluster, topic) as view:
        assert [(record.key, record.value) for record in view.records()] == [(b"key", None), (None, b"value")]


def test_records_with_the_same_key_are_in_one_partition_in_the_order_sent(cluster, topic):
    pairs = [(f"A-{number % 10}", str(number)) for number in range(100)]
    write(cluster, topic, *pairs)
    with TopicView(cluster, topic) as view:
        records = view.records()
    assert len(records) == 100
    for key in {key for key, _ in pairs}:
        mine = [record for record in records if record.key == key.encode()]
        assert len({record.partition for record in mine}) == 1
        assert texts(mine) == [text for of, text in pairs if of == key]
    assert len({record.partition for record in records}) > 1


def test_offsets_count_from_zero_in_each_partition(cluster, topic):
    with cluster.producer() as producer:
        for partition in (0, 0, 0, 2):
            producer.send(topic, b"x", partition=partition).get(timeout=10)
    with TopicView(cluster, topic) as view:
        assert [(record.partition, record.offset) for record in view.records()] == [
            (0, 0),
            (0, 1),
            (0, 2),
            (2, 0),
        ]
        assert view.ends() == {0: 3, 1: 0, 2: 1, 3: 0}


# Groups and cursors


def test_two_groups_each_get_every_record(cluster, topic):
    write(cluster, topic, *[(f"A-{number}", str(number)) for number in range(20)])
    for _ in range(2):
        with closing_consumer(cluster, topic, new_group()) as consumer:
            assert sorted(texts(read(consumer, 20)), key=int) == [str(number) for number in range(20)]


def test_the_committed_offset_is_the_one_of_the_next_record(cluster, topic):
    write(cluster, topic, ("A", "first"), ("A", "second"))
    group = new_group()
    with closing_consumer(cluster, topic, group) as consumer:
        (partition,) = {record.partition for record in read(consumer, 2)}
        consumer.commit()
    with TopicView(cluster, topic) as view:
        assert view.committed(group)[partition] == 2
        assert view.lag(group) == 0
    write(cluster, topic, ("A", "third"))
    with closing_consumer(cluster, topic, group) as consumer:
        assert texts(read(consumer, 1)) == ["third"]


def test_what_is_not_committed_comes_again(cluster, topic):
    write(cluster, topic, ("A", "first"))
    group = new_group()
    for _ in range(2):
        with closing_consumer(cluster, topic, group) as consumer:
            assert texts(read(consumer, 1)) == ["first"]
    with TopicView(cluster, topic) as view:
        assert view.lag(group) == 1


def test_a_late_group_that_asks_for_the_earliest_gets_everything(cluster, topic):
    write(cluster, topic, ("A", "old"))
    with closing_consumer(cluster, topic, new_group(), auto_offset_reset="earliest") as consumer:
        assert texts(read(consumer, 1)) == ["old"]


def test_a_late_group_that_asks_for_the_latest_gets_only_what_is_new(cluster, topic):
    write(cluster, topic, ("A", "old"))
    with closing_consumer(cluster, topic, new_group(), auto_offset_reset="latest") as consumer:

        def placed() -> bool:
            consumer.poll(timeout_ms=400)
            owned = consumer.assignment()
            return bool(owned) and all(consumer.position(partition) is not None for partition in owned)

        eventually(placed, "the consumer to have its places")
        write(cluster, topic, ("A", "new"))
        assert texts(read(consumer, 1)) == ["new"]


def closing_consumer(cluster: Cluster, topic: str, group: str, **settings: object) -> closing[KafkaConsumer]:
    """A member that leaves its group at the end of the block."""
    return closing(cluster.consumer(topic, group, **settings))


class Member:
    """A group member that polls in a thread of its own and notes what it owns and what it got."""

    def __init__(self, cluster: Cluster, topic: str, group: str) -> None:
        self.owns: set[int] = set()
        self.got: list[str] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(cluster, topic, group))
        self._thread.start()

    def _run(self, cluster: Cluster, topic: str, group: str) -> None:
        with closing_consumer(cluster, topic, group) as consumer:
            while not self._stop.is_set():
                for records in consumer.poll(timeout_ms=400).values():
                    self.got += texts(records)
                self.owns = {partition.partition for partition in consumer.assignment()}

    def leave(self) -> None:
        self._stop.set()
        self._thread.join()


def test_a_second_member_takes_a_share_and_gives_it_back_when_it_leaves(cluster, topic):
    group, everything = new_group(), {0, 1, 2, 3}
    first = Member(cluster, topic, group)
    try:
        eventually(lambda: first.owns == everything, "the only member to own everything")
        second = Member(cluster, topic, group)
        try:
            eventually(
                lambda: (
                    first.owns | second.owns == everything
                    and not first.owns & second.owns
                    and first.owns
                    and second.owns
                ),
                "two members to share the partitions",
                within_s=30,
            )
            write(cluster, topic, *[(f"A-{number}", str(number)) for number in range(40)])
            eventually(lambda: len(set(first.got + second.got)) == 40, "40 records to be read between them")
            assert first.got
            assert second.got
        finally:
            second.leave()
        eventually(lambda: first.owns == everything, "the last member to own everything")
    finally:
        first.leave()


# Who listens


def commit_one(cluster: Cluster, topic: str, group: str) -> None:
    """The group reads a record, commits and leaves."""
    with closing_consumer(cluster, topic, group) as consumer:
        read(consumer, 1)
        consumer.commit()


def test_the_broker_tells_which_groups_read_a_topic_and_how_many_members_each_has(cluster, topic):
    write(cluster, topic, ("A", "first"))
    gone, here, silent = new_group(), new_group(), new_group()
    assert cluster.groups(topic) == {}
    commit_one(cluster, topic, gone)
    with (
        closing_consumer(cluster, topic, silent) as uncommitted,
        closing_consumer(cluster, topic, here) as consumer,
    ):
        read(uncommitted, 1)
        read(consumer, 1)
        consumer.commit()
        assert cluster.groups(topic) == {gone: 0, here: 1}
    eventually(lambda: cluster.groups(topic) == {gone: 0, here: 0}, "both members to have left")


def test_a_groups_second_member_is_counted(cluster, topic):
    write(cluster, topic, ("A", "first"))
    group = new_group()
    commit_one(cluster, topic, group)
    members = [Member(cluster, topic, group) for _ in range(2)]
    try:
        eventually(lambda: cluster.groups(topic) == {group: 2}, "two members")
    finally:
        for member in members:
            member.leave()


def test_a_group_that_reads_another_topic_or_is_anothers_is_not_told(cluster, topic):
    other = cluster.fresh_topic("other", 1)
    for name in (topic, other):
        write(cluster, name, ("A", "first"))
        commit_one(cluster, name, f"reader-of-{name}")
    assert list(cluster.groups(topic)) == [f"reader-of-{topic}"]
    stranger = replace(cluster, namespace=f"{cluster.namespace}stranger.")
    assert stranger.groups(topic) == {}
    cluster.delete_topic(other)


# Looking without touching


def test_looking_at_a_topic_moves_no_cursor_and_disturbs_no_member(cluster, topic):
    write(cluster, topic, ("A", "first"), ("B", "second"))
    group = new_group()
    with closing_consumer(cluster, topic, group) as consumer, TopicView(cluster, topic) as view:
        read(consumer, 2)
        consumer.commit()
        generation = consumer.group_metadata().generation_id
        for _ in range(3):
            assert len(view.records()) == 2
            assert sum(view.committed(group).values()) == 2
            assert view.lag(group) == 0
            consumer.poll(timeout_ms=200)
        write(cluster, topic, ("A", "third"))
        assert view.lag(group) == 1
        assert texts(read(consumer, 1)) == ["third"]
        assert consumer.group_metadata().generation_id == generation


def test_a_group_that_never_committed_has_everything_before_it(cluster, topic):
    write(cluster, topic, ("A", "first"))
    with TopicView(cluster, topic) as view:
        group = new_group()
        assert view.committed(group) == {0: 0, 1: 0, 2: 0, 3: 0}
        assert view.lag(group) == 1


def test_an_empty_topic_has_no_records(cluster, topic):
    with TopicView(cluster, topic) as view:
        assert view.records() == []


def test_a_topic_that_is_not_there_is_named(cluster):
    with TopicView(cluster, "no-such-topic") as view, pytest.raises(LookupError, match="'no-such-topic'"):
        view.ends()
    with cluster.reader() as reader:
        assert "no-such-topic" not in reader.topics()  # looking did not create it


def test_a_view_closes_twice_and_leaves_no_connection(cluster, topic):
    files = files_open()
    view = TopicView(cluster, topic)
    view.records()
    view.lag(new_group())
    assert files_open() > files
    view.close()
    view.close()
    assert files_open() <= files


def test_a_deleted_topic_is_no_longer_listed(cluster):
    name = f"test-{uuid4().hex}"
    cluster.create_topic(name, 1)
    with cluster.reader() as reader:
        eventually(lambda: name in reader.topics(), "the topic to be listed")
        cluster.delete_topic(name)
        eventually(lambda: name not in reader.topics(), "the topic to be gone")


# Settings


@pytest.fixture
def real(monkeypatch) -> Cluster:
    """What connect() makes of an address at which a real Kafka answered."""
    monkeypatch.setattr(connect_module, "diagnose", lambda settings: None)
    return connect("kafka-1.example:9092,kafka-2.example:9093")


class Recorded(Exception):
    """What a client would have been made with."""


def settings_of(monkeypatch, module: object, kind: str, make) -> dict[str, object]:
    def record(*_: object, **settings: object) -> None:
        raise Recorded(settings)

    monkeypatch.setattr(module, kind, record)
    with pytest.raises(Recorded) as recorded:
        make()
    return recorded.value.args[0]


ONLY_EMBEDDED = {
    "api_version",
    "session_timeout_ms",
    "heartbeat_interval_ms",
    "partition_assignment_strategy",
    "check_crcs",
}
CLIENTS = {
    "producer": (cluster_module, "Producer", lambda cluster: cluster.producer()),
    "consumer": (cluster_module, "Consumer", lambda cluster: cluster.consumer("news", "group")),
    "reader": (cluster_module, "Consumer", lambda cluster: cluster.reader("group")),
    "create_topic": (broker_module, "Admin", lambda cluster: cluster.create_topic("news")),
    "delete_topic": (broker_module, "Admin", lambda cluster: cluster.delete_topic("news")),
    "groups": (broker_module, "Admin", lambda cluster: cluster.groups("news")),
}


@pytest.mark.parametrize("client", CLIENTS)
def test_a_real_kafka_never_gets_what_only_the_embedded_broker_needs(real, monkeypatch, client):
    module, kind, make = CLIENTS[client]
    settings = settings_of(monkeypatch, module, kind, lambda: make(real))
    assert settings["bootstrap_servers"] == ["kafka-1.example:9092", "kafka-2.example:9093"]
    assert not ONLY_EMBEDDED & set(settings)


def test_the_embedded_broker_gets_them_and_each_client_only_its_own(monkeypatch):
    with connect() as embedded:
        consumer = settings_of(
            monkeypatch, cluster_module, "Consumer", lambda: embedded.consumer("news", "group")
        )
        producer = settings_of(monkeypatch, cluster_module, "Producer", embedded.producer)
    assert set(consumer) >= ONLY_EMBEDDED
    assert consumer["api_version"] == producer["api_version"] == (2, 3)
    assert "session_timeout_ms" not in producer


def test_the_address_says_which_kafka_it_is(real):
    assert real.description == "Kafka at kafka-1.example:9092,kafka-2.example:9093"
    assert real.broker.isolates


# No answer


@pytest.fixture
def silent() -> Iterator[str]:
    """The address of a listener that never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"127.0.0.1:{listener.getsockname()[1]}"


@pytest.fixture
def refused() -> str:
    """The address of a port that was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"127.0.0.1:{listener.getsockname()[1]}"


@pytest.fixture
def web() -> Iterator[str]:
    """The address of an HTTP server."""

    class Quiet(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            return

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


def assert_no_kafka(address: str) -> None:
    threads = set(threading.enumerate())
    error: list[NoKafkaError] = []

    def ask() -> None:
        with pytest.raises(NoKafkaError) as caught:
            connect(address)
        error.append(caught.value)

    assert seconds(ask) < clients.ANSWER_WITHIN_S + 5
    assert f"{address!r}" in str(error[0])
    assert "start it, correct KAFKA_BOOTSTRAP_SERVERS, or unset it" in str(error[0])
    eventually(lambda: set(threading.enumerate()) <= threads, "the client's threads to end")


def test_nobody_at_the_port_is_said_in_time(refused):
    assert_no_kafka(refused)


@pytest.fixture
def hurried(monkeypatch) -> None:
    """One second is enough to see how it ends; the test above waits the full time."""
    monkeypatch.setattr(clients, "ANSWER_WITHIN_S", 1)


@pytest.mark.usefixtures("hurried")
def test_a_listener_that_never_answers_is_said_in_time(silent):
    assert_no_kafka(silent)


@pytest.mark.usefixtures("hurried")
def test_a_host_that_does_not_exist_is_said():
    assert_no_kafka("no-such-host.invalid:9092")


@pytest.mark.parametrize(
    "address",
    ["garbage", " ", ",", "127.0.0.1:abc", "127.0.0.1:99999", "a:0", "a:1,", "http://a:1", "::1:1"],
)
def test_an_address_that_cannot_be_is_said_at_once(address):
    with pytest.raises(SettingsError, match=r"write 'host:port' .*or unset it") as caught:
        connect(address)
    assert f"{address!r}" in str(caught.value)


@pytest.mark.parametrize("address", ["kafka:9092", "127.0.0.1:9092,b:9093", "[::1]:9092", "a.b-c.d:1"])
def test_an_address_that_can_be_is_tried(address):
    assert Settings(address=address).address == address


@pytest.mark.usefixtures("hurried")
def test_a_web_server_is_no_kafka(web):
    assert_no_kafka(web)


@pytest.mark.usefixtures("hurried")
def test_an_interrupt_while_waiting_leaves_no_thread(silent, monkeypatch):
    threads = set(threading.enumerate())

    def interrupted(self: KafkaConsumer) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(KafkaConsumer, "topics", interrupted)
    with pytest.raises(KeyboardInterrupt):
        answered(lambda: Consumer(bootstrap_servers=silent, api_version=(2, 3)), silent)
    assert set(threading.enumerate()) <= threads


def test_a_kafka_that_falls_silent_leaves_no_thread_of_a_new_consumer(silent):
    threads = set(threading.enumerate())
    settings = {"bootstrap_servers": silent, "bootstrap_timeout_ms": 500}
    with pytest.raises(NoKafkaError, match="no Kafka answered"):
        answered(lambda: Consumer(**settings), silent)
    eventually(lambda: set(threading.enumerate()) <= threads, "the client's threads to end")


def test_topics_that_come_while_the_watchdog_closes_are_too_late(monkeypatch):
    monkeypatch.setattr(clients, "ANSWER_WITHIN_S", 0.05)
    closed = threading.Event()
    consumer = Mock(topics=lambda: closed.wait(10), close=lambda **_: closed.set())
    with pytest.raises(NoKafkaError, match="no Kafka answered"):
        answered(lambda: consumer, "127.0.0.1:9092")


@pytest.mark.kafka
def test_the_kafka_that_answers_is_used_as_it_is(cluster, topic):
    address = cluster.bootstrap_servers
    with connect(address) as same:
        assert (same.bootstrap_servers, same.broker.isolates, same.client_settings) == (address, True, {})
        assert same.consumer_settings == {}
    with cluster.reader() as reader:  # closing the second one ended nothing
        assert reader.end_offsets([TopicPartition(topic, 0)]) == {TopicPartition(topic, 0): 0}
