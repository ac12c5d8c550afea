"""The embedded broker: what only it can do, and that it never outlives its owner."""

import importlib.machinery
import importlib.util
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path

import pytest
from kafka import KafkaConsumer, TopicPartition
from kafka.coordinator.assignors.range import RangePartitionAssignor
from kafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from kafka.errors import KafkaError

import fiberlab
from classroom.broker import embedded, embedded_process
from classroom.broker import embedded_process as librdkafka
from classroom.broker.connect import connect
from classroom.broker.embedded import BrokerGoneError, EmbeddedBroker
from classroom.broker.embedded_process import LibraryError
from fiberlab.cluster import Cluster, TopicView
from tests.facts import children, eventually, files_open, interrupt, is_gone, seconds

pytestmark = pytest.mark.embedded

ROOT = Path(fiberlab.__file__).parents[1]
PRODUCE = 0


@pytest.fixture
def own() -> Iterator[Cluster]:
    """An embedded broker of this test's own, which the test may break."""
    with connect() as cluster:
        yield cluster


def pid(broker: EmbeddedBroker) -> int:
    return broker._child.pid


def send(cluster: Cluster, topic: str, *values: bytes, partition: int = 0) -> None:
    with cluster.producer() as producer:
        for value in values:
            producer.send(topic, value, partition=partition).get(timeout=5)


def values(cluster: Cluster, topic: str) -> list[bytes]:
    with TopicView(cluster, topic) as view:
        return [record.value for record in view.records()]


def test_it_is_up_with_three_brokers_of_this_machine(own):
    addresses = own.bootstrap_servers.split(",")
    assert own.broker.alive
    assert len(addresses) == 3
    assert {address.rpartition(":")[0] for address in addresses} == {"127.0.0.1"}


def test_a_topic_has_the_partitions_asked_for_and_starts_empty(own):
    own.create_topic("news", 5)
    with TopicView(own, "news") as view:
        assert view.ends() == dict.fromkeys(range(5), 0)


def test_a_topic_cannot_be_created_twice(own):
    own.create_topic("news", 1)
    with pytest.raises(ValueError, match=r"topic_create.*'news'.*Kafka error 36"):
        own.create_topic("news", 1)


def test_a_senseless_call_is_refused_and_the_broker_lives_on(own):
    with pytest.raises(ValueError, match="broker_set_rtt"):
        own.broker.delay(0.5)
    own.create_topic("news", 1)


def test_a_deleted_topic_and_its_records_are_gone(own):
    own.create_topic("news", 1)
    send(own, "news", b"old")
    own.delete_topic("news")
    own.create_topic("news", 1)
    assert values(own, "news") == []


def test_truncating_takes_the_records_before_an_offset_and_leaves_a_gap(own):
    own.create_topic("news", 1)
    send(own, "news", b"0", b"1", b"2")
    own.broker.truncate("news", 0, 2)
    with TopicView(own, "news") as view:
        assert [(record.offset, record.value) for record in view.records()] == [(2, b"2")]
        assert view.ends() == {0: 3}


def test_a_delay_makes_every_answer_late_until_it_is_ended(own):
    own.create_topic("news", 1)
    with own.producer() as producer:
        producer.send("news", b"warm").get(timeout=5)
        own.broker.delay(300)
        delayed_s = seconds(lambda: producer.send("news", b"late").get(timeout=5))
        own.broker.delay(0)
        eventually(
            lambda: seconds(lambda: producer.send("news", b"soon").get(timeout=5)) < 0.3,
            "quick answers again",
        )
    assert delayed_s >= 0.3


def test_the_next_requests_of_a_type_fail_and_then_no_more(own):
    own.create_topic("news", 1)
    with own.producer(retries=0, enable_idempotence=False) as producer:
        producer.send("news", b"stored").get(timeout=5)
        own.broker.fail_next(PRODUCE, 29)  # TOPIC_AUTHORIZATION_FAILED: no client tries that again
        with pytest.raises(KafkaError):
            producer.send("news", b"refused").get(timeout=5)
        producer.send("news", b"stored too").get(timeout=5)
    assert values(own, "news") == [b"stored", b"stored too"]


def test_an_interrupt_of_the_process_group_leaves_the_broker_running():
    owner = start_owner("import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_IGN)")
    os.killpg(owner.pid, signal.SIGINT)
    assert ask(owner, "broker.create_topic('news', 1); print(broker.alive, flush=True)") == "True"
    owner.stdin.close()
    assert owner.wait(10) == 0
    owner.stdout.close()


def test_a_broker_whose_owner_was_killed_is_gone_soon():
    owner = start_owner("")
    child = int(ask(owner, "print(broker._child.pid, flush=True)"))
    assert not is_gone(child)
    owner.send_signal(signal.SIGKILL)
    owner.wait(10)
    owner.stdin.close()
    owner.stdout.close()
    eventually(lambda: is_gone(child), "the orphaned broker to end")


def test_a_broker_whose_owner_just_exits_is_gone_soon():
    owner = start_owner("")
    child = int(ask(owner, "print(broker._child.pid, flush=True)"))
    owner.stdin.close()
    assert owner.wait(10) == 0
    owner.stdout.close()
    eventually(lambda: is_gone(child), "the orphaned broker to end")


def start_owner(prelude: str) -> subprocess.Popen[str]:
    """A process that owns a broker and executes each line of its input, in a process group of its own."""
    code = f"""{prelude}
import sys
from classroom.broker.embedded import EmbeddedBroker
broker = EmbeddedBroker()
print("ready", flush=True)
for line in sys.stdin:
    exec(line)
"""
    owner = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        start_new_session=True,
    )
    assert owner.stdout.readline().strip() == "ready"
    return owner


def ask(owner: subprocess.Popen[str], line: str) -> str:
    owner.stdin.write(line + "\n")
    owner.stdin.flush()
    return owner.stdout.readline().strip()


@pytest.mark.parametrize(
    "act",
    [
        lambda cluster: cluster.create_topic("late", 1),
        lambda cluster: cluster.broker.delay(10),
        lambda cluster: cluster.producer(),
        lambda cluster: cluster.consumer("news", "group"),
        lambda cluster: cluster.reader(),
    ],
    ids=["create_topic", "delay", "producer", "consumer", "reader"],
)
def test_a_killed_broker_says_so_and_what_to_do(own, act):
    os.kill(pid(own.broker), signal.SIGKILL)
    eventually(lambda: not own.broker.alive, "the broker to die")
    with pytest.raises(BrokerGoneError, match=r"topics are gone; run Set-up again"):
        act(own)


def test_a_broker_killed_unnoticed_says_so_at_the_next_command(own):
    os.kill(pid(own.broker), signal.SIGKILL)
    with pytest.raises(BrokerGoneError):
        own.broker.create_topic("news", 1)


def test_deleting_a_topic_of_a_dead_broker_is_done_already(own):
    own.create_topic("news", 1)
    os.kill(pid(own.broker), signal.SIGKILL)
    eventually(lambda: not own.broker.alive, "the broker to die")
    own.delete_topic("news")


def test_members_with_different_assignors_end_the_broker_but_not_us(own):
    own.create_topic("news", 2)
    ranges = {"partition_assignment_strategy": [RangePartitionAssignor()]}
    turns = {"partition_assignment_strategy": [RoundRobinPartitionAssignor()]}
    with own.consumer("news", "group", **ranges) as first, own.consumer("news", "group", **turns) as second:

        def died() -> bool:
            for member in (first, second):
                poll_anyway(member)
            return not own.broker.alive

        eventually(died, "the broker to abort")
        with pytest.raises(BrokerGoneError):
            own.create_topic("late", 1)
        for member in (first, second):
            member.close(autocommit=False, timeout_ms=500)


def poll_anyway(consumer: KafkaConsumer) -> None:
    try:
        consumer.poll(timeout_ms=100)
    except KafkaError:
        return


def test_closing_twice_is_fine_also_after_death():
    broker = EmbeddedBroker()
    broker.close()
    broker.close()
    assert not broker.alive
    killed = EmbeddedBroker()
    os.kill(pid(killed), signal.SIGKILL)
    with pytest.raises(BrokerGoneError):
        killed.create_topic("news", 1)
    killed.close()
    killed.close()


def test_a_closed_broker_says_that_it_is_gone():
    broker = EmbeddedBroker()
    broker.close()
    with pytest.raises(BrokerGoneError, match="run Set-up again"):
        broker.create_topic("news", 1)


def test_a_broker_that_was_used_leaves_no_file_thread_or_process():
    files, threads, processes = files_open(), set(threading.enumerate()), children()
    with connect() as cluster:
        cluster.create_topic("news", 2)
        send(cluster, "news", b"1")
        assert values(cluster, "news") == [b"1"]
        assert files_open() > files
        assert children() > processes
    assert files_open() <= files
    assert children() == processes
    assert set(threading.enumerate()) <= threads


def test_a_broker_that_hangs_is_killed(monkeypatch):
    broker = EmbeddedBroker()
    monkeypatch.setattr(embedded, "STOP_WITHIN_S", 0.1)
    os.kill(pid(broker), signal.SIGSTOP)
    broker.close()
    assert is_gone(pid(broker))


def test_it_starts_from_any_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    with EmbeddedBroker() as broker:
        assert broker.alive


def test_commands_of_several_threads_do_not_mix(own):
    refused: list[Exception] = []

    def create(number: int) -> None:
        try:
            for name in range(20):
                own.create_topic(f"news-{number}-{name}", 2)
        except Exception as error:
            refused.append(error)

    threads = [threading.Thread(target=create, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert refused == []
    with own.reader() as reader:
        assert len(reader.topics()) == 80
        assert reader.end_offsets([TopicPartition("news-3-19", 1)]) == {TopicPartition("news-3-19", 1): 0}


# The library


def test_a_missing_package_is_named_with_the_next_step(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(LibraryError, match=r"confluent-kafka is missing; run python3 lab\.py"):
        librdkafka.load()


@pytest.fixture
def wheel(tmp_path, monkeypatch) -> Path:
    """A confluent_kafka wheel without a library: its package folder."""
    package = tmp_path / "confluent_kafka"
    package.mkdir()
    spec = importlib.machinery.ModuleSpec("confluent_kafka", None, origin=str(package / "__init__.py"))
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: spec)
    return package


def test_a_wheel_without_the_library_is_named(wheel):
    with pytest.raises(LibraryError, match="no librdkafka beside 'confluent_kafka'"):
        librdkafka.load()


def test_a_library_that_cannot_be_loaded_is_named(wheel):
    (wheel / "librdkafka.so.1").write_bytes(b"not a library")
    with pytest.raises(LibraryError, match=r"'librdkafka\.so\.1' cannot be loaded .* reinstall"):
        librdkafka.load()


def test_a_missing_function_is_named(monkeypatch):
    monkeypatch.setitem(librdkafka._SIGNATURES, "rd_kafka_mock_time_machine", (None, []))
    with pytest.raises(LibraryError, match=r"'rd_kafka_mock_time_machine'; install .* requirements\.txt"):
        librdkafka.load()


def test_a_broker_that_cannot_start_for_want_of_the_library_gives_that_reason(wheel, monkeypatch):
    monkeypatch.setattr(embedded_process, "__name__", "classroom.broker.no_such_module")
    with pytest.raises(LibraryError, match="no librdkafka"):
        EmbeddedBroker()


def test_a_broker_that_cannot_start_for_another_reason_says_so(monkeypatch):
    monkeypatch.setattr(embedded_process, "__name__", "classroom.broker.no_such_module")
    with pytest.raises(BrokerGoneError, match="ended as soon as it had started"):
        EmbeddedBroker()


def test_an_answer_that_an_interrupted_call_left_unread_is_not_taken_for_the_next_ones():
    with EmbeddedBroker(1) as broker:
        for number in range(20):
            button = threading.Timer(0.01, interrupt)
            with suppress(KeyboardInterrupt):
                button.start()
                for topic in count():
                    broker.create_topic(f"interrupted-{number}-{topic}", 1)
            assert broker.groups(f"interrupted-{number}", "") == {}
        with pytest.raises(ValueError, match="refused"):
            broker.delete_topic("never-made")
