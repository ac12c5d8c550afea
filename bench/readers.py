"""One process of scale.py: it reads a topic in one way, bills what it reads, and tells what that took.

It runs in the workbook's environment, or in one that scale.py has made for another library: what only one of
them has is imported where it is used.
"""

import asyncio
import json
import resource
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

sys.path.insert(0, str(Path(__file__).parents[1]))

from fiberlab.eventdriven import customer_billing, installer_billing
from fiberlab.eventdriven.events import Event, decode
from fiberlab.ledger import Ledger

BATCH, POLL_MS = 200, 400  # as a Service


class Task(NamedTuple):
    """What is to be read, and as which group. embedded: the address is that of scale.py's own broker."""

    address: str
    embedded: bool
    namespace: str
    group: str
    topic: str

    @property
    def full_group(self) -> str:
        """The group's name at the broker."""
        return self.namespace + self.group


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

    def read(self, headers: Any, key: bytes, value: bytes) -> None:  # noqa: ANN401 (every client has its own)
        """Return once what stands in the record is billed, if it is to be."""
        self.handle(decode(headers, key, value))


Reader = Callable[[Task, Clock, threading.Event], None]  # until it is told to stop


def by_service(task: Task, clock: Clock, done: threading.Event) -> None:
    """As every service of the workbook."""
    from fiberlab.eventdriven.dead_letters import DeadLetters
    from fiberlab.eventdriven.service import Service

    cluster = cluster_of(task)
    letters = DeadLetters(task.group, f"{task.topic}.dead-letters", cluster.producer)
    Service(task.group, partial(cluster.consumer, task.topic, task.group), clock.handle, letters).run(done)


def by_kafka_python(task: Task, clock: Clock, done: threading.Event) -> None:
    """With kafka-python alone: decode, handle, commit each batch."""
    from kafka.structs import OffsetAndMetadata

    consumer = cluster_of(task).consumer(task.topic, task.group)
    while not done.is_set():
        offsets = {}
        for partition, records in consumer.poll(timeout_ms=POLL_MS, max_records=BATCH).items():
            for record in records:
                clock.read(record.headers, record.key, record.value)
            offsets[partition] = OffsetAndMetadata(records[-1].offset + 1, "", -1)
        if offsets:
            consumer.commit(offsets)
    consumer.close(autocommit=False, timeout_ms=1000)


def by_confluent(task: Task, clock: Clock, done: threading.Event) -> None:
    """With confluent-kafka alone."""
    from confluent_kafka import Consumer

    ours = {"bootstrap.servers": task.address, "group.id": task.full_group, "check.crcs": False}
    consumer = Consumer(ours | {"auto.offset.reset": "earliest", "enable.auto.commit": False})
    consumer.subscribe([task.topic])
    while not done.is_set():
        records = [record for record in consumer.consume(BATCH, POLL_MS / 1000) if not record.error()]
        for record in records:
            clock.read(record.headers(), record.key(), record.value())
        if records:
            consumer.commit(asynchronous=False)
    consumer.close()


def by_faststream(task: Task, clock: Clock, done: threading.Event, **batch: object) -> None:
    """With FastStream, which commits what its function has handled: one event, or a batch."""
    from faststream import AckPolicy
    from faststream.confluent import KafkaBroker
    from faststream.confluent.annotations import KafkaMessage

    async def as_it_is(message: object) -> bytes:
        return b""

    broker = KafkaBroker(task.address, logger=None, decoder=as_it_is, allow_auto_create_topics=False)
    where = {"group_id": task.full_group, "auto_offset_reset": "earliest", "ack_policy": AckPolicy.ACK}

    @broker.subscriber(task.topic, **where, **batch)
    async def handle(message: KafkaMessage) -> None:
        raw = message.raw_message
        for record in raw if isinstance(raw, tuple) else (raw,):
            clock.read(record.headers(), record.key(), record.value())

    async def run() -> None:
        await broker.start()
        await asyncio.to_thread(done.wait)
        await broker.stop()

    asyncio.run(run())


def by_quix(task: Task, clock: Clock, done: threading.Event) -> None:
    """With Quix Streams; it does not finish on the embedded broker."""
    from quixstreams import Application

    app = Application(
        task.address,
        consumer_group=task.full_group,
        auto_offset_reset="earliest",
        commit_every=BATCH,
        auto_create_topics=False,
        loglevel="ERROR",
    )
    topic = app.topic(task.topic, key_deserializer="bytes", value_deserializer="bytes")
    read = lambda value, key, timestamp, headers: clock.read(headers, key, value)  # noqa: E731
    app.dataframe(topic).update(read, metadata=True)
    threading.Thread(target=lambda: (done.wait(), app.stop())).start()
    app.run()


READERS: dict[str, Reader] = {
    "Service": by_service,
    "bare kafka-python": by_kafka_python,
    "bare confluent-kafka": by_confluent,
    "FastStream, one by one": by_faststream,
    "FastStream, in batches": partial(by_faststream, batch=True, max_records=BATCH),
    "Quix Streams": by_quix,
}


def cluster_of(task: Task) -> Any:  # noqa: ANN401 (a Cluster, which not every environment can import)
    """scale.py's Kafka, seen from here."""
    from classroom.broker.connect import join
    from classroom.broker.settings import Settings

    return replace(join(Settings(task.address), "scale", task.embedded), namespace=task.namespace)


def main(reader: str, folder: str, *task: str) -> None:
    """Read until the input ends, then say as JSON what was done, and with how much memory."""
    address, embedded, *names = task
    done = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), done.set()), daemon=True).start()
    with Ledger(Path(folder, f"{uuid4().hex}.sqlite")) as ledger:
        clock = Clock(ledger)
        READERS[reader](Task(address, embedded == "True", *names), clock, done)
        memory_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        cents = sum(charge.amount_cents for charge in ledger.charges())
    told = {"handled": clock.handled, "started_s": clock.started_s, "ended_s": clock.ended_s}
    print(json.dumps(told | {"cents": cents, "memory_mb": memory_mb}))


if __name__ == "__main__":
    main(*sys.argv[1:])
