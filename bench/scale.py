"""What does an event cost, from a thousand to a million, and what do more processes bring?

One service decodes and charges every event, in a file of its own; a bare kafka-python loop and a bare
confluent-kafka loop do the same work beside it. At KAFKA_BOOTSTRAP_SERVERS, else on the embedded broker,
which keeps 50,000 events at most. Every run's charges are compared with the oracle's, to the cent.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import cycle
from pathlib import Path
from uuid import uuid4

sys.path.insert(0, str(Path(__file__).parents[1]))

from confluent_kafka import Consumer as ConfluentConsumer
from kafka.structs import OffsetAndMetadata

from classroom.broker import settings
from classroom.broker.connect import connect
from classroom.world import company as days
from classroom.world.running import wait_until
from fiberlab.cluster import Cluster, TopicView
from fiberlab.domain import Action, expected_cents
from fiberlab.eventdriven import customer_billing, installer_billing
from fiberlab.eventdriven.dead_letters import DeadLetters
from fiberlab.eventdriven.events import Event, decode, encode, happened
from fiberlab.eventdriven.service import BATCH, POLL_MS, Service
from fiberlab.ledger import Ledger

PARTITIONS, ENOUGH_S = 6, 1800
COMPANY = days.company()


class Clock:
    """A handler that bills whoever acted, and tells how long that took: from the first event to the last."""

    def __init__(self, ledger: Ledger) -> None:
        self.handled, self.started_s, self.ended_s = 0, 0.0, 0.0
        self._ledger = ledger

    def handle(self, event: Event) -> None:
        """Return once the event is billed, if it is to be."""
        self.started_s = self.started_s or time.time()
        customer_billing.handle(event, self._ledger)
        installer_billing.handle(event, self._ledger)
        self.handled += 1
        self.ended_s = time.time()


def by_service(cluster: Cluster, topic: str, group: str, clock: Clock, done: threading.Event) -> None:
    """As every service of the workbook."""
    letters = DeadLetters(group, f"{topic}.dead-letters", cluster.producer)
    Service(group, partial(cluster.consumer, topic, group), clock.handle, letters).run(done)


def by_hand(cluster: Cluster, topic: str, group: str, clock: Clock, done: threading.Event) -> None:
    """With kafka-python alone: decode, handle, commit each batch."""
    consumer = cluster.consumer(topic, group)
    while not done.is_set():
        offsets = {}
        for partition, records in consumer.poll(timeout_ms=POLL_MS, max_records=BATCH).items():
            for record in records:
                clock.handle(decode(record.headers, record.key, record.value))
            offsets[partition] = OffsetAndMetadata(records[-1].offset + 1, "", -1)
        if offsets:
            consumer.commit(offsets)
    consumer.close(autocommit=False, timeout_ms=1000)


def by_confluent(cluster: Cluster, topic: str, group: str, clock: Clock, done: threading.Event) -> None:
    """With confluent-kafka alone."""
    ours = {"bootstrap.servers": cluster.bootstrap_servers, "group.id": group}
    consumer = ConfluentConsumer(
        ours | {"auto.offset.reset": "earliest", "enable.auto.commit": False, "check.crcs": False}
    )
    consumer.subscribe([topic])
    while not done.is_set():
        records = [record for record in consumer.consume(BATCH, POLL_MS / 1000) if not record.error()]
        for record in records:
            clock.handle(decode(record.headers(), record.key(), record.value()))
        if records:
            consumer.commit(asynchronous=False)
    consumer.close()


READERS: dict[str, Callable[[Cluster, str, str, Clock, threading.Event], None]] = {
    "Service": by_service,
    "bare kafka-python": by_hand,
    "bare confluent-kafka": by_confluent,
}


def read(cluster: Cluster, topic: str, reader: str, total: int, folder: Path) -> tuple[float, int]:
    """Seconds from the first event to the last, and the cents that were billed."""
    done = threading.Event()
    with Ledger(folder / f"{uuid4().hex}.sqlite") as ledger:
        clock = Clock(ledger)
        group = f"{cluster.namespace}{uuid4().hex}" if reader == "bare confluent-kafka" else uuid4().hex
        work = threading.Thread(target=READERS[reader], args=(cluster, topic, group, clock, done))
        work.start()
        wait(lambda: clock.handled >= total or not work.is_alive(), f"{reader} to read {total:,} events")
        done.set()
        work.join()
        return clock.ended_s - clock.started_s, sum(charge.amount_cents for charge in ledger.charges())


def read_in_processes(
    cluster: Cluster, topic: str, processes: int, total: int, folder: Path
) -> tuple[float, int]:
    """The same by so many processes in one group: from the first event of any to the last of all."""
    group = uuid4().hex
    command = [sys.executable, __file__, "--member-of", cluster.namespace, group, topic]
    children = [
        subprocess.Popen([*command, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(processes)
    ]
    with TopicView(cluster, topic) as view:
        wait(lambda: sum(view.committed(group).values()) >= total, f"{processes} processes to read it all")
    told = [json.loads(child.communicate("end\n")[0]) for child in children]
    busy = [one for one in told if one["handled"]]
    seconds = max(one["ended_s"] for one in busy) - min(one["started_s"] for one in busy)
    return seconds, sum(one["cents"] for one in told)


def member(namespace: str, group: str, topic: str, folder: str) -> None:
    """One process of a group: it reads until its input ends, then says what it has done."""
    done = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), done.set())).start()
    with Ledger(Path(folder, f"{uuid4().hex}.sqlite")) as ledger:
        clock = Clock(ledger)
        cluster = connect_to(namespace)
        by_service(cluster, topic, group, clock, done)
        cents = sum(charge.amount_cents for charge in ledger.charges())
    told = {"handled": clock.handled, "started_s": clock.started_s, "ended_s": clock.ended_s, "cents": cents}
    print(json.dumps(told))


def connect_to(namespace: str) -> Cluster:
    """The Kafka of the environment, in the namespace of the process that has begun this one."""
    return replace(connect(settings.read(os.environ)), namespace=namespace)


def actions(total: int) -> Iterator[Action]:
    """A day's actions over and over, each with an id of its own."""
    day = days.generated_day(COMPANY, seed=1, actions=min(total, 10_000))
    return (
        replace(action, id=f"{action.id}-{n}") for n, action in zip(range(total), cycle(day), strict=False)
    )


def fill(cluster: Cluster, topic: str, total: int) -> int:
    """The cents that are due for the events that the topic holds afterwards."""
    due_cents = 0
    with cluster.producer(linger_ms=50, batch_size=1 << 18) as producer:
        for action in actions(total):
            message = encode(happened(action, COMPANY.plans))
            producer.send(topic, message.value, message.key.encode(), headers=list(message.headers.items()))
            due_cents += expected_cents(action, COMPANY.plans)
        producer.flush(timeout=ENOUGH_S)
    return due_cents


def wait(fact: Callable[[], bool], awaited: str) -> None:
    """Return once it is so."""
    wait_until(fact, awaited, ENOUGH_S, 0.05)


def show(events: int, name: str, found: tuple[float, int], due_cents: int) -> None:
    """Print a line."""
    seconds, cents = found
    memory_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    right = "right" if cents == due_cents else f"WRONG by {cents - due_cents}"
    per_event = 1e6 * seconds / events
    print(f"{events:10,} {name:24}{events / seconds:12,.0f}{per_event:12,.0f}{memory_mb:10,.0f}   {right}")


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, nargs="+", default=[1000, 10_000, 50_000])
    parser.add_argument("--processes", type=int, nargs="*", default=[])
    parser.add_argument("--member-of", nargs=4, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.member_of:
        return member(*asked.member_of)
    print(f"{'events':>10} {'':24}{'events/s':>12}{'µs an event':>12}{'MB':>10}   cents")
    with connect(settings.read(os.environ)) as cluster, tempfile.TemporaryDirectory() as folder:
        for total in asked.events:
            topic = cluster.fresh_topic("plan-events", PARTITIONS)
            due_cents = fill(cluster, topic, total)
            for reader in READERS:
                show(total, reader, read(cluster, topic, reader, total, Path(folder)), due_cents)
            for processes in asked.processes:
                found = read_in_processes(cluster, topic, processes, total, Path(folder))
                show(total, f"Service, {processes} processes", found, due_cents)
            cluster.delete_topic(topic)


if __name__ == "__main__":
    main()
