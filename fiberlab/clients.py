"""kafka-python's clients, mended: they do not wait for what never comes, nor stop at a bad record.

A Kafka that does not answer and a broker that has ended are errors within seconds. A header's name that is
not UTF-8 costs no record: kafka-python 3.0.12 gives up such a batch from there on, with the good records
behind it. The broker never looks: for it a name is bytes.
"""

import threading
from collections.abc import Callable, Iterator
from typing import Self

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.consumer.fetcher import ConsumerRecord, Fetcher
from kafka.errors import CorruptRecordError, KafkaError, KafkaTimeoutError, UnsupportedCodecError
from kafka.producer.future import FutureRecordMetadata
from kafka.record import MemoryRecords
from kafka.record.default_records import DefaultRecord, DefaultRecordBatch


def read_foreign_records(consumer: KafkaConsumer) -> None:
    """From now on the consumer gets every record of a batch, whatever its headers are called."""
    consumer._fetcher.PartitionRecords = _PartitionRecords


class _PartitionRecords(Fetcher.PartitionRecords):
    def _unpack_records(self, partition: object, records: MemoryRecords, *rest: object) -> Iterator:
        return super()._unpack_records(partition, _Batches(records), *rest)


class _Batches:
    def __init__(self, records: MemoryRecords) -> None:
        self._records = records

    def next_batch(self) -> object | None:
        batch = self._records.next_batch()
        return _Batch(batch._buffer) if isinstance(batch, DefaultRecordBatch) else batch


class _Batch(DefaultRecordBatch):
    """A batch that survives a header's name that is not UTF-8, with all records beside it."""

    def _read_msg(self, *rest: object) -> DefaultRecord:
        try:
            return super()._read_msg(*rest)
        except UnicodeDecodeError:
            self._buffer = _Lenient(self._buffer)
            return super()._read_msg(*rest)


class _Lenient(bytearray):
    """Bytes of which every slice decodes: what is not UTF-8 becomes a backslash and a number."""

    def __getitem__(self, at: int | slice) -> int | Self:
        part = super().__getitem__(at)
        return _Lenient(part) if isinstance(at, slice) else part

    def decode(self, encoding: str, errors: str = "backslashreplace") -> str:
        return super().decode(encoding, errors)


ANSWER_WITHIN_S = 5
START = "start it, correct KAFKA_BOOTSTRAP_SERVERS, or unset it to use the embedded broker"
_IN_A_RECORD = CorruptRecordError, UnsupportedCodecError


class NoKafkaError(ConnectionError):
    """This Kafka cannot be used: why, and what to do next."""


class MissingCodecError(UnsupportedCodecError):
    """Records are compressed in a way that nothing here can undo: where, and the next step."""

    def __str__(self) -> str:
        return " ".join(self.args)


class Consumer(KafkaConsumer):
    """A consumer that leaves no thread behind where no Kafka answers it, and that goes on after bad records.

    check_alive raises if the broker has ended for good.
    """

    def __init__(self, check_alive: Callable[[], None] = bool, **settings: object) -> None:
        self._check_alive = check_alive
        try:
            super().__init__(**settings)
        except BaseException:
            if "_net" in vars(self):  # its thread runs already
                self._net.stop()
            raise
        read_foreign_records(self)

    def poll(self, timeout_ms: int = 0, max_records: int | None = None, update_offsets: bool = True) -> dict:
        """As KafkaConsumer.poll, but a record that cannot be read comes with the error as its value.

        Raises MissingCodecError, and what check_alive raises.
        """
        self._check_alive()
        try:
            return super().poll(timeout_ms, max_records, update_offsets)
        except Exception as error:
            found = self._fetcher._next_partition_records
            if found is None or (isinstance(error, KafkaError) and not isinstance(error, _IN_A_RECORD)):
                raise
            found.drain()  # kafka-python 3.0.12 would go through it for ever
            return self._behind(found.topic_partition, error)

    def _behind(self, partition: TopicPartition, error: Exception) -> dict[TopicPartition, list]:
        offset = self.position(partition)
        if isinstance(error, UnsupportedCodecError):
            raise MissingCodecError(
                f"partition {partition.partition}, offset {offset}: {' '.join(error.args)}; "
                "run python3 lab.py, which installs what is missing, then start the service again"
            ) from error
        self.seek(partition, offset + 1)
        return {partition: [ConsumerRecord(*partition, -1, offset, -1, 0, None, error, [], None, -1, -1, -1)]}


class Producer(KafkaProducer):
    """A producer that does not wait for a broker that has ended for good."""

    def __init__(self, check_alive: Callable[[], None] = bool, **settings: object) -> None:
        self._check_alive = check_alive
        super().__init__(**settings)

    def send(self, *record: object, **fields: object) -> FutureRecordMetadata:
        """As KafkaProducer.send; raises what check_alive raises."""
        self._check_alive()
        return super().send(*record, **fields)


def answered(make: Callable[[], KafkaConsumer], address: str) -> KafkaConsumer:
    """A new consumer that knows the topics; NoKafkaError, and nothing left of it, if no answer comes."""
    try:
        consumer = make()
        _wait_for_topics(consumer)
    except (KafkaError, OSError) as error:
        said = f"no Kafka answered at {address!r} within {ANSWER_WITHIN_S} s; {START}"
        raise NoKafkaError(said) from error
    return consumer


def _wait_for_topics(consumer: KafkaConsumer) -> None:
    """With a watchdog: `topics` waits for ever, `bootstrap` ignores its timeout, but closing ends both."""
    closing, too_late = {"autocommit": False, "timeout_ms": 500}, threading.Event()

    def close() -> None:
        too_late.set()
        consumer.close(**closing)

    watchdog = threading.Timer(ANSWER_WITHIN_S, close)
    watchdog.name = "watchdog"
    watchdog.start()
    try:
        consumer.topics()
    except BaseException:
        consumer.close(**closing)
        raise
    finally:
        watchdog.cancel()
        watchdog.join()
    if too_late.is_set():  # the topics came while it was being closed
        raise KafkaTimeoutError(f"the topics came after {ANSWER_WITHIN_S} s")
