"""The contract: an event survives the topic unchanged, and whatever else lies there is told apart."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from cloudevents.core.bindings.kafka import to_structured_event
from cloudevents.core.v1.event import CloudEvent
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from fiberlab.domain import ACTIONS, MOST_CENTS, Action, Actor, Plan
from fiberlab.eventdriven import events
from fiberlab.eventdriven.events import EVENT_TYPES, Event, UnreadableEventError, decode, encode, happened
from fiberlab.ledger import Ledger

PLANS = {"Fiber 300": Plan("Fiber 300", 3999)}
SALE = Action(
    "a-1",
    "purchase_plan",
    "A-1",
    Actor("installer", "I-1"),
    "Fiber 300",
    datetime(2026, 3, 2, 9, 30, tzinfo=UTC),
)
DATA = {
    "account_id": "A-1",
    "actor": {"kind": "installer", "id": "I-1"},
    "plan": {"name": "Fiber 300", "list_price_cents": 3999},
}
HEADERS = {
    "ce_specversion": b"1.0",
    "ce_type": b"com.herdfiber.plan.purchased",
    "ce_source": b"/herd-fiber/gateway",
    "ce_id": b"a-1",
    "ce_time": b"2026-03-02T09:30:00Z",
    "ce_partitionkey": b"A-1",
    "content-type": b"application/json",
}
MISSING = object()

# A CloudEvents attribute holds no control character and no noncharacter (CloudEvents 1.0.2, 3.1).
texts = st.text(st.characters(exclude_categories=["C"]), min_size=1).filter(lambda text: text == text.strip())
zones = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
actions = st.builds(
    Action,
    id=texts,
    name=st.sampled_from(ACTIONS),
    account_id=texts,
    actor=st.builds(Actor, texts, texts),
    plan=st.just("P"),
    at=st.datetimes(timezones=zones),
)


def record(headers: dict[str, object] | None = None, data: object = DATA) -> tuple[list, bytes, bytes]:
    """The record of SALE's event with some headers changed (MISSING: left out), and this data."""
    changed = HEADERS | (headers or {})
    kept = [(name, value) for name, value in changed.items() if value is not MISSING]
    return kept, b"A-1", data if isinstance(data, bytes) else json.dumps(data).encode()


def structured(attributes: dict[str, object], data: object) -> tuple[list, bytes | None, bytes]:
    message = to_structured_event(CloudEvent(attributes, data))
    return list(message.headers.items()), None, message.value


def reason(headers: list, key: bytes | None, value: object) -> str:
    """Why the record is set aside: a sentence that a person can read, and that fits into a line or two."""
    with pytest.raises(UnreadableEventError) as caught:
        decode(headers, key, value)
    told = str(caught.value)
    assert told.startswith("not an event of ours (")
    assert told.endswith(")")
    assert told.isprintable()
    assert len(told) < 300
    assert not re.search(
        r"\w+Error|pydantic|Traceback|NoneType|cannot be understood|\bNone\b|\bTrue\b", told
    ), told
    return told.removeprefix("not an event of ours (").removesuffix(")")


def read(event: Event) -> Event:
    message = encode(event)
    return decode(list(message.headers.items()), message.key.encode(), message.value)


@given(actions, texts, st.integers(0, MOST_CENTS))
def test_an_event_comes_back_from_the_topic_as_it_was(action, plan, cents):
    event = happened(action, {"P": Plan(plan, cents)})
    assert read(event) == event


@pytest.mark.parametrize("name", ACTIONS)
def test_every_action_has_an_event_of_its_own_type(name):
    event = happened(replace(SALE, name=name), PLANS)
    assert type(read(event)) is type(event)
    assert name == type(event).ACTION


def test_no_two_event_types_share_a_type_or_an_action():
    assert len({event_type.TYPE for event_type in EVENT_TYPES}) == len(EVENT_TYPES) == len(ACTIONS)
    assert {event_type.ACTION for event_type in EVENT_TYPES} == set(ACTIONS)


def test_an_event_says_what_happened_and_by_whom():
    event = happened(SALE, PLANS)
    assert (event.source, event.id, event.time) == ("/herd-fiber/gateway", "a-1", SALE.at)
    assert event.model_dump(exclude={"source", "id", "time"}) == DATA


def test_an_event_keeps_the_price_of_its_moment_when_the_price_list_changes():
    plans = dict(PLANS)
    message = encode(happened(SALE, plans))
    plans["Fiber 300"] = Plan("Fiber 300", 9999)
    event = decode(message.headers.items(), message.key.encode(), message.value)
    assert event.plan.list_price_cents == 3999


@pytest.mark.parametrize(("part", "field"), [(None, "id"), ("actor", "kind"), ("plan", "list_price_cents")])
def test_a_fact_cannot_be_changed(part, field):
    event = happened(SALE, PLANS)
    with pytest.raises(ValidationError, match="frozen"):
        setattr(getattr(event, part) if part else event, field, "other")


def test_on_the_topic_it_is_a_cloudevent_in_binary_mode_keyed_by_its_account():
    message = encode(happened(SALE, PLANS))
    assert message.headers == HEADERS
    assert message.key == "A-1"
    assert json.loads(message.value) == DATA


ATTRIBUTES = {
    "source": "/herd-fiber/gateway",
    "id": "a-1",
    "time": SALE.at,
    "type": "com.herdfiber.plan.purchased",
    "datacontenttype": "application/json",
}


def test_the_order_of_headers_does_not_matter():
    headers, key, value = record()
    assert decode(headers[::-1], key, value) == happened(SALE, PLANS)


def changed_plan(**changes: object) -> dict[str, object]:
    return DATA | {"plan": DATA["plan"] | changes}


STRUCTURED = ("content-type", b"application/cloudevents+json")
ENVELOPE = {name: text for name, text in ATTRIBUTES.items() if name not in ("id", "time")}
ENVELOPE |= {"specversion": "1.0", "time": "2026-03-02T09:30:00Z", "data": DATA}
UNREADABLE = {
    "no headers": ([], b"A-1", b"{}"),
    "nothing at all": ([], None, None),
    "a tombstone": (record()[0], b"A-1", None),
    "an empty value": record(data=b""),
    "not JSON": record(data=b"{"),
    "not UTF-8": record(data=b"\xff"),
    "a list": record(data=[]),
    "null": record(data=None),
    "a number": record(data=5),
    "unknown type": record({"ce_type": b"com.herdfiber.plan.stolen"}),
    "no type": record({"ce_type": MISSING}),
    "no source": record({"ce_source": MISSING}),
    "no id": record({"ce_id": MISSING}),
    "empty id": record({"ce_id": b""}),
    "no time": record({"ce_time": MISSING}),
    "naive time": record({"ce_time": b"2026-03-02T09:30:00"}),
    "broken time": record({"ce_time": b"yesterday"}),
    "no version": record({"ce_specversion": MISSING}),
    "a header of None": record({"ce_id": None}),
    "a header that is not UTF-8": record({"ce_id": b"\xff"}),
    "no account": record(data={name: part for name, part in DATA.items() if name != "account_id"}),
    "no actor": record(data={name: part for name, part in DATA.items() if name != "actor"}),
    "no plan": record(data={name: part for name, part in DATA.items() if name != "plan"}),
    "account a number": record(data=DATA | {"account_id": 5}),
    "actor as text": record(data=DATA | {"actor": "installer"}),
    "actor without id": record(data=DATA | {"actor": {"kind": "installer"}}),
    "a lone surrogate": record(data=DATA | {"account_id": "\ud800"}),
    "no price": record(data=DATA | {"plan": {"name": "Fiber 300"}}),
    "renamed price": record(data=DATA | {"plan": {"name": "Fiber 300", "price_cents": 3999}}),
    "a second id in the data": record(data=DATA | {"id": "a-2"}),
    "structured and broken": ([STRUCTURED], None, b"{"),
    "structured and a number": ([STRUCTURED], None, b"5"),
    "structured and without id": ([STRUCTURED], None, json.dumps(ENVELOPE).encode()),
}
UNREADABLE |= {
    f"price {price!r:.20}": record(data=changed_plan(list_price_cents=price))
    for price in (-1, 39.99, 3999.0, "3999", True, None, [], float("nan"), float("inf"), MOST_CENTS + 1)
}


@pytest.mark.parametrize(("headers", "key", "value"), UNREADABLE.values(), ids=UNREADABLE)
def test_a_broken_or_foreign_record_is_unreadable_with_a_reason(headers, key, value):
    assert reason(headers, key, value)


def test_a_record_without_an_id_gets_none_invented_by_the_library_or_its_redelivery_would_charge_again():
    assert (
        CloudEvent({"type": "t", "source": "/s"}).get_id()
        != CloudEvent({"type": "t", "source": "/s"}).get_id()
    )
    assert reason(*UNREADABLE["no id"]) == "the attribute 'id' is missing"


names = st.one_of(st.sampled_from([*HEADERS, "ce_", "CE_ID"]), st.text())
values = st.one_of(st.sampled_from(list(HEADERS.values())), st.binary(), st.none())
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from([*DATA, "name", "kind", "id"]), inner),
    max_leaves=12,
)
payloads = st.one_of(st.none(), st.binary(), json_values.map(lambda value: json.dumps(value).encode()))


@given(st.lists(st.tuples(names, values)), st.none() | st.binary(), payloads)
@example([], None, None)
def test_whatever_lies_on_the_topic_is_an_event_or_unreadable_and_nothing_else(headers, key, value):
    assert readable_or_not(headers, key, value)


almost = st.fixed_dictionaries(
    {
        "account_id": st.text() | json_values,
        "actor": st.fixed_dictionaries({"kind": st.text(), "id": st.text()}) | json_values,
        "plan": st.fixed_dictionaries({"name": st.text(), "list_price_cents": st.integers() | json_values}),
    }
)


@given(payloads | almost.map(lambda value: json.dumps(value).encode()))
@example(json.dumps(DATA | {"account_id": "\ud800"}).encode())
def test_whatever_lies_under_the_right_headers_is_an_event_or_unreadable(value):
    assert readable_or_not(list(HEADERS.items()), b"A-1", value)


@given(st.sampled_from(list(HEADERS)), st.none() | st.binary() | st.text().map(str.encode))
def test_whatever_one_header_says_the_record_is_an_event_or_unreadable(name, value):
    headers, key, data = record({name: value})
    assert readable_or_not(headers, key, data)


def readable_or_not(headers: list, key: bytes | None, value: bytes | None) -> bool:
    """Whether the record is an event that a ledger can take, or unreadable with a reason."""
    try:
        event = decode(headers, key, value)
    except UnreadableEventError:
        return bool(reason(headers, key, value))
    with Ledger(Path(":memory:")) as ledger:
        return ledger.write(events.charge(event, event.plan.list_price_cents))
