"""Kafka in slow motion, for chapter 04: write a few events, read some of them, share a group."""

import threading
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import islice
from typing import NamedTuple, Protocol

import pandas as pd
from kafka import KafkaConsumer, TopicPartition
from kafka.consumer.fetcher import ConsumerRecord

from classroom.world.running import Worker, wait_until
from fiberlab.cluster import Cluster, TopicView
from fiberlab.domain import Action, Company
from fiberlab.eventdriven.events import UnreadableEventError, decode, encode, happened


class OnKafka(Protocol):
    """What of a chapter is used here: its Kafka, and the company whose plans are sold."""

    @property
    def cluster(self) -> Cluster:
        """The chapter's Kafka."""

    company: Company

    def topic(self, name: str, partitions: int = 4) -> str:
        """The name of a new, empty topic."""


class Record(NamedTuple):
    """An event: whose, which, where it is: on the "topic", the "retry topic", or among "dead letters"."""

    account_id: str
    action: str
    partition: int
    offset: int
    where: str = "topic"

    def __repr__(self) -> str:
        place = f"partition {self.partition}, offset {self.offset}"
        return f"{self.action} of {self.account_id} ({place}, {self.where})"


def write(chapter: OnKafka, topic: str, actions: Iterable[Action]) -> int:
    """How many events were written: one per action, each acknowledged by the broker."""
    with chapter.cluster.producer() as producer:
        sent = []
        for action in actions:
            event = encode(happened(action, chapter.company.plans))
            headers = list(event.headers.items())
            sent.append(producer.send(topic, event.value, event.key.encode(), headers))
        for future in sent:
            future.get(timeout=10)
    return len(sent)


def write_keys(chapter: OnKafka, topic: str, pairs: Iterable[tuple[str, str]]) -> None:
    """Return once a record is written for every pair of key and text."""
    with chapter.cluster.producer() as producer:
        for key, text in pairs:
            producer.send(topic, text.encode(), key.encode())
        producer.flush(timeout=10)


def read(
    chapter: OnKafka, topic: str, group: str, at_most: int = 1000, start: str = "earliest"
) -> pd.DataFrame:
    """The events that the group reads now, up to the topic's end; then it commits and leaves.

    `start` is where a group begins that has never committed: "earliest" or "latest".
    """
    with chapter.cluster.consumer(topic, group, auto_offset_reset=start, max_poll_records=1) as consumer:
        records = list(islice(_until_end(consumer), at_most))
        if records:
            consumer.commit()
    return table(records)


def read_on(chapter: OnKafka, topic: str, group: str) -> list[ConsumerRecord]:
    """The records that come next for the group, up to the topic's end; then it commits.

    Whoever reads is alone and takes all partitions, so no group has to form: it takes milliseconds.
    """
    with chapter.cluster.reader(group) as consumer:
        consumer.assign([TopicPartition(topic, n) for n in consumer.partitions_for_topic(topic)])
        records = list(_rest(consumer))
        consumer.commit()
    return records


def read_as_members(
    chapter: OnKafka, topic: str, names: Iterable[str], group: str, actions: Iterable[Action]
) -> dict[str, int]:
    """How many of the actions' events each service saw, when all of them use the same group id."""
    got: dict[str, list[ConsumerRecord]] = {name: [] for name in names}
    owns: dict[str, set[int]] = {}
    members = [
        Worker(name, partial(_member, partial(chapter.cluster.consumer, topic, group), owns, name, got[name]))
        for name in got
    ]
    try:
        for member in members:
            member.start()
        wait_until(lambda: _all_own_some(owns, len(got)), "every service to own a part of the partitions")
        sent = write(chapter, topic, actions)
        wait_until(lambda: sum(map(len, got.values())) >= sent, f"the services to read {sent} events")
    finally:
        for member in members:
            member.stop()
    return {name: len(records) for name, records in got.items()}


def table(records: Iterable[ConsumerRecord]) -> pd.DataFrame:
    """A row per record: partition, offset, key, actor, label: what happened.

    A record that is no event of ours has no actor (""), and its value as the label.
    """
    columns = ["partition", "offset", "key", "actor", "label"]
    return pd.DataFrame([_row(record) for record in records], columns=columns)


def look(chapter: OnKafka, topic: str, *groups: str) -> tuple[pd.DataFrame, dict[str, dict[int, int]]]:
    """The topic's records as a table, and the groups' cursors; nobody is disturbed by the look."""
    with TopicView(chapter.cluster, topic) as view:
        return table(view.records()), {group: view.committed(group) for group in groups}


def _row(record: ConsumerRecord) -> tuple[int, int, str, str, str]:
    place = record.partition, record.offset, (record.key or b"").decode(errors="replace")
    try:
        event = decode(record.headers, record.key, record.value)
    except UnreadableEventError:
        return *place, "", (record.value or b"").decode(errors="replace")
    return *place, event.actor.kind, event.TYPE.rpartition(".")[2]


def _until_end(consumer: KafkaConsumer) -> Iterator[ConsumerRecord]:
    early: list[ConsumerRecord] = []

    def joined() -> bool:
        early.extend(record for records in consumer.poll(timeout_ms=400).values() for record in records)
        return bool(consumer.assignment())

    wait_until(joined, "the group to form")
    yield from early
    yield from _rest(consumer)


def _rest(consumer: KafkaConsumer) -> Iterator[ConsumerRecord]:
    """What is left of its partitions."""
    ends = consumer.end_offsets(list(consumer.assignment()))
    while any(consumer.position(partition) < end for partition, end in ends.items()):
        for records in consumer.poll(timeout_ms=400).values():
            yield from records


def _member(
    connect: partial[KafkaConsumer],
    owns: dict[str, set[int]],
    name: str,
    got: list[ConsumerRecord],
    stop: threading.Event,
) -> None:
    with connect() as consumer:
        while not stop.is_set():
            for records in consumer.poll(timeout_ms=400).values():
                got += records
            owns[name] = {partition.partition for partition in consumer.assignment()}


def _all_own_some(owns: dict[str, set[int]], members: int) -> bool:
    shares = list(owns.values())
    apart = sum(map(len, shares)) == len(set().union(*shares)) if shares else False
    return len(shares) == members and all(shares) and apart
