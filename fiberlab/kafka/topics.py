"""Look at a topic and at the groups that read it, without joining any group or moving any cursor."""

import time
from collections.abc import Iterator
from typing import Self

from kafka import KafkaConsumer, TopicPartition
from kafka.consumer.fetcher import ConsumerRecord

from fiberlab.kafka.cluster import Cluster

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
