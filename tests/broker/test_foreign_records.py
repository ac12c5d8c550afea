"""Foreign producers' records, ten thousand among five hundred good ones: none stops a service."""

import json
import random
from collections.abc import Callable
from uuid import uuid4

import confluent_kafka
import pytest

from classroom.world import company as days
from fiberlab.domain import expected_cents
from fiberlab.eventdriven.events import encode, happened

FOREIGN, GOOD, PARTITIONS = 10_000, 500, 4
CODECS = ("none", "gzip", "snappy", "lz4", "zstd")
Record = tuple[bytes | None, list]
Foreign = Callable[[random.Random], Record]
LARGE = 10  # records of 900 KB: the embedded broker keeps 5 MiB of a partition


def foreign_kinds(good: list) -> dict[str, Foreign]:
    """What foreign producers write, each as a function of a random generator: value and headers."""

    def like(value: bytes | None = None, **headers: bytes | None) -> Foreign:
        """A good record with another value, or with headers changed."""

        def record(chance: random.Random) -> tuple[bytes | None, list]:
            message = chance.choice(good)
            said = dict(message.headers) | headers
            return message.value if value is None else value, list(said.items())

        return record

    def priced(price: str) -> Foreign:
        def record(chance: random.Random) -> tuple[bytes, list]:
            message = chance.choice(good)
            data = json.loads(message.value)
            data["plan"]["list_price_cents"] = "PRICE"
            return json.dumps(data).replace('"PRICE"', price).encode(), list(message.headers.items())

        return record

    def twice(name: str, value: bytes) -> Foreign:
        def record(chance: random.Random) -> tuple[bytes, list]:
            message = chance.choice(good)
            return message.value, [*message.headers.items(), (name, value)]

        return record

    def bare(make: Callable[[random.Random], bytes | None]) -> Foreign:
        return lambda chance: (make(chance), [])

    return {
        "random bytes": bare(lambda chance: chance.randbytes(chance.randrange(400))),
        "tombstones": bare(lambda chance: None),
        "tombstones under our headers": lambda chance: (None, list(chance.choice(good).headers.items())),
        "Avro with a registry's prefix": bare(lambda chance: b"\0" + chance.randbytes(60)),
        "Debezium": bare(
            lambda chance: b'{"payload": {"op": "c", "after": {"id": %d}}}' % chance.randrange(99)
        ),
        "specversion 0.3": like(ce_specversion=b"0.3"),
        "specversion 2.0": like(ce_specversion=b"2.0"),
        "another type": like(ce_type=b"com.example.sold"),
        "a type twice": twice("ce_type", b"com.herdfiber.plan.browsed"),
        "a type in capitals, too": twice("CE_TYPE", b"com.herdfiber.plan.browsed"),
        "an id that is not UTF-8": like(ce_id=b"\xff\xfe"),
        "an id without value": like(ce_id=None),
        "a batch of events": lambda chance: (
            b"[]",
            [("content-type", b"application/cloudevents-batch+json")],
        ),
        "a negative price": priced("-3999"),
        "a price as text": priced('"39.99"'),
        "a price as a fraction": priced("39.99"),
        "a price beyond all bounds": priced("9" * 40),
        "a price of NaN": priced("NaN"),
        "a price twice": priced('3999, "list_price_cents": 1'),
        "deep JSON": like(value=b"[" * 5_000),
    }


def large(chance: random.Random) -> tuple[bytes, list]:
    """900 KB that is no event."""
    return b'{"blob": "' + b"x" * 900_000 + b'"}', []


def producer(servers: str, **settings: object) -> confluent_kafka.Producer:
    ours = {"bootstrap.servers": servers, "linger.ms": 20, "message.max.bytes": 2_000_000}
    return confluent_kafka.Producer(
        ours | {name.replace("_", "."): value for name, value in settings.items()}
    )


def write(to: confluent_kafka.Producer, topic: str, record: Record, chance: random.Random) -> None:
    value, headers = record
    partition, key = chance.randrange(PARTITIONS), chance.choice([None, b"A-1", b"\xff\x00"])
    to.produce(topic, value, key, partition, headers=headers)
    to.poll(0)


def transactions(servers: str, topic: str, taken_back: list[Record], given: list[Record]) -> None:
    """One that is aborted, and one that is committed."""
    for records, end in ((taken_back, "abort_transaction"), (given, "commit_transaction")):
        to = producer(servers, transactional_id=uuid4().hex)
        to.init_transactions(20)
        to.begin_transaction()
        for record in records:
            write(to, topic, record, random.Random(0))
        assert to.flush(20) == 0
        getattr(to, end)(20)


@pytest.mark.timeout(240)
def test_ten_thousand_foreign_records_among_five_hundred_good_ones_cost_no_sale(chapter, company):
    chance, design = random.Random(7), chapter.event_driven()
    servers, apache = chapter.cluster.bootstrap_servers, chapter.cluster.broker.isolates
    actions = days.generated_day(company, 11, GOOD)
    good = [encode(happened(action, company.plans)) for action in actions]
    records = [(message.value, list(message.headers.items())) for message in good]
    kinds = foreign_kinds(good)
    foreign = [kinds[kind](chance) for kind in list(kinds) * (FOREIGN // len(kinds))] + [
        large(chance)
    ] * LARGE
    given = records[:50] if apache else []
    everything = records[len(given) :] + foreign
    chance.shuffle(everything)
    writers = [producer(servers, compression_codec=codec) for codec in CODECS]
    for number, record in enumerate(everything):
        write(writers[number % len(writers)], design.topic, record, chance)
    assert [writer.flush(30) for writer in writers] == [0] * len(CODECS)
    if apache:  # the embedded broker isolates no transaction
        stolen = [
            (value, [*headers[:3], ("ce_id", b"x-%d" % n), *headers[4:]])
            for n, (value, headers) in enumerate(records)
        ]
        transactions(servers, design.topic, stolen, given)
    design.settle()

    assert {status.partition(";")[0] for status in design.status().values()} == {"running"}
    assert {name: service.set_aside_count for name, service in design.services.items()} == dict.fromkeys(
        design.services, len(foreign)
    )
    reasons = {aside.reason for service in design.services.values() for aside in service.set_aside}
    assert all(reason.isprintable() and 20 < len(reason) < 300 for reason in reasons)
    due = {a.id: cents for a in actions if (cents := expected_cents(a, company.plans))}
    billed = {charge.id: charge.amount_cents for charge in design.charges()}
    wrong = sum(abs(due.get(id, 0) - billed.get(id, 0)) for id in due.keys() | billed.keys())
    print(f"{chapter.cluster.description}: {len(foreign)} foreign records set aside by each service,")
    print(f"{len(billed)} of {len(due)} sales billed, {wrong} cents wrong")
    assert billed == due
