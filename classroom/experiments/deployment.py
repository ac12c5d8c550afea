"""A new release while events come in: three members of a group are restarted, one after the other.

How a group shares its partitions out again decides who has to stop meanwhile: everybody (eager), who gives a
partition away (cooperative, KIP-429), or nobody (static members, KIP-345).
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import count, cycle
from typing import Any

import pandas as pd
from kafka import ConsumerRebalanceListener, KafkaConsumer, TopicPartition

from classroom.broker.connect import PatientCooperative
from classroom.chapter import Chapter
from classroom.experiments.recordings import live_or_recorded
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

    def __init__(
        self,
        name: str,
        cluster: Cluster,
        topic: str,
        way: str,
        handled: Counter[str],
        note: Callable[[], None],
    ) -> None:
        self.name = name
        self.owns: frozenset[int] = frozenset()
        self._cluster, self._topic, self._way, self._handled, self._note = cluster, topic, way, handled, note
        self.worker = Worker(name, self._run)

    def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """These are its own as well from now on."""
        self._own(self.owns | {partition.partition for partition in assigned})

    def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """It has to give these up before anybody else gets them."""
        self._own(self.owns - {partition.partition for partition in revoked})

    def _own(self, partitions: frozenset[int]) -> None:
        """Own these from now on, and have it noted: it may be over before anybody looks the next time."""
        self.owns = partitions
        self._note()

    def _run(self, stop: threading.Event) -> None:
        group = f"{self._way}.{self._topic}"
        letters = DeadLetters(group, f"{self._topic}.dead-letters", self._cluster.producer)
        try:
            Service(group, self._connect, self._handle, letters).run(stop)
        finally:
            self._own(frozenset())

    def _connect(self) -> KafkaConsumer:
        settings: dict[str, Any] = {"fetch_max_wait_ms": 100}
        if self._way == COOPERATIVE:
            settings["partition_assignment_strategy"] = [PatientCooperative]
        if self._way == STATIC:
            settings |= {"group_instance_id": self.name, "session_timeout_ms": MISSED_AFTER_MS}
        consumer = self._cluster.consumer(self._topic, f"{self._way}.{self._topic}", **settings)
        consumer.subscribe([self._topic], listener=self)
        return consumer

    def _handle(self, event: Event) -> None:
        self._handled[event.id] += 1


class Deployment:
    """One way's members, the events that are written for them, and what is seen of them meanwhile."""

    def __init__(self, chapter: Chapter, way: str) -> None:
        self.way, self.restarting = way, NOBODY
        self.looks: list[dict[str, object]] = []
        self._chapter, self._topic = chapter, chapter.topic("plan-events", PARTITIONS)
        self._written, self._handled = Counter[str](), Counter[str]()
        self._noting = threading.Lock()
        self._since_s: float | None = None  # while somebody looks
        of = chapter.cluster, self._topic, way, self._handled, self._note
        self._crew = [Member(f"m{n + 1}", *of) for n in range(MEMBERS)]
        self.writer, self.watcher = Worker(f"{way} writer", self._write), Worker(f"{way} watcher", self._look)
        self.workers = [self.watcher, self.writer, *(member.worker for member in self._crew)]

    def begin(self) -> None:
        """Return once the members join, and events come in; nobody looks yet."""
        for worker in self.workers[1:]:
            worker.start()

    def all_there(self) -> bool:
        """Whether every partition has one owner, every member as many as the others, and little waits."""
        for worker in self.workers:
            worker.raise_error()
        owned = [member.owns for member in self._crew]
        even = all(len(part) == PARTITIONS // MEMBERS for part in owned)
        return even and len(frozenset().union(*owned)) == PARTITIONS and self._lag() <= CAUGHT_UP

    def all_handled(self) -> bool:
        """Whether every event that was written is handled."""
        return self._written.keys() == self._handled.keys()

    def is_missed(self) -> bool:
        """Whether nobody is in the group any more: static members leave it when their session is over."""
        return not any(self._chapter.cluster.members(f"{self.way}.{self._topic}").values())

    def leave(self, number: int) -> None:
        """Tell a member to stop."""
        self.restarting = self._crew[number].name
        self._crew[number].worker.tell_to_stop()

    def come_back(self, number: int) -> None:
        """Return once the member has stopped, and is started again."""
        self._crew[number].worker.stop()
        self._crew[number].worker.start()

    def _look(self, stop: threading.Event) -> None:
        """Note every LOOK_EVERY_S who owns what, until stopped; members have their changes noted as well."""
        self._since_s = time.monotonic()
        while not stop.wait(LOOK_EVERY_S):
            self._note()
        self._since_s = None

    def _note(self) -> None:
        """Note who owns what, while somebody looks."""
        since_s = self._since_s
        if since_s is None:
            return
        with self._noting:
            owners = {partition: member.name for member in self._crew for partition in member.owns}
            look = {"at_s": round(time.monotonic() - since_s, 3), "restarting": self.restarting}
            look["lag"] = self._lag()
            self.looks.append(look | {f"p{n}": owners.get(n, NOBODY) for n in range(PARTITIONS)})

    def _lag(self) -> int:
        return len(self._written) - len(self._handled)

    def _write(self, stop: threading.Event) -> None:
        """An event every EVERY_S, until stopped."""
        with self._chapter.cluster.producer() as producer:
            for event in _events(self._chapter):
                record = encode(event)
                headers = list(record.headers.items())
                producer.send(self._topic, record.value, record.key.encode(), headers).get(timeout=10)
                self._written[event.id] += 1
                if stop.wait(EVERY_S):
                    return


def rolling_restarts(chapter: Chapter, *ways: str) -> dict[str, pd.DataFrame]:
    """What is seen of each way while three members are restarted in turn, side by side, and events come in.

    A row per look and per change of owners: at_s, restarting (a member's name, NOBODY), lag, and the owner of
    each partition ("p0" …). The next members are restarted when all are back and have caught up. Ends when
    all that came is handled.
    """
    releases = [Deployment(chapter, way) for way in ways]
    workers = [worker for one in releases for worker in one.workers]
    try:
        for one in releases:
            one.begin()
        _wait(releases, Deployment.all_there, "every member to have its partitions and to catch up")
        for one in releases:
            one.watcher.start()
        for number in range(MEMBERS):
            _restart(releases, number)
        stop_all([one.writer for one in releases])
        _wait(releases, Deployment.all_handled, "all that was written to be handled")
        stop_all([one.watcher for one in releases])
    finally:
        stop_all(workers)
        wait_until(lambda: all(one.is_missed() for one in releases), "the members to be missed", 30, 0.1)
    return {one.way: pd.DataFrame(one.looks) for one in releases}


def _restart(releases: Sequence[Deployment], number: int) -> None:
    """Return once this member of each has stopped, is back, and all have caught up."""
    for one in releases:
        one.leave(number)
    for one in releases:
        one.come_back(number)
    _wait(releases, Deployment.all_there, "the restarted members to be back and to catch up")


def _wait(releases: Sequence[Deployment], fact: Callable[[Deployment], bool], awaited: str) -> None:
    wait_until(lambda: all(map(fact, releases)), awaited, 60, LOOK_EVERY_S)


def deployments(chapter: Chapter) -> tuple[dict[str, pd.DataFrame], dict[str, str]]:
    """What was seen of a rolling restart in each of WAYS, and where: on this Kafka, or in a recording.

    The embedded broker knows no static members: it lets them disturb everybody.
    """
    looks = rolling_restarts(chapter, EAGER, COOPERATIVE)
    looks[STATIC], static = live_or_recorded(chapter, "static_restart", static_restart)
    return looks, {EAGER: "seen live", COOPERATIVE: "seen live", STATIC: static}


def static_restart(chapter: Chapter) -> pd.DataFrame:
    """The looks at a rolling restart of static members."""
    return rolling_restarts(chapter, STATIC)[STATIC]


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
