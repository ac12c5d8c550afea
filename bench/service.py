"""How many events a second go through a Service, beside a bare kafka-python loop that does the same work?

Both decode every event, call the same empty handler, and commit after every batch.
"""

import argparse
import statistics
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from uuid import uuid4

sys.path.insert(0, str(Path(__file__).parents[1]))

from kafka.structs import OffsetAndMetadata

from classroom.broker.connect import connect
from classroom.world import company as days
from fiberlab.cluster import Cluster
from fiberlab.eventdriven.dead_letters import DeadLetters
from fiberlab.eventdriven.events import Event, decode, encode, happened
from fiberlab.eventdriven.service import BATCH, POLL_MS, Service

TARGET_RATIO = 0.8


class Clock:
    """A handler that does nothing but stop after the last event; seconds from the first one on."""

    def __init__(self, total: int) -> None:
        self.stop = threading.Event()
        self._left, self._total = total, total

    def handle(self, event: Event) -> None:
        """Return at once."""
        if self._left == self._total:
            self._started_s = time.perf_counter()
        self._left -= 1
        if self._left == 0:
            self.seconds = time.perf_counter() - self._started_s
            self.stop.set()


def by_service(cluster: Cluster, topic: str, clock: Clock) -> None:
    """Read everything as every service of the workbook does."""
    group = uuid4().hex
    letters = DeadLetters(group, f"{topic}.dead-letters", cluster.producer)
    Service(group, partial(cluster.consumer, topic, group), clock.handle, letters).run(clock.stop)


def by_hand(cluster: Cluster, topic: str, clock: Clock) -> None:
    """Read everything with the client alone."""
    consumer = cluster.consumer(topic, uuid4().hex)
    while not clock.stop.is_set():
        done = {}
        for partition, records in consumer.poll(timeout_ms=POLL_MS, max_records=BATCH).items():
            for record in records:
                clock.handle(decode(record.headers, record.key, record.value))
            done[partition] = OffsetAndMetadata(records[-1].offset + 1, "", -1)
        if done:
            consumer.commit(done)
    consumer.close(autocommit=False, timeout_ms=1000)


def rate(read: Callable[[Cluster, str, Clock], None], cluster: Cluster, topic: str, total: int) -> float:
    """Events a second, from the first event handled to the last."""
    clock = Clock(total)
    read(cluster, topic, clock)
    return total / clock.seconds


def fill(cluster: Cluster, topic: str, total: int) -> None:
    """Return once the topic holds this many events."""
    company = days.company()
    cluster.create_topic(topic, 4)
    with cluster.producer() as producer:
        for action in days.generated_day(company, seed=1, actions=total):
            message = encode(happened(action, company.plans))
            producer.send(topic, message.value, message.key.encode(), headers=list(message.headers.items()))
        producer.flush(timeout=60)


def main() -> None:
    """Print a table of medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--events", type=int, default=5000)
    arguments = parser.parse_args()
    with connect() as cluster:
        fill(cluster, "plan-events", arguments.events)
        measure = partial(rate, cluster=cluster, topic="plan-events", total=arguments.events)
        pairs = [(measure(by_service), measure(by_hand)) for _ in range(arguments.runs)]
    ratio = statistics.median(ours / bare for ours, bare in pairs)
    print(f"{arguments.runs} runs each, interleaved, {arguments.events:,} events; medians\n")
    print(f"{'':22}{'events/s':>10}")
    for name, rates in zip(("Service", "bare kafka-python"), zip(*pairs, strict=True), strict=True):
        print(f"{name:22}{statistics.median(rates):10,.0f}")
    print(f"{'ratio':22}{ratio:10.2f}   target: at least {TARGET_RATIO}")


if __name__ == "__main__":
    main()
