"""A new release while events come in: three members of a group are restarted, one after the other.

How a group shares its partitions out again decides who has to stop meanwhile: everybody (eager), who gives a
partition away (cooperative, KIP-429), or nobody (static members, KIP-345).
"""

import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import count, cycle
from typing import Any

import pandas as pd
from kafka import ConsumerRebalanceListener, KafkaConsumer, TopicPartition
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor

from classroom.chapter import Chapter
from classroom.experiments.recorded import live_or_recorded
from classroom.experiments.scale import PARTITIONS, stop_all
from classroom.world.running import Worker, wait_until
from fiberlab.cluster import Cluster
from fiberlab.eventdriven.dead_letters import DeadLetters
from fiberlab.eventdriven.events import Event, encode, happened
from fiberlab.eventdriven.service import Service

MEMBERS, EVERY_S, LOOK_EVERY_S = 3, 0.02, 0.02
CAUGHT_UP = 5  # events that may wait while others come in
EAGER, COOPERATIVE, STATIC = WAYS = "eager", "cooperative", "static"
NOBODY = "-"
MISSED_AFTER_MS = 6000  # a static member says nothing when it leaves; brokers allow no less than 6 s


class Member(ConsumerRebalanceListener):
    """A service as one member of a group: what it owns can be looked at while it runs and is restarted."""

    def __init__(self, name: str, cluster: Cluster, topic: str, way: str, handled: Counter[str]) -> None:
        self.name = name
        self.owns: frozenset[int] = frozenset()
        self._cluster, self._topic, self._way, self._handled = cluster, topic, way, handled
        self.worker = Worker(name, self._run)

    def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """These are its own as well from now on."""
        self.owns |= {partition.partition for partition in assigned}

    def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """It has to give these up before anybody else gets them."""
        self.owns -= {partition.partition for partition in revoked}

    def _run(self, stop: threading.Event) -> None:
        group = f"{self._way}.{self._topic}"
        letters = DeadLetters(group, f"{self._topic}.dead-letters", self._cluster.producer)
        try:
            Service(group, self._connect, self._handle, letters).run(stop)
        finally:
            self.owns = frozenset()

    def _connect(self) -> KafkaConsumer:
        settings: dict[str, Any] = {"fetch_max_wait_ms": 100}
        if self._way == COOPERATIVE:
            settings["partition_assignment_strategy"] = [CooperativeStickyAssignor]
        if self._way == STATIC:
            settings |= {"group_instance_id": self.name, "session_timeout_ms": MISSED_AFTER_MS}
        consumer = self._cluster.consumer(self._topic, f"{self._way}.{self._topic}", **settings)
        consumer.subscribe([self._topic], listener=self)
        return consumer

    def _handle(self, event: Event) -> None:
        self._handled[event.id] += 1


def rolling_restart(chapter: Chapter, way: str) -> pd.DataFrame:
    """What was seen every LOOK_EVERY_S while three members are restarted in turn, and events go on coming.

    A row per look: at_s, restarting (a member's name, NOBODY), lag, and the owner of each partition ("p0" …).
    The next member is restarted when all are back and have caught up. Ends when all that came is handled.
    """
    topic, written, handled = chapter.topic("plan-events", PARTITIONS), Counter[str](), Counter[str]()
    crew = [Member(f"m{n + 1}", chapter.cluster, topic, way, handled) for n in range(MEMBERS)]
    looks = Looks(crew, written, handled)
    writer = Worker("writer", partial(_write, chapter, topic, written))
    watcher, workers = Worker("watcher", looks.run), [member.worker for member in crew]
    try:
        for worker in (*workers, writer):
            worker.start()
        looks.wait_for_all()
        watcher.start()
        for member in crew:
            looks.restart(member)
        writer.stop()
        wait_until(lambda: written.keys() == handled.keys(), "all that was written to be handled")
    finally:
        stop_all([watcher, writer, *workers])
        _wait_until_missed(chapter.cluster, f"{way}.{topic}")
    return pd.DataFrame(looks.rows)


class Looks:
    """What the watcher has seen so far."""

    def __init__(self, crew: Sequence[Member], written: Counter[str], handled: Counter[str]) -> None:
        self.restarting = NOBODY
        self.rows: list[dict[str, object]] = []
        self._crew, self._written, self._handled = crew, written, handled

    def run(self, stop: threading.Event) -> None:
        """Look, until stopped."""
        start_s = time.monotonic()
        while not stop.wait(LOOK_EVERY_S):
            owners = {partition: member.name for member in self._crew for partition in member.owns}
            row = {"at_s": round(time.monotonic() - start_s, 3), "restarting": self.restarting}
            row["lag"] = self._lag()
            self.rows.append(row | {f"p{n}": owners.get(n, NOBODY) for n in range(PARTITIONS)})

    def restart(self, member: Member) -> None:
        """Return once the member has stopped, is back, and all have caught up."""
        self.restarting = member.name
        member.worker.stop()
        member.worker.start()
        self.wait_for_all()

    def wait_for_all(self) -> None:
        """Return once every partition has one owner, every member as many as the others, and little waits."""
        wait_until(self._all_there, "every member to have its partitions and to catch up", 60, 0.02)

    def _all_there(self) -> bool:
        for member in self._crew:
            member.worker.raise_error()
        owned = [member.owns for member in self._crew]
        even = all(len(part) == PARTITIONS // MEMBERS for part in owned)
        return even and len(frozenset().union(*owned)) == PARTITIONS and self._lag() <= CAUGHT_UP

    def _lag(self) -> int:
        return len(self._written) - len(self._handled)


def _wait_until_missed(cluster: Cluster, group: str) -> None:
    """Return once the group is empty: static members leave it when their session is over."""
    wait_until(lambda: not any(cluster.members(group).values()), "the members to be missed", 30, 0.1)


def deployments(chapter: Chapter) -> tuple[dict[str, pd.DataFrame], dict[str, str]]:
    """What was seen of a rolling restart in each of WAYS, and where: on this Kafka, or in a recording.

    The embedded broker knows no static members: it lets them disturb everybody.
    """
    looks = {way: rolling_restart(chapter, way) for way in (EAGER, COOPERATIVE)}
    looks[STATIC], static = live_or_recorded(chapter, "static_restart", static_restart)
    return looks, {EAGER: "seen live", COOPERATIVE: "seen live", STATIC: static}


def static_restart(chapter: Chapter) -> pd.DataFrame:
    """The looks at a rolling restart of static members."""
    return rolling_restart(chapter, STATIC)


def _write(chapter: Chapter, topic: str, written: Counter[str], stop: threading.Event) -> None:
    """An event every EVERY_S, until stopped."""
    with chapter.cluster.producer() as producer:
        for event in _events(chapter):
            record = encode(event)
            headers = list(record.headers.items())
            producer.send(topic, record.value, record.key.encode(), headers).get(timeout=10)
            written[event.id] += 1
            if stop.wait(EVERY_S):
                return


def _events(chapter: Chapter) -> Iterator[Event]:
    """The day's events over and over, each with an id of its own."""
    for number, action in zip(count(), cycle(chapter.day), strict=False):
        yield happened(replace(action, id=f"{action.id}-{number}"), chapter.company.plans)


def restarts_that_disturb(looks: pd.DataFrame) -> int:
    """In how many restarts another member than the restarted one owned nothing at some moment."""
    names, disturbed = {f"m{n + 1}" for n in range(MEMBERS)}, 0
    for restarted in names:
        owners = looks[looks.restarting == restarted][[f"p{n}" for n in range(PARTITIONS)]]
        disturbed += any((owners != name).all(axis=1).any() for name in names - {restarted})
    return disturbed
