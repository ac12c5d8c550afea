"""What foreign producers write is read record by record."""

import pytest
from kafka import TopicPartition

from tests.facts import eventually


class NotUtf8(str):
    """A header's name that goes on the wire as bytes that are not UTF-8."""

    def encode(self, *_: object) -> bytes:
        return b"\xff\xfename"


def read(cluster, topic):
    """All records of partition 0, by as many polls as it takes."""
    partition, records = TopicPartition(topic, 0), []
    with cluster.reader() as consumer:
        consumer.assign([partition])
        consumer.seek_to_beginning()
        end = consumer.end_offsets([partition])[partition]

        def read_all():
            records.extend(consumer.poll(timeout_ms=100).get(partition, []))
            return len(records) >= end

        eventually(read_all, f"{end} records")
    return records


@pytest.mark.parametrize("codec", [None, "gzip"])
def test_a_header_whose_name_is_not_utf8_hides_no_record_of_its_batch(cluster, topic, codec):
    names = ["plain", NotUtf8("x"), "Grüße", NotUtf8("y"), "last"]
    with cluster.producer(linger_ms=200, compression_type=codec) as producer:
        for number, name in enumerate(names):
            producer.send(topic, str(number).encode(), b"\xff", [(name, b"\xfe")], partition=0)
        producer.flush(timeout=10)
    records = read(cluster, topic)
    assert [record.value for record in records] == [b"0", b"1", b"2", b"3", b"4"]
    told = r"\xff\xfename"
    assert [record.headers for record in records] == [
        [(name, b"\xfe")] for name in ("plain", told, "Grüße", told, "last")
    ]
    assert {record.key for record in records} == {b"\xff"}
