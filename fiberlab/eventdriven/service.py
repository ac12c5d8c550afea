"""The loop every service runs: read, handle, commit.

What is handled is committed, never more, so a record is handled at least once: after a crash or a
rebalance some come again, and handlers must not mind (the idempotent receiver pattern). What no retry can
help is on the dead-letter topic before it is committed, or the service stops. It knows events, but not what
a handler does with them.
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

from fiberlab.eventdriven.dead_letters import DeadLetters
from fiberlab.eventdriven.events import Event, UnreadableEventError, decode
from fiberlab.eventdriven.standing import Batch, Offsets, Standing
from fiberlab.ledger import ConflictingChargeError

POLL_MS = 400  # also the longest time a stop takes
BATCH = 200
MOST_IN_VAIN = 5  # errors in a row that Kafka calls final
SET_ASIDE = (UnreadableEventError, ConflictingChargeError)
Handle = Callable[[Event], None]


@dataclass(frozen=True)
class SetAside:
    """A record that no retry can help: where it is, and why it was not handled."""

    partition: int
    offset: int
    reason: str


class HandlerError(RuntimeError):
    """A handler raised: which service, which record. The cause is the handler's own exception."""


class ReadError(RuntimeError):
    """The topic cannot be read on, and no retry helps: which service, why, and the next step."""


class Service:
    """One member of the consumer group `name`. `run` loops until told to stop.

    handled, set_aside_count, last_set_aside, broker_errors and standing may be read from any thread while
    it runs. new_group: whether nobody has committed in the group before, so that it can tell who else does.
    """

    def __init__(
        self,
        name: str,
        connect: Callable[[], KafkaConsumer],
        handle: Handle,
        dead_letters: DeadLetters,
        new_group: bool = False,
    ) -> None:
        self.name = name
        self.handled = 0
        self.set_aside_count = 0
        self.last_set_aside: SetAside | None = None
        self.broker_errors: deque[str] = deque(maxlen=100)
        self.standing = Standing(new_group)
        self._connect, self._handle, self._dead_letters = connect, handle, dead_letters
        self._in_vain = 0

    def run(self, stop: threading.Event) -> None:
        """Return once `stop` is set.

        Raises HandlerError if the handler raised, ReadError if no retry helps, DeadLetterError if a record
        can be neither handled nor set aside. What made it raise is not committed: the next run begins there.
        """
        consumer = self._connect()
        self.standing.join()
        try:
            while not stop.is_set():
                self._handle_and_commit(consumer, self._read(consumer, stop), stop)
        finally:
            self._dead_letters.close()
            consumer.close(autocommit=False, timeout_ms=1000)

    def _read(self, consumer: KafkaConsumer, stop: threading.Event) -> Batch:
        batch: Batch = {}
        try:
            batch = consumer.poll(timeout_ms=POLL_MS, max_records=BATCH)
            self.standing.look(consumer, batch)
        except Exception as error:  # the group is being rebuilt, or the broker is away
            _read_again(consumer, _starts(batch))
            self._bear(error)
            stop.wait(0.1)
            return {}
        self._in_vain = 0
        return batch

    def _bear(self, error: Exception) -> None:
        """Return if another try may help: what Kafka calls final can be over once a group is rebuilt."""
        self._in_vain += not getattr(error, "retriable", False)
        if not isinstance(error, KafkaError) or self._in_vain == MOST_IN_VAIN:
            next_step = "" if "; " in str(error) else "; correct that, then start the service again"
            raise ReadError(f"{self.name} cannot read on: {error}{next_step}") from error
        self.broker_errors.append(f"read: {error}")

    def _handle_and_commit(self, consumer: KafkaConsumer, batch: Batch, stop: threading.Event) -> None:
        done: Offsets = {}
        try:
            for partition, records in batch.items():
                for record in records:
                    if stop.is_set():
                        return
                    self._one(partition, record)
                    done[partition] = record.offset + 1
            done |= self.standing.ahead(consumer)
        finally:
            self._dead_letters.confirm()  # or nothing is committed
            self.standing.handled(done)
            self._commit(consumer, _starts(batch), done)

    def _one(self, partition: TopicPartition, record: ConsumerRecord) -> None:
        reason = attempt(self.name, self._handle, record)
        if reason is None:
            self.handled += 1
        elif not self.standing.is_done(partition, record.offset):
            self._dead_letters.keep(record, reason)
            self.set_aside_count += 1
            self.last_set_aside = SetAside(record.partition, record.offset, reason)

    def _commit(self, consumer: KafkaConsumer, starts: Offsets, done: Offsets) -> None:
        if not done:
            return
        offsets = {partition: OffsetAndMetadata(offset, "", -1) for partition, offset in done.items()}
        try:
            consumer.commit(offsets, timeout_ms=2000)
            self.standing.committed(done)
        except KafkaError as error:  # mostly a rebalance
            self.broker_errors.append(f"commit: {error}")
            _read_again(consumer, starts)


def attempt(service: str, handle: Handle, record: ConsumerRecord) -> str | None:
    """Handle the record; what comes back is None, or the reason why no retry can help it.

    Raises HandlerError for whatever else the handler raised.
    """
    try:
        handle(decode(record.headers, record.key, record.value))
    except SET_ASIDE as error:
        return str(error)
    except Exception as error:
        raise HandlerError(
            f"{service} stopped at partition {record.partition}, offset {record.offset}: {error!r}; "
            "correct the handler and start the service again"
        ) from error
    return None


def _starts(batch: Batch) -> Offsets:
    return {partition: records[0].offset for partition, records in batch.items()}


def _read_again(consumer: KafkaConsumer, starts: Offsets) -> None:
    """What is not committed comes again, so that the last commit always reaches the last record."""
    for partition, offset in starts.items():
        with suppress(ValueError, KeyError, KafkaError):  # taken away: its new owner reads it again
            consumer.seek(partition, offset)
