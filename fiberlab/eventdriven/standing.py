"""Where a service stands in each partition, and what it never got to read.

Most gaps between offsets are harmless: a transaction's marker, a record that compaction dropped. Two are
not: records that the broker removed before they were read, and records that another member of the group
took. A cursor tells of neither: the lag is 0 all the same. It knows no events.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress

from kafka import KafkaConsumer, TopicPartition
from kafka.consumer.fetcher import ConsumerRecord
from kafka.errors import KafkaError

ANSWER_WITHIN_MS = 2000
KNOWN_WITHIN_MS = 10  # a position is known without asking, or will be at the next look
Batch = Mapping[TopicPartition, Sequence[ConsumerRecord]]
Offsets = dict[TopicPartition, int]


class Standing:
    """How far one service has read. Any thread may look at its four numbers.

    new_group: whether nobody has committed in its group before it.
    """

    def __init__(self, new_group: bool = False) -> None:
        self.removed = 0  # offsets that the broker removed before they were read
        self.taken = 0  # offsets that another member of the group has committed
        self.owned = self.partitions = 0  # how many of the topic's partitions are read
        self._new_group = new_group
        self._assigned: set[TopicPartition] = set()
        self._handled: Offsets = {}  # what comes next; this and the next outlive a stop
        self._committed: Offsets = {}

    def join(self) -> None:
        """Begin anew as a member of the group: no partition is assigned yet."""
        self._assigned, self.owned = set(), 0

    def look(self, consumer: KafkaConsumer, batch: Batch) -> None:
        """Count what is missing before a batch that the consumer has just read. Raises KafkaError."""
        if (assigned := consumer.assignment()) != self._assigned:
            self._reassign(consumer, assigned)
        for partition in assigned:
            records = batch.get(partition)
            start = records[0].offset if records else _position(consumer, partition)
            if start > self._handled[partition]:
                self._skip(consumer, partition, start)

    def ahead(self, consumer: KafkaConsumer) -> Offsets:
        """Where the consumer stands, if that is not committed: behind a transaction's marker, for example.

        Right only when everything that it has read is handled.
        """
        stands = {partition: _position(consumer, partition) for partition in self._assigned}
        return {p: offset for p, offset in stands.items() if offset > self._committed.get(p, 0)}

    def handled(self, until: Offsets) -> None:
        """Note that what is before these offsets is done, and needs not be seen again."""
        self._handled |= {p: max(offset, self._handled.get(p, 0)) for p, offset in until.items()}

    def is_done(self, partition: TopicPartition, offset: int) -> bool:
        """Whether this record was handled before, and comes again because its commit failed."""
        return offset < self._handled.get(partition, 0)

    def committed(self, until: Offsets) -> None:
        """Note that these offsets are the group's."""
        self._committed |= until

    def _reassign(self, consumer: KafkaConsumer, assigned: set[TopicPartition]) -> None:
        for partition in assigned - self._assigned:
            offset = consumer.committed(partition, timeout_ms=ANSWER_WITHIN_MS) or 0
            ours = self._handled.get(partition, 0 if self._new_group else offset)
            self.taken += max(0, offset - ours)
            self.committed({partition: offset})
            self.handled({partition: offset})
        topics = consumer.subscription() or ()
        self.partitions = sum(len(consumer.partitions_for_topic(topic)) for topic in topics)
        self._assigned, self.owned = assigned, len(assigned)

    def _skip(self, consumer: KafkaConsumer, partition: TopicPartition, start: int) -> None:
        first = consumer.beginning_offsets([partition], timeout_ms=ANSWER_WITHIN_MS)[partition]
        self.removed += max(0, min(first, start) - self._handled[partition])
        self.handled({partition: start})


def _position(consumer: KafkaConsumer, partition: TopicPartition) -> int:
    with suppress(KafkaError):  # just taken away
        return consumer.position(partition, timeout_ms=KNOWN_WITHIN_MS) or 0  # None: not known yet
    return 0
