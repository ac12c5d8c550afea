"""What no retry can help is kept on the dead-letter topic as it came, and a redrive bills each once."""

import json
from collections.abc import Callable
from contextlib import closing

import confluent_kafka
import pytest

from classroom.chapter import Chapter
from classroom.world.designs import EventDriven
from classroom.world.traffic import replay
from fiberlab.database import DatabaseDownError
from fiberlab.domain import Action, expected_cents
from fiberlab.eventdriven.events import Event, UnreadableEventError, encode, happened
from fiberlab.eventdriven.redrive import Redriven
from fiberlab.eventdriven.service import HandlerError

NAME = "customer-billing"


@pytest.fixture
def design(chapter: Chapter) -> EventDriven:
    return chapter.event_driven()


@pytest.fixture
def sales(chapter) -> list[Action]:
    """Three sales of three customers."""
    return [a for a in chapter.day if a.name == "purchase_plan" and a.actor.kind == "customer"][:3]


def put(design: EventDriven, value: bytes | None, headers: list, key: bytes | None = b"A-1") -> None:
    """As a foreign client does it: kafka-python writes no header without a value."""
    producer = confluent_kafka.Producer({"bootstrap.servers": design.cluster.bootstrap_servers})
    producer.produce(design.topic, value, key, 2, headers=headers)
    assert producer.flush(10) == 0


def with_price_as_text(design: EventDriven, action: Action, company) -> None:
    message = encode(happened(action, company.plans))
    data = json.loads(message.value)
    data["plan"]["list_price_cents"] = "$99.99"
    put(design, json.dumps(data).encode(), list(message.headers.items()), message.key.encode())


def picky(design: EventDriven, name: str, refused: set[str]) -> Callable[[Event], None]:
    """A listener that cannot read these events until they are taken off the set."""
    seen: list[str] = []

    def handle(event: Event) -> None:
        if event.id in refused:
            raise UnreadableEventError(f"{event.id!r} is too new for this service")
        seen.append(event.id)

    handle.seen = seen
    design.add(name, handle)
    return handle


def test_a_letter_is_the_record_as_it_came_with_reason_and_origin(design):
    headers = [("ce_id", None), ("trace", b"\xff"), ("trace", b"2"), ("dead-letter-reason", b"a forgery")]
    put(design, b"\x00Avro", headers, key=b"\x01\xff")
    put(design, None, [], key=None)
    design.settle()
    first, second = [letter for letter in design.letters() if letter.service == NAME]
    assert (first.record.key, first.record.value) == (b"\x01\xff", b"\x00Avro")
    assert first.record.headers == headers
    assert (second.record.key, second.record.value, second.record.headers) == (None, None, [])
    assert [
        (letter.record.topic, letter.record.partition, letter.record.offset) for letter in (first, second)
    ] == [
        (design.topic, 2, 0),
        (design.topic, 2, 1),
    ]
    assert first.reason.startswith("not an event of ours (")


def test_a_foreign_client_reads_reason_and_origin_from_the_headers(design):
    put(design, b"hello", [])
    design.settle()
    settings = {"group.id": "foreign", "auto.offset.reset": "earliest"}
    consumer = confluent_kafka.Consumer({"bootstrap.servers": design.cluster.bootstrap_servers} | settings)
    with closing(consumer):
        consumer.assign([confluent_kafka.TopicPartition(design.dead_letters, 2, 0)])
        said = dict(consumer.poll(10).headers())
    assert said["dead-letter-topic"].decode() == design.topic
    assert (said["dead-letter-partition"], said["dead-letter-offset"]) == (b"2", b"0")
    assert said["dead-letter-reason"].startswith(b"not an event of ours (")


def test_a_restart_forgets_no_letter(design):
    put(design, b"hello", [])
    design.settle()
    design.stop(NAME)
    design.start(NAME)
    design.settle()
    assert [letter.service for letter in design.letters()].count(NAME) == 1


def test_each_service_has_its_own_letters(design, company, sales):
    picky(design, "newcomer", {sales[0].id})
    replay(sales, design.url)
    design.settle()
    assert [(letter.service, letter.reason) for letter in design.letters()] == [
        ("newcomer", f"{sales[0].id!r} is too new for this service")
    ]
    assert design.redrive(NAME) == Redriven(0, 0)


def test_a_redrive_hands_each_letter_to_its_service_once(design, sales):
    refused = {sales[0].id, sales[2].id}
    newcomer = picky(design, "newcomer", refused)
    replay(sales, design.url)
    design.settle()
    assert newcomer.seen == [sales[1].id]
    refused.clear()
    assert design.redrive("newcomer") == Redriven(2, 0)
    assert sorted(newcomer.seen) == sorted(action.id for action in sales)
    assert design.redrive("newcomer") == Redriven(0, 0)
    assert len(newcomer.seen) == 3


def test_what_cannot_be_handled_yet_is_kept_again_with_its_first_origin(design, sales):
    refused = {sales[0].id, sales[2].id}
    newcomer = picky(design, "newcomer", refused)
    replay(sales, design.url)
    design.settle()
    refused.discard(sales[0].id)
    assert design.redrive("newcomer") == Redriven(1, 1)
    assert design.redrive("newcomer") == Redriven(0, 1)
    refused.clear()
    assert design.redrive("newcomer") == Redriven(1, 0)
    assert sorted(newcomer.seen) == sorted(action.id for action in sales)
    kept = [letter.record for letter in design.letters() if letter.record.key == sales[2].account_id.encode()]
    assert len(kept) == 3
    assert len({(record.topic, record.offset) for record in kept}) == 1


def test_a_redrive_that_fails_half_way_is_done_again_and_bills_each_once(design, company, sales):
    calls: list[str] = []
    mended = {"": False}

    def handle(event: Event) -> None:
        if not mended[""]:
            raise UnreadableEventError("too new")
        calls.append(event.id)
        if len(calls) == 2:
            raise DatabaseDownError("the disk is full")

    design.add("newcomer", handle)
    replay(sales, design.url)
    design.settle()
    mended[""] = True
    with pytest.raises(HandlerError, match="the disk is full"):
        design.redrive("newcomer")
    assert design.redrive("newcomer") == Redriven(3, 0)
    assert set(calls) == {action.id for action in sales}


def test_a_sale_that_was_set_aside_is_billed_once_after_a_redrive(design, company, sales, monkeypatch):
    """The service learns to read dollars; nothing but its reader changes."""
    with_price_as_text(design, sales[0], company)
    replay(sales[1:], design.url)
    design.settle()
    due = {action.id: expected_cents(action, company.plans) for action in sales}
    assert {c.id for c in design.charges()} == {action.id for action in sales[1:]}
    price = company.plans[sales[0].plan].list_price_cents

    def mended(headers, key, value):
        return decode(headers, key, value.replace(b'"$99.99"', str(price).encode()))

    decode = pytest.importorskip("fiberlab.eventdriven.events").decode
    monkeypatch.setattr("fiberlab.eventdriven.service.decode", mended)
    assert design.redrive(NAME) == Redriven(1, 0)
    assert {c.id: c.amount_cents for c in design.charges()} == due
    assert design.redrive(NAME) == Redriven(0, 0)
    assert design.redrive("installer-billing") == Redriven(1, 0)
    assert {c.id: c.amount_cents for c in design.charges()} == due


def test_a_record_that_is_too_large_to_keep_is_kept_as_its_place(design):
    large = b"x" * 1_200_000
    producer = confluent_kafka.Producer(
        {
            "bootstrap.servers": design.cluster.bootstrap_servers,
            "compression.codec": "gzip",
            "message.max.bytes": 4_000_000,
        }
    )
    producer.produce(design.topic, large, partition=1)
    assert producer.flush(20) == 0
    design.settle()
    first, _ = design.letters()
    assert first.record.value is None
    assert (first.record.partition, first.record.offset) == (1, 0)
    assert first.reason.endswith("it is too large to be kept here, read it at its place")


@pytest.mark.embedded
def test_letters_that_the_broker_has_removed_are_told_once(design):
    for _ in range(3):
        put(design, b"hello", [])
    design.settle()
    design.cluster.broker.truncate(design.dead_letters, 2, 4)  # of three letters of each service
    assert design.redrive(NAME).removed == 4
    assert design.redrive(NAME).removed == 0


def test_a_record_that_is_no_letter_disturbs_no_redrive(design, sales):
    refused = {sales[0].id}
    newcomer = picky(design, "newcomer", refused)
    with design.cluster.producer() as producer:
        producer.send(design.dead_letters, b"what is this", partition=0).get(timeout=10)
    replay(sales, design.url)
    design.settle()
    refused.clear()
    assert design.redrive("newcomer") == Redriven(1, 0)
    assert len(newcomer.seen) == 3
