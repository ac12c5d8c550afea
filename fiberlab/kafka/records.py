"""How our consumers unpack a batch: a header's name that is not UTF-8 costs no record.

kafka-python 3.0.12 gives up such a batch from there on, with the good records behind it. The broker never
looks: for it a name is bytes.
"""

from collections.abc import Iterator
from typing import Self

from kafka import KafkaConsumer
from kafka.consumer.fetcher import Fetcher
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
