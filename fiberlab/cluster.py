"""One Kafka, embedded or real: its address and the client settings that fit it.

It knows nothing of fiber. Whoever takes a producer or consumer from here closes it. A `TopicView` looks at a
topic and at the groups that read it, without joining any group or moving any cursor.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol, Self
from uuid import uuid4

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.consumer.fetcher import ConsumerRecord

from fiberlab.clients import Consumer, Producer, answered

# After an outage clients are back within a second or so; the default waits up to 30 s.
CLIENT: dict[str, Any] = {"reconnect_backoff_max_ms": 1000}
# A consumer reads from the start and commits what it has handled, never by a timer. Short fetch waits,
# because the embedded broker answers an empty fetch only when the wait is over.
CONSUMER = {"auto_offset_reset": "earliest", "enable_auto_commit": False, "fetch_max_wait_ms": 50}
# What a producer took back by aborting its transaction has not happened.
CONSUMER |= {"bootstrap_timeout_ms": 5000, "isolation_level": "read_committed"}
PRODUCER = {"acks": "all", "linger_ms": 5, "max_block_ms": 5000, "request_timeout_ms": 3000}
PRODUCER |= {"delivery_timeout_ms": 20_000}


# An idempotent producer of kafka-python 3.0.12 never sends again once a broker was away for longer than
# delivery_timeout_ms. One request at a time keeps the order without it; what comes twice, listeners notice.
_COMES_BACK = {"enable_idempotence": False, "max_in_flight_requests_per_connection": 1}


class Broker(Protocol):
    """What is done at a broker, not through a client's connection: one way for each Kafka."""

    isolates: bool  # whether an aborted transaction is kept from readers

    def create_topic(self, name: str, partitions: int) -> None:
        """Return once the topic is there, and every partition has a leader."""

    def delete_topic(self, name: str) -> None:
        """Return once the topic and its records are gone."""

    def groups(self, topic: str, prefix: str) -> dict[str, int]:
        """How many members each group with the prefix has that has committed an offset of the topic."""

    def members(self, *groups: str) -> dict[str, int]:
        """How many members each of these groups has, if it is there."""

    def check_alive(self) -> None:
        """Return unless the broker has ended for good; an error that names it."""

    def close(self) -> None:
        """End it, or remove this run's topics and groups from it. Twice is fine."""


@dataclass(frozen=True)
class Cluster:
    """A Kafka that answers. Settings that exist only for the embedded broker stay with it.

    Groups, and topics that `fresh_topic` makes, begin with the namespace: two runs, of one learner or of
    thirty, do not see each other's. What is shown to the learner is the plain name.
    """

    description: str
    bootstrap_servers: str
    namespace: str
    broker: Broker
    client_settings: dict[str, Any] = field(default_factory=dict, repr=False)
    consumer_settings: dict[str, Any] = field(default_factory=dict)
    producer_settings: dict[str, Any] = field(default_factory=dict)

    def producer(self, **settings: object) -> KafkaProducer:
        """A new producer that waits for all replicas; safe to share between threads."""
        ours = self._settings() | PRODUCER | _COMES_BACK | self.producer_settings
        return Producer(self.check_alive, **(ours | settings))

    def consumer(self, topic: str, group: str, **settings: object) -> KafkaConsumer:
        """A new member of the group, reading the topic from its start; for one thread only.

        Raises NoKafkaError if the broker does not answer.
        """
        ours = self._settings() | CONSUMER | self.consumer_settings | self._group(group)

        def joining() -> KafkaConsumer:
            consumer = Consumer(self.check_alive, **(ours | settings))
            consumer.subscribe([topic])
            return consumer

        # It knows the topic before it joins the group, or the first join would be empty.
        return answered(joining, self.bootstrap_servers)

    def reader(self, group: str | None = None, **settings: object) -> KafkaConsumer:
        """A new consumer that joins no group: it may look at any partition, and at a group's offsets."""
        ours = self._settings() | CONSUMER | self.consumer_settings | self._group(group)
        return answered(lambda: Consumer(self.check_alive, **(ours | settings)), self.bootstrap_servers)

    def fresh_topic(self, name: str, partitions: int = 4) -> str:
        """The full name of a new, empty topic, once it is there."""
        full_name = f"{self.namespace}{name}-{uuid4().hex[:8]}"
        self.create_topic(full_name, partitions)
        return full_name

    def create_topic(self, full_name: str, partitions: int = 4) -> None:
        """Return once the topic is there, and every partition has a leader."""
        self.broker.create_topic(full_name, partitions)

    def delete_topic(self, full_name: str) -> None:
        """Return once the topic and its records are gone."""
        self.broker.delete_topic(full_name)

    def groups(self, full_name: str) -> dict[str, int]:
        """How many members each group of this run has that has committed on the topic, as the broker says."""
        found = self.broker.groups(full_name, self.namespace)
        return {name.removeprefix(self.namespace): members for name, members in sorted(found.items())}

    def members(self, *groups: str) -> dict[str, int]:
        """How many members each of these groups has, as the broker says."""
        found = self.broker.members(*(self.namespace + group for group in groups))
        return {name.removeprefix(self.namespace): members for name, members in found.items()}

    def check_alive(self) -> None:
        """Return unless the embedded broker has ended: BrokerGoneError, at once instead of a timeout."""
        self.broker.check_alive()

    def close(self) -> None:
        """End the embedded broker; of a real one remove this run's topics and groups. Twice is fine."""
        self.broker.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _settings(self) -> dict[str, Any]:
        self.check_alive()
        where = {"bootstrap_servers": self.bootstrap_servers.split(",")}
        return where | CLIENT | self.client_settings

    def _group(self, name: str | None) -> dict[str, Any]:
        return {"group_id": name and self.namespace + name}


ANSWER_WITHIN_MS = 5000


class TopicView:
    """A reader of one topic that commits nothing; `close()` it."""

    def __init__(self, cluster: Cluster, topic: str) -> None:
        self._cluster, self._topic = cluster, topic
        self._reader = cluster.reader()
        self._everything: KafkaConsumer | None = None
        self._asked: dict[str, KafkaConsumer] = {}

    def ends(self) -> dict[int, int]:
        """The offset up to which each partition can be read: what an open transaction wrote is behind it."""
        return {p.partition: end for p, end in self._ends().items()}

    def undecided(self) -> bool:
        """Whether a transaction is open: what it wrote can be read once it is committed, or never."""
        if self._everything is None:
            self._everything = self._cluster.reader(isolation_level="read_uncommitted")
        return self._everything.end_offsets(self._partitions(), timeout_ms=ANSWER_WITHIN_MS) != self._ends()

    def records(self) -> list[ConsumerRecord]:
        """Every record there is now, by partition and offset. Raises TimeoutError if they stop coming."""
        self._reader.assign(self._partitions())
        self._reader.seek_to_beginning()
        found = self._until(self._ends())
        return sorted(found, key=lambda record: (record.partition, record.offset))

    def committed(self, group: str) -> dict[int, int]:
        """The group's committed offset by partition: the next record it will read, 0 before a commit."""
        self._cluster.check_alive()
        partitions, coordinator = self._partitions(), self._reader_of(group)._coordinator
        # What KafkaConsumer.committed() asks for one partition, for all of them in one request.
        found = coordinator.fetch_committed_offsets(partitions, timeout_ms=ANSWER_WITHIN_MS)
        return {p.partition: found[p].offset if p in found else 0 for p in partitions}

    def lag(self, group: str) -> int:
        """How many records the group has yet to read."""
        committed = self.committed(group)
        return sum(end - committed[partition] for partition, end in self.ends().items())

    def close(self) -> None:
        """Close the connections. Closing twice is fine."""
        for reader in filter(None, (self._reader, self._everything, *self._asked.values())):
            reader.close(autocommit=False, timeout_ms=1000)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _ends(self) -> dict[TopicPartition, int]:
        self._cluster.check_alive()
        return self._reader.end_offsets(self._partitions(), timeout_ms=ANSWER_WITHIN_MS)

    def _until(self, ends: dict[TopicPartition, int]) -> Iterator[ConsumerRecord]:
        heard_at = time.monotonic()
        while any(self._reader.position(p, timeout_ms=ANSWER_WITHIN_MS) < end for p, end in ends.items()):
            for records in self._reader.poll(timeout_ms=200).values():
                heard_at = time.monotonic()
                yield from records
            if time.monotonic() - heard_at > ANSWER_WITHIN_MS / 1000:
                raise TimeoutError(f"waited {ANSWER_WITHIN_MS} ms for the next record of {self._topic!r}")

    def _partitions(self) -> list[TopicPartition]:
        numbers = self._reader.partitions_for_topic(self._topic)
        if not numbers:
            raise LookupError(f"there is no topic {self._topic!r}; create it first")
        return [TopicPartition(self._topic, number) for number in sorted(numbers)]

    def _reader_of(self, group: str) -> KafkaConsumer:
        if group not in self._asked:
            self._asked[group] = self._cluster.reader(group)
        return self._asked[group]
