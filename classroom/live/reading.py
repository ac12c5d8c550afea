"""The view's own reader of the topic: it joins no group, commits nothing and moves nobody's cursor."""

import threading
import time
from collections import deque
from typing import NamedTuple

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from fiberlab.domain import SALES
from fiberlab.eventdriven.events import UnreadableEventError, decode
from fiberlab.kafka.topics import TopicView
from fiberlab.lab.designs import EventDriven

NEWEST = 40  # records kept for the picture
LOOK_S, PAUSE_S = 0.25, 0.06


class Record(NamedTuple):
    """An event on the topic: where it is, whose action it tells, and whether that was a sale."""

    partition: int
    offset: int
    actor: str
    label: str
    sale: bool
    id: str


class TopicReader:
    """What is on the topic and how far each group has read. `run` keeps it so; any thread may look at it."""

    def __init__(self, design: EventDriven) -> None:
        self.design = design
        self.records: list[Record] = []
        self.new: deque[Record] = deque(maxlen=NEWEST)  # until somebody takes them
        self.ends: dict[int, int] = {}
        self.cursors: dict[str, dict[int, int]] = {}
        self.looks = 0  # how often ends and cursors were looked at
        self.problem = ""  # why nothing new is seen

    def run(self, stop: threading.Event) -> None:
        """Return once `stop` is set, with the connections closed. Raises BrokerGoneError."""
        with TopicView(self.design.cluster, self.design.topic) as view:
            reader = self._reader(view)
            try:
                while not stop.is_set():
                    self._read_and_look(reader, view, stop)
                if not self.problem:
                    self._look_again(view)
            finally:
                reader.close(autocommit=False, timeout_ms=1000)

    def _reader(self, view: TopicView) -> KafkaConsumer:
        reader = self.design.cluster.reader()
        self.ends = view.ends()
        reader.assign([TopicPartition(self.design.topic, number) for number in self.ends])
        reader.seek_to_beginning()
        return reader

    def _read_and_look(self, reader: KafkaConsumer, view: TopicView, stop: threading.Event) -> None:
        try:
            self._read(reader, stop)
            self._look(view)
            self.problem = ""
        except KafkaError:
            self.design.cluster.check_alive()
            self.problem = "Kafka does not answer: the picture stands still until it does"
            stop.wait(LOOK_S)

    def _read(self, reader: KafkaConsumer, stop: threading.Event) -> None:
        """Read for LOOK_S, so that the cursors are looked at so often. A pause lets more than one come."""
        until_s = time.monotonic() + LOOK_S
        while time.monotonic() < until_s and not stop.is_set():
            behind = len(self.records) < sum(self.ends.values())
            stop.wait(PAUSE_S / 3 if behind else PAUSE_S)
            for records in reader.poll(timeout_ms=10).values():
                found = [_record(record) for record in records]
                self.records += found
                self.new.extend(found)

    def _look(self, view: TopicView) -> None:
        cursors = {name: view.committed(self.design.group(name)) for name in list(self.design.services)}
        self.ends, self.cursors = view.ends(), cursors  # the cursors first: none is ahead of its end
        self.looks += 1

    def _look_again(self, view: TopicView) -> None:
        """So that the last picture lacks nothing."""
        self._look(view)
        if sum(self.ends.values()) > len(self.records):
            self.records = [_record(record) for record in view.records()]

    def all_read(self, since: int) -> bool:
        """Whether every group has read the whole topic, by a look that began after look number `since`."""
        return self.looks > since + 1 and not any(sum(self.lag(name)) for name in self.cursors)

    def lag(self, name: str) -> list[int]:
        """How many events the group has yet to read, by partition."""
        read = self.cursors.get(name, {})
        return [max(0, end - read.get(partition, 0)) for partition, end in sorted(self.ends.items())]


def _record(record: object) -> Record:
    try:
        event = decode(record.headers, record.key, record.value)
    except UnreadableEventError:
        return Record(record.partition, record.offset, "", "", False, "")
    label = event.ACTION.removesuffix("_plan")
    return Record(record.partition, record.offset, event.actor.kind, label, event.ACTION in SALES, event.id)
