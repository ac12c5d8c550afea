"""The loop every service runs: read, handle, commit.

What is handled is committed, never more, so a record is handled at least once: after a crash or a
rebalance some come again, and handlers must not mind (the idempotent receiver pattern). It knows events,
but not what a handler does with them.
"""

import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from kafka import KafkaConsumer, TopicPartition
from kafka.consumer.fetcher import ConsumerRecord
from kafka.errors import KafkaError
from kafka.structs import OffsetAndMetadata

from fiberlab.eventdriven.events import Event, UnreadableEventError, decode
from fiberlab.ledger import ConflictingChargeError

POLL_MS = 400  # also the longest time a stop takes
BATCH = 200
SET_ASIDE = (UnreadableEventError, ConflictingChargeError)


@dataclass(frozen=True)
class SetAside:
    """A record that no retry can help: where it is, and why it was not handled."""

    partition: int
    offset: int
    reason: str


class HandlerError(RuntimeError):
    """A handler raised: which service, which record. The cause is the handler's own exception."""


class Service:
    """One member of the consumer group `name`. `run` loops until told to stop.

    handled, set_aside_count and broker_errors may be read from any thread while it runs.
    """

    def __init__(
        self, name: str, connect: Callable[[], KafkaConsumer], handle: Callable[[Event], None]
    ) -> None:
        self.name = name
        self.handled = 0
        self.set_aside_count = 0
        self.set_aside: deque[SetAside] = deque(maxlen=100)
        self.broker_errors: deque[str] = deque(maxlen=100)
        self._connect, self._handle = connect, handle

    def run(self, stop: threading.Event) -> None:
        """Return once `stop` is set; raise HandlerError if the handler raised.

        The record that made it raise is not committed: the next run begins with it.
        """
        consumer = self._connect()
        try:
            while not stop.is_set():
                self._read_handle_commit(consumer, stop)
        finally:
            consumer.close(autocommit=False, timeout_ms=1000)

    def _read_handle_commit(self, consumer: KafkaConsumer, stop: threading.Event) -> None:
        done: dict[TopicPartition, range] = {}  # the offsets handled, by partition
        try:
            for partition, records in consumer.poll(timeout_ms=POLL_MS, max_records=BATCH).items():
                for record in records:
                    if stop.is_set():
                        return
                    self._one(record)
                    done[partition] = range(records[0].offset, record.offset + 1)
        except KafkaError as error:  # the group is being rebuilt, or the broker is away
            self.broker_errors.append(f"read: {error}")
            stop.wait(0.1)
        finally:
            self._commit(consumer, done)

    def _one(self, record: ConsumerRecord) -> None:
        try:
            self._handle(decode(record.headers, record.key, record.value))
            self.handled += 1
        except SET_ASIDE as error:
            self.set_aside_count += 1
            self.set_aside.append(SetAside(record.partition, record.offset, str(error)))
        except Exception as error:
            raise HandlerError(
                f"{self.name} stopped at partition {record.partition}, offset {record.offset}: {error!r}; "
                "correct the handler and start the service again"
            ) from error

    def _commit(self, consumer: KafkaConsumer, done: dict[TopicPartition, range]) -> None:
        offsets = {partition: OffsetAndMetadata(handled.stop, "", -1) for partition, handled in done.items()}
        try:
            if offsets:
                consumer.commit(offsets, timeout_ms=2000)
        except KafkaError as error:  # mostly a rebalance
            self.broker_errors.append(f"commit: {error}")
            _read_again(consumer, done)


def _read_again(consumer: KafkaConsumer, done: dict[TopicPartition, range]) -> None:
    """What is not committed comes again, so that the last commit always reaches the last record."""
    for partition, handled in done.items():
        with suppress(ValueError, KeyError):  # taken away by a rebalance: its new owner reads it again
            consumer.seek(partition, handled.start)
