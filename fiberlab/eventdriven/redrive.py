"""Redrive: a service's dead letters are handed to its handler again, when what was wrong is mended.

The handler gets them, and not the topic: no other group reads an event twice. How far a redrive has come
is a cursor like any other, so the next one begins behind it.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from kafka import KafkaConsumer, TopicPartition
from kafka.structs import OffsetAndMetadata

from fiberlab.eventdriven.dead_letters import DeadLetters, Letter, letters_in
from fiberlab.eventdriven.service import Handle, attempt


class Redriven(NamedTuple):
    """How many letters were handled, how many no retry can help still, and how many came too late.

    `removed`: the broker has removed them, whosesoever they were, before they were handed out.
    """

    handled: int
    set_aside: int
    removed: int = 0


def redrive(service: str, handle: Handle, reader: KafkaConsumer, dead_letters: DeadLetters) -> Redriven:
    """What came of the letters of this service that no redrive has handed out yet; `reader` has its cursor.

    What cannot be handled now is kept again, at the end of the topic. Nothing is committed before all of it
    is done: after a crash letters come again. Raises HandlerError, DeadLetterError.
    """
    reasons, ends = [], ends_of(reader, dead_letters.topic)
    removed = _removed(reader, ends)
    for letter in _own(service, reader, ends):
        reasons.append(attempt(service, handle, letter.record))
        if reasons[-1] is not None:
            dead_letters.keep(letter.record, reasons[-1])
    dead_letters.confirm()
    reader.commit({partition: OffsetAndMetadata(end, "", -1) for partition, end in ends.items()})
    return Redriven(reasons.count(None), len(reasons) - reasons.count(None), removed)


def _removed(reader: KafkaConsumer, partitions: Iterable[TopicPartition]) -> int:
    """A topic keeps its records only for so long (Kafka's default: seven days)."""
    first = reader.beginning_offsets([*partitions])
    return sum(max(0, first[partition] - (reader.committed(partition) or 0)) for partition in partitions)


def to_redrive(service: str, reader: KafkaConsumer, topic: str) -> list[Letter]:
    """The letters that a redrive of this service would hand out now; a look moves no cursor."""
    return [*_own(service, reader, ends_of(reader, topic))]


def _own(service: str, reader: KafkaConsumer, ends: Mapping[TopicPartition, int]) -> Iterator[Letter]:
    return (letter for letter in letters(reader, ends) if letter.service == service)


def letters(reader: KafkaConsumer, ends: Mapping[TopicPartition, int]) -> Iterator[Letter]:
    """The letters that come next for the reader, each partition up to its end."""
    while any(reader.position(partition) < end for partition, end in ends.items()):
        for partition, records in reader.poll(timeout_ms=400).items():
            yield from letters_in(record for record in records if record.offset < ends[partition])


def ends_of(reader: KafkaConsumer, topic: str) -> dict[TopicPartition, int]:
    """Where each partition ends now; the reader has all of them."""
    partitions = [TopicPartition(topic, number) for number in sorted(reader.partitions_for_topic(topic))]
    reader.assign(partitions)
    return reader.end_offsets(partitions)
