"""Ten thousand foreign records among two thousand good ones: each is set aside, with its reason."""

import json
import random
import re
from collections import Counter
from collections.abc import Callable, Iterable
from uuid import uuid4

import confluent_kafka
import pytest
from cloudevents.core.bindings.kafka import to_structured_event
from cloudevents.core.v1.event import CloudEvent

from classroom.world import company as days
from fiberlab.domain import expected_cents
from fiberlab.eventdriven.events import ENVELOPE, Event, encode, happened

FOREIGN, GOOD, PARTITIONS = 10_000, 2_000, 4
CODECS = ("none", "gzip", "snappy", "lz4", "zstd")
Record = tuple[bytes | None, list]
Foreign = Callable[[random.Random], Record]
Place = tuple[int, int]  # partition and offset
LARGE, LARGE_BYTES = 4, 200_000  # the embedded broker keeps 5 MiB of a partition, and so few of its letters


def foreign_kinds(good: list) -> dict[str, tuple[Foreign, str]]:
    """What foreign producers write: a function of a random generator that makes value and headers, and why
    such a record is set aside.
    """

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

    no_event = "it is no CloudEvent"
    return {
        "random bytes": (bare(lambda chance: chance.randbytes(chance.randrange(400))), no_event),
        "tombstones": (bare(lambda chance: None), no_event),
        "tombstones under our headers": (
            lambda chance: (None, list(chance.choice(good).headers.items())),
            "it has no data",
        ),
        "Avro with a registry's prefix": (bare(lambda chance: b"\0" + chance.randbytes(60)), no_event),
        "Debezium": (
            bare(lambda chance: b'{"payload": {"op": "c", "after": {"id": %d}}}' % chance.randrange(99)),
            no_event,
        ),
        "specversion 0.3": (like(ce_specversion=b"0.3"), "its specversion is '0.3'"),
        "specversion 2.0": (like(ce_specversion=b"2.0"), "its specversion is '2.0'"),
        "another type": (like(ce_type=b"com.example.sold"), "unknown type 'com.example.sold'"),
        "a type twice": (twice("ce_type", b"com.herdfiber.plan.browsed"), "'ce_type' is there 2 times"),
        "a type in capitals, too": (twice("CE_TYPE", b"com.herdfiber.plan.browsed"), "'ce_type' is there 2"),
        "an id that is not UTF-8": (like(ce_id=b"\xff\xfe"), "'ce_id' is not UTF-8"),
        "an id without value": (like(ce_id=None), "'id' is missing"),
        "a batch of events": (
            lambda chance: (b"[]", [("content-type", b"application/cloudevents-batch+json")]),
            "its format is 'application/cloudevents-batch",
        ),
        "a negative price": (priced("-3999"), "must not be negative, got -3999"),
        "a price as text": (priced('"39.99"'), "must be a whole number, got '39.99'"),
        "a price as a fraction": (priced("39.99"), "must be a whole number, got 39.99"),
        "a price beyond all bounds": (priced("9" * 40), "must be at most 1000000000000, got 9999"),
        "a price of NaN": (priced("NaN"), "its JSON has NaN"),
        "a price twice": (priced('3999, "list_price_cents": 1'), "says 'list_price_cents' 2 times"),
        "deep JSON": (like(value=b"[" * 1_500), "is nested too deeply|is not JSON"),
    }


def large(chance: random.Random) -> tuple[bytes, list]:
    """Many bytes that are no event."""
    return b'{"blob": "' + b"x" * LARGE_BYTES + b'"}', []


def structured(event: Event) -> Record:
    """The event in one piece, as the CloudEvents SDK writes it: as good as in headers and a value."""
    said = {"source": event.source, "id": event.id, "time": event.time, "type": event.TYPE}
    message = to_structured_event(CloudEvent(said, event.model_dump(exclude=ENVELOPE)))
    return message.value, list(message.headers.items())


def producer(servers: str, **settings: object) -> confluent_kafka.Producer:
    ours = {"bootstrap.servers": servers, "linger.ms": 20, "message.max.bytes": 2_000_000}
    return confluent_kafka.Producer(
        ours | {name.replace("_", "."): value for name, value in settings.items()}
    )


def write(to: confluent_kafka.Producer, topic: str, record: Record, chance: random.Random) -> list[Place]:
    """A list that holds the record's place, once the broker has it."""
    (value, headers), place = record, []
    partition, key = chance.randrange(PARTITIONS), chance.choice([None, b"A-1", b"\xff\x00"])

    def written(_: object, message: confluent_kafka.Message) -> None:
        place.append((message.partition(), message.offset()))

    to.produce(topic, value, key, partition, headers=headers, on_delivery=written)
    to.poll(0)
    return place


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


def misplaced(letters: Iterable[tuple[Place, str]], due: dict[Place, str]) -> list[str]:
    """The letters about no foreign record, or with another reason than it must have."""
    return [
        f"{place}: {reason!r}, not {due.get(place)!r}"
        for place, reason in letters
        if place not in due or not re.search(due[place], reason) or not reason.isprintable()
    ]


@pytest.mark.timeout(400)
def test_ten_thousand_foreign_records_among_two_thousand_good_ones_cost_no_sale(chapter, company):
    chance, design = random.Random(7), chapter.event_driven()
    servers, apache = chapter.cluster.bootstrap_servers, chapter.cluster.broker.isolates
    actions = days.generated_day(company, 11, GOOD)
    events = [happened(action, company.plans) for action in actions]
    good = [encode(event) for event in events]
    records = [(message.value, list(message.headers.items())) for message in good]
    given, stolen = (records[:50], records) if apache else ([], [])  # the embedded broker isolates nothing
    kinds = foreign_kinds(good)
    foreign = [(make(chance), why) for make, why in [*kinds.values()] * (FOREIGN // len(kinds))]
    foreign += [(large(chance), "it is no CloudEvent")] * LARGE
    in_pieces = [records[n] if n % 2 else structured(event) for n, event in enumerate(events)]
    everything = [(record, "") for record in in_pieces[len(given) :]] + foreign
    chance.shuffle(everything)
    writers = [producer(servers, compression_codec=codec) for codec in CODECS]
    places = [
        (write(writers[number % len(writers)], design.topic, record, chance), why)
        for number, (record, why) in enumerate(everything)
    ]
    assert [writer.flush(30) for writer in writers] == [0] * len(CODECS)
    if apache:
        taken_back = [
            (value, [*headers[:3], ("ce_id", b"x-%d" % n), *headers[4:]])
            for n, (value, headers) in enumerate(stolen)
        ]
        transactions(servers, design.topic, taken_back, given)
    design.settle()

    assert {status.partition(";")[0] for status in design.status().values()} == {"running"}
    due = {place: why for (place,), why in places if why}
    letters = design.letters()
    assert Counter(letter.service for letter in letters) == dict.fromkeys(design.services, len(foreign))
    said = {((letter.record.partition, letter.record.offset), letter.reason) for letter in letters}
    assert (len(said), misplaced(said, due)) == (len(foreign), [])
    owed = {a.id: cents for a in actions if (cents := expected_cents(a, company.plans))}
    billed = {charge.id: charge.amount_cents for charge in design.charges()}
    wrong = sum(abs(owed.get(id, 0) - billed.get(id, 0)) for id in owed.keys() | billed.keys())
    print(f"{chapter.cluster.description}: {len(foreign)} foreign records set aside by each service,")
    print(f"{len(billed)} of {len(owed)} sales billed, {wrong} cents wrong")
    assert billed == owed
