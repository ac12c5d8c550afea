"""The dead-letter topic: what a service could not handle, as it came, with the reason and where it came from.

A letter is the record itself, its headers first and ours behind them, in the partition of the same number,
so that one household's letters stay in order. It knows no events: what nobody can read is kept, too.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import NamedTuple

from kafka import KafkaProducer
from kafka.consumer.fetcher import ConsumerRecord
from kafka.errors import MessageSizeTooLargeError

OURS = ("service", "reason", "topic", "partition", "offset", "nulls")
PREFIX = "dead-letter-"
ACKNOWLEDGED_WITHIN_S = 20  # as long as the producer tries
Headers = list[tuple[str, bytes | None]]


class DeadLetterError(RuntimeError):
    """A record could not be set aside, so its service must not go on: which, why, and the next step."""


class NoLetterError(ValueError):
    """A record on the dead-letter topic that none of our services wrote."""


class Letter(NamedTuple):
    """Whose letter it is, why it was written, and the record at the place where it was first read."""

    service: str
    reason: str
    record: ConsumerRecord


class DeadLetters:
    """Where one service keeps what no retry can help. For one thread only; `close()` it.

    `connect` makes a producer for the first letter: most services never need one.
    """

    def __init__(self, service: str, topic: str, connect: Callable[[], KafkaProducer]) -> None:
        self.topic, self._service, self._connect = topic, service, connect
        self._producer: KafkaProducer | None = None
        self._sent: list[tuple[ConsumerRecord, object]] = []

    def keep(self, record: ConsumerRecord, reason: str) -> None:
        """Send a letter; the broker has it once `confirm` has returned. Raises DeadLetterError."""
        try:
            try:
                sent = self._send(record, reason)
            except MessageSizeTooLargeError:  # it came compressed, perhaps: at its place it can still be read
                empty = record._replace(key=None, value=None, headers=[])
                sent = self._send(empty, f"{reason}; it is too large to be kept here, read it at its place")
        except Exception as error:
            raise self._not_kept(record, error) from error
        self._sent.append((record, sent))

    def confirm(self) -> None:
        """Return once the broker has every letter that was sent. Raises DeadLetterError."""
        sent, self._sent = self._sent, []
        for record, future in sent:
            try:
                future.get(ACKNOWLEDGED_WITHIN_S)
            except Exception as error:
                raise self._not_kept(record, error) from error

    def close(self) -> None:
        """Close the connection; the next letter opens another."""
        producer, self._producer = self._producer, None
        if producer:
            producer.close(timeout=1)

    def _send(self, record: ConsumerRecord, reason: str) -> object:
        self._producer = self._producer or self._connect()
        value = None if isinstance(record.value, Exception) else record.value
        place = record.topic, record.partition, record.offset
        said = self._service, reason, *place, ",".join(_nulls(record.key, value, record.headers))
        ours = [(PREFIX + name, str(text).encode()) for name, text in zip(OURS, said, strict=True)]
        theirs = [(name, text or b"") for name, text in record.headers]
        key = b"" if record.key is None and value is None else record.key
        partition = record.partition % len(self._producer.partitions_for(self.topic))
        return self._producer.send(self.topic, value, key, [*theirs, *ours], partition)

    def _not_kept(self, record: ConsumerRecord, error: Exception) -> DeadLetterError:
        return DeadLetterError(
            f"{self._service} stopped at partition {record.partition}, offset {record.offset}, which nobody "
            f"can handle and the dead-letter topic {self.topic!r} does not take ({error!r}); make the topic "
            "writable, then start the service again"
        )


def _nulls(key: bytes | None, value: bytes | None, headers: Headers) -> list[str]:
    """The places of headers that are null, and perhaps the key: Kafka has them, its client sends none."""
    places = [str(at) for at, (_, text) in enumerate(headers) if text is None]
    return [*places, "key"] if key is None and value is None else places


def letters_in(records: Iterable[ConsumerRecord]) -> Iterator[Letter]:
    """The letters in these records of a dead-letter topic; what others wrote there is none."""
    for record in records:
        with suppress(NoLetterError):
            yield opened(record)


def opened(found: ConsumerRecord) -> Letter:
    """The letter in a record of a dead-letter topic. Raises NoLetterError."""
    theirs, ours = found.headers[: -len(OURS)], found.headers[-len(OURS) :]
    try:
        said = {name.removeprefix(PREFIX): (text or b"").decode() for name, text in ours}
        place = {"topic": said["topic"], "partition": int(said["partition"]), "offset": int(said["offset"])}
        nulls = said["nulls"].split(",")
        headers = [(name, None if str(at) in nulls else text) for at, (name, text) in enumerate(theirs)]
        came = {"headers": headers, "key": None if "key" in nulls else found.key, **place}
        return Letter(said["service"], said["reason"], found._replace(**came))
    except (KeyError, ValueError) as error:
        where = f"partition {found.partition}, offset {found.offset}"
        raise NoLetterError(f"{where} of {found.topic!r} holds no letter of a service of ours") from error
