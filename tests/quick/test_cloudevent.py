"""What other programs write: a valid CloudEvent of ours is read, and what says two things is set aside."""

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest
from cloudevents.core.bindings.kafka import to_binary_event, to_structured_event
from cloudevents.core.v1.event import CloudEvent
from cloudevents.v1 import kafka as sdk1
from cloudevents.v1.http import CloudEvent as CloudEvent1
from hypothesis import given
from hypothesis import strategies as st

from fiberlab.eventdriven import cloudevent
from fiberlab.eventdriven.cloudevent import RecordError, moment
from fiberlab.eventdriven.events import decode, happened
from tests.quick.test_events import ATTRIBUTES, DATA, HEADERS, PLANS, SALE, reason

VALUE = json.dumps(DATA).encode()
SALE_EVENT = happened(SALE, PLANS)
OURS = list(HEADERS.items())
ENVELOPE = {
    "specversion": "1.0",
    "type": "com.herdfiber.plan.purchased",
    "source": "/herd-fiber/gateway",
    "id": "a-1",
    "time": "2026-03-02T09:30:00Z",
}
PIECE = ("content-type", b"application/cloudevents+json")
ONE = [PIECE]  # a record in structured mode: all in one piece
LONE = "\ud800"


def changed(**headers: bytes | None) -> list[tuple[str, bytes | None]]:
    """Our headers with some changed, named without ce_."""
    return list((HEADERS | {f"ce_{name}": value for name, value in headers.items()}).items())


def typed(content_type: bytes) -> list[tuple[str, bytes | None]]:
    return list((HEADERS | {"content-type": content_type}).items())


def media(content_type: bytes) -> list[tuple[str, bytes | None]]:
    return [("content-type", content_type)]


def envelope(data: object = DATA, **changes: object) -> bytes:
    return json.dumps(ENVELOPE | {"data": data} | changes).encode()


def in_base64(**changes: object) -> bytes:
    return json.dumps(ENVELOPE | {"data_base64": base64.b64encode(VALUE).decode()} | changes).encode()


def sdk(message: object) -> tuple[list, object, bytes]:
    key = message.key.encode() if isinstance(message.key, str) else message.key
    return list(message.headers.items()), key, message.value


PYTHON_1 = CloudEvent1(ATTRIBUTES | {"time": "2026-03-02T09:30:00+00:00", "partitionkey": "A-1"}, DATA)
VALID = {
    # headers and keys that are none of CloudEvents' business
    "binary header": ([*OURS, ("retry-offset", b"\x00\x00\xc8\xff")], b"A-1", VALUE),
    "header without value": ([*OURS, ("note", None)], b"A-1", VALUE),
    "foreign header twice": ([*OURS, ("x-hop", b"1"), ("x-hop", b"2")], b"A-1", VALUE),
    "nameless header": ([*OURS, ("", b"")], b"A-1", VALUE),
    "name not UTF-8, as our consumers have it": ([(r"\xff\xfe", b"v"), *OURS], b"A-1", VALUE),
    "a ce- of HTTP": ([*OURS, ("ce-type", b"com.herdfiber.plan.browsed")], b"A-1", VALUE),
    "capitals of an attribute that is not there": ([*OURS, ("CE_Subject", b"x")], b"A-1", VALUE),
    "binary key": (OURS, b"\x00\x00\x01\x1f\x71\xfb\x04\xcb", VALUE),
    "no key": (OURS, None, VALUE),
    "empty key": (OURS, b"", VALUE),
    "another key": (OURS, b"A-2", VALUE),
    # attributes
    "extensions": (changed(traceparent=b"00-ab-cd-01", sequence=b"7", empty=b""), None, VALUE),
    "extension without value": (changed(subject=None, traceparent=None), None, VALUE),
    "no partitionkey": ([header for header in OURS if header[0] != "ce_partitionkey"], None, VALUE),
    "optional ones": (changed(subject=b"A-1", dataschema=b"https://example.com/s.json"), None, VALUE),
    # media types
    "no content type": ([header for header in OURS if header[0] != "content-type"], None, VALUE),
    "content type without value": ([*OURS[:-1], ("content-type", None)], None, VALUE),
    "capitals": (typed(b"Application/JSON"), None, VALUE),
    "charset": (typed(b"application/json;charset=UTF-8"), None, VALUE),
    "charset, spaced": (typed(b' application/json ; charset="utf-8"; x=y'), None, VALUE),
    "text/json": (typed(b"text/json"), None, VALUE),
    "+json": (typed(b"application/vnd.herdfiber.sale.v1+json"), None, VALUE),
    "+JSON": (typed(b"application/vnd.herdfiber+JSON; v=1"), None, VALUE),
    "said again, as the JavaScript SDK does": (changed(datacontenttype=b"application/json"), None, VALUE),
    "said again, differently spelled": (changed(datacontenttype=b"Application/json;v=1"), None, VALUE),
    # JSON
    "byte order mark": (OURS, None, b"\xef\xbb\xbf" + VALUE),
    "spaces and escapes": (
        OURS,
        None,
        b"\n " + json.dumps(DATA, indent=2).replace("A-1", r"\u0041-1").encode(),
    ),
    "unknown fields": (OURS, None, json.dumps(DATA | {"x": [1.5, {"a": None}], "y": 10**300}).encode()),
    # in one piece
    "structured": (ONE, None, envelope(datacontenttype="application/json")),
    "structured, type left out": (ONE, b"\xff", envelope()),
    "structured, charset": (
        [("content-type", b"application/cloudevents+json; charset=utf-8")],
        None,
        envelope(),
    ),
    "structured, capitals": (
        [("content-type", b"Application/CloudEvents+JSON;charset=UTF-8")],
        None,
        envelope(),
    ),
    "structured, nulls": (
        ONE,
        None,
        envelope(subject=None, dataschema=None, datacontenttype=None),
    ),
    "structured, +json": (ONE, None, envelope(datacontenttype="application/x+json")),
    "structured, extensions": (ONE, None, envelope(sequence=7, sampled=True, note="x")),
    "structured, headers too": (
        [
            PIECE,
            *(changed(sequence=b"7", sampled=b"true")[:6]),
            ("ce_sequence", b"7"),
            ("ce_sampled", b"true"),
        ],
        None,
        envelope(sequence=7, sampled=True),
    ),
    "structured, headers with another clock": (
        [PIECE, *changed(time=b"2026-03-02T10:30:00.0+01:00")[:-1]],
        None,
        envelope(),
    ),
    "structured, base64": (ONE, None, in_base64()),
    "structured, base64 and type": (ONE, None, in_base64(datacontenttype="application/json")),
    "structured, unset base64": (ONE, None, envelope(data_base64=None)),
    "structured, without any header": ([], None, envelope()),
    # what the SDKs write
    "Python SDK, binary": sdk(to_binary_event(CloudEvent(dict(ATTRIBUTES), DATA))),
    "Python SDK, structured": sdk(to_structured_event(CloudEvent(dict(ATTRIBUTES), DATA))),
    "Python SDK, structured bytes": sdk(to_structured_event(CloudEvent(dict(ATTRIBUTES), VALUE))),
    "Python SDK 1, binary": sdk(sdk1.to_binary(PYTHON_1)),
    "Python SDK 1, structured": sdk(sdk1.to_structured(PYTHON_1)),
}


@pytest.mark.parametrize(("headers", "key", "value"), VALID.values(), ids=VALID)
def test_a_valid_cloudevent_of_ours_is_read_whoever_wrote_it(headers, key, value):
    assert decode(headers, key, value) == SALE_EVENT


def test_nothing_is_percent_decoded_in_kafka():
    assert decode(changed(id=b"a%2D1", source=b"/a%20b"), None, VALUE).id == "a%2D1"


MOMENTS = {
    "2026-03-02T09:30:00Z": "2026-03-02T09:30:00+00:00",
    "2026-03-02t09:30:00z": "2026-03-02T09:30:00+00:00",
    "2026-03-02 09:30:00Z": "2026-03-02T09:30:00+00:00",  # RFC 3339, 5.6: for readability
    "2026-03-02T09:30:00.5Z": "2026-03-02T09:30:00.500000+00:00",
    "2026-03-02T09:30:00.123456789Z": "2026-03-02T09:30:00.123456+00:00",
    "2026-03-02T09:30:00.000000000000000000001Z": "2026-03-02T09:30:00+00:00",
    "2026-03-02T10:30:00+01:00": "2026-03-02T09:30:00+00:00",
    "2026-03-01T23:45:00-09:45": "2026-03-02T09:30:00+00:00",
    "2026-03-02T09:30:00-00:00": "2026-03-02T09:30:00+00:00",
    "2016-12-31T23:59:60Z": "2016-12-31T23:59:59+00:00",  # the month stays December
    "2016-12-31T23:59:60.25Z": "2016-12-31T23:59:59.250000+00:00",
    "2016-12-31T15:59:60-08:00": "2016-12-31T23:59:59+00:00",
    "2017-01-01T05:29:60+05:30": "2016-12-31T23:59:59+00:00",
    "0001-01-01T00:00:00Z": "0001-01-01T00:00:00+00:00",
}
NO_MOMENTS = (
    "", "lunchtime", "2026-03-02", "2026-03-02T09:30:00", "2026-03-02T09:30Z", "2026-03-02T09:30:00X",
    "2026-03-02T09:30:00+05", "2026-03-02T09:30:00+0530", "2026-03-02T09:30:00+25:00",
    "2026-03-02T09:30:00+xx:00", "2026-03-02T09:30:00+01:60", "2026-03-02T24:00:00Z",
    "2026-03-02T09:60:00Z", "2026-03-02T09:30:61Z",
    "2026-03-02T09:30:60Z", "2026-03-02T23:59:60Z", "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z",
    "0000-01-01T00:00:00Z", "9999-12-31T23:59:60Z", "2026-03-02T09:30:00.Z", "2026-03-02T09:30:00Z\n",
    "٢٠٢٦-03-02T09:30:00Z", "20260302T093000Z", "2026-W10-1T09:30:00Z", "1772443800",
)  # fmt: skip


@pytest.mark.parametrize("text", MOMENTS)
def test_a_moment_is_read_in_every_spelling_of_rfc_3339(text):
    assert moment(text) == datetime.fromisoformat(MOMENTS[text])


@pytest.mark.parametrize("text", NO_MOMENTS)
def test_what_is_no_moment_is_shown_beside_one(text):
    with pytest.raises(RecordError, match=r"^'time' must be like '2026-03-02T09:30:00Z', got '"):
        moment(text)


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_moment_is_exact_to_the_microsecond(at):
    assert moment(at.isoformat()) - at == timedelta(0)


TWICE = {
    "type, another": [*OURS, ("ce_type", b"com.herdfiber.plan.browsed")],
    "type, the same": [*OURS, ("ce_type", b"com.herdfiber.plan.purchased")],
    "type in capitals": [*OURS, ("CE_TYPE", b"com.herdfiber.plan.browsed")],
    "type in capitals first": [("Ce_Type", b"com.herdfiber.plan.browsed"), *OURS],
    "id without value": [*OURS, ("ce_id", None)],
    "id not UTF-8": [*OURS, ("ce_id", b"\xff")],
    "extension": [*OURS, ("ce_sequence", b"1"), ("ce_sequence", b"2")],
    "content-type": [*OURS, ("content-type", b"application/json")],
    "Content-Type": [*OURS, ("Content-Type", b"image/png")],
}


@pytest.mark.parametrize("headers", TWICE.values(), ids=TWICE)
def test_an_attribute_with_two_headers_is_not_read(headers):
    assert "times" in reason(headers, None, VALUE)


PLAN_TWICE = VALUE.replace(b'"list_price_cents"', b'"list_price_cents": 1, "list_price_cents"')
BASE64_TWICE = base64.b64encode(PLAN_TWICE).decode()
INVALID = {
    # said twice, or differently
    "media types that differ": (changed(datacontenttype=b"text/plain"), VALUE, "said twice: 'appl"),
    "a price twice": (OURS, PLAN_TWICE, "its JSON says 'list_price_cents' 2 times in one object"),
    "a price twice, escaped": (OURS, PLAN_TWICE.replace(b"list_", rb"\u006cist_", 1), "cents' 2 times"),
    "a foreign field twice": (OURS, VALUE[:-1] + b', "x": {"y": 1, "y": 1}}', "its JSON says 'y' 2 times"),
    "a type twice": (ONE, envelope()[:-1] + b', "type": "x"}', "its JSON says 'type' 2 times"),
    "a price twice, structured": (ONE, envelope().replace(VALUE, PLAN_TWICE), "cents' 2 times"),
    "a price twice, base64": (ONE, in_base64(data_base64=BASE64_TWICE), "2 times"),
    "headers that differ": (
        [("ce_type", b"com.herdfiber.plan.browsed"), PIECE], envelope(), "'type' is said twice: 'com"),
    "times that differ": ([("ce_time", b"2026-03-02T09:30:01Z"), PIECE], envelope(), "'time' is said twice"),
    "both data": (ONE, in_base64(data=DATA), "it has both 'data' and 'data_base64'"),
    "both, one null": (ONE, in_base64(data=None), "it has both 'data' and 'data_base64'"),
    "a time in the data": (OURS, json.dumps(DATA | {"time": "now"}).encode(), "its data says 'time' again"),
    # names
    "all in capitals": ([(name.upper(), value) for name, value in OURS], VALUE, "no header begins with ce_"),
    "one in capitals": ([*OURS[1:], ("CE_SPECVERSION", b"1.0")], VALUE, "'specversion' is missing"),
    "capitals in an extension": (changed(MyExtension=b"1"), VALUE, "may be called 'MyExtension'"),
    "a dot": (ONE, envelope(**{"my.extension": "1"}), "no attribute may be called 'my.extension'"),
    "no name": ([*OURS, ("ce_", b"")], VALUE, "no attribute may be called ''"),
    "a name of 900 KB": ([*OURS, ("ce_" + "X" * 900_000, b"")], VALUE, "no attribute may be called 'XXX"),
    "data as attribute": ([*OURS, ("ce_data", b"{}")], VALUE, "no attribute may be called 'data'"),
    # values
    "version 0.3": (changed(specversion=b"0.3"), VALUE, "its specversion is '0.3'; only '1.0' is read here"),
    "version 1.0.2": (changed(specversion=b"1.0.2"), VALUE, "its specversion is '1.0.2'"),
    "a version as number": (ONE, envelope(specversion=1.0), "'specversion' must be text, got 1.0"),
    "no header value UTF-8": (changed(sequence=b"\xff"), VALUE, "the header 'ce_sequence' is not UTF-8"),
    "a null byte": (changed(id=b"a\x001"), VALUE, r"that no text may: 'a\x001'"),
    "a line break": (changed(source=b"/a\nb"), VALUE, "the attribute 'source' holds a character"),
    "a noncharacter": (changed(source="\ufffe".encode()), VALUE, "the attribute 'source' holds a character"),
    "half a character": (ONE, envelope(id=LONE), r"that no text may: '\ud800'"),
    "empty subject": (changed(subject=b""), VALUE, "the attribute 'subject' is empty"),
    "empty source": (ONE, envelope(source=""), "the attribute 'source' is empty"),
    "id a number": (ONE, envelope(id=25), "the attribute 'id' must be text, got 25"),
    "id an object": (ONE, envelope(id={"a": True}), "must be text, got {'a': true}"),
    "id null": (ONE, envelope(id=None), "the attribute 'id' is missing"),
    "time a number": (ONE, envelope(time=1772443800), "the attribute 'time' must be text"),
    "time null": (ONE, envelope(time=None), "the attribute 'time' is missing"),
    "extension 1.5": (ONE, envelope(rate=1.5), "the attribute 'rate' must be text, got 1.5"),
    "a type of 900 KB": (changed(type=b"x" * 900_000), VALUE, "unknown type 'xxx"),
    "our type in capitals": (changed(type=b"COM.HERDFIBER.PLAN.PURCHASED"), VALUE, "unknown type 'COM.HERD"),
    # formats
    "batch": (media(b"application/cloudevents-batch+json"), b"[]", "its format is 'application/cloudev"),
    "CloudEvents in Avro": (media(b"application/cloudevents+avro"), b"", "+avro'; of CloudEvents in one"),
    "Avro": (typed(b"application/avro"), b"\x00\x00\x00\x00\x07", "'application/avro'; only JSON is read"),
    "JSON's cousin": (typed(b"application/json5"), VALUE, "its data is 'application/json5'"),
    "not a media type": (typed(b"json"), VALUE, "its data is 'json'"),
    "empty content type": (typed(b""), VALUE, "the attribute 'datacontenttype' is empty"),
    "text in one piece": (ONE, envelope(datacontenttype="text/plain"), "its data is 'text/plain'"),
    "JSON as text": (ONE, envelope(json.dumps(DATA)), "its data must be a JSON object, got '"),
    "data left out": (ONE, json.dumps(ENVELOPE).encode(), "it has no data"),
    "bad Base64": (ONE, in_base64(data_base64="a b"), "'data_base64' is not Base64: 'a b'"),
    "Base64 a number": (ONE, in_base64(data_base64=5), "'data_base64' is not Base64: 5"),
    "empty Base64": (ONE, in_base64(data_base64=""), "its data is not JSON"),
    "a list in one piece": (ONE, b"[" + envelope() + b"]", "must be a JSON object, got [{"),
    "one piece, no value": (ONE, None, "its value is not JSON"),
    # records of other systems
    "Avro with a registry's prefix": ([], b"\x00\x00\x00\x00\x07\x02A", "it is no CloudEvent"),
    "JSON with a registry's prefix": (OURS, b"\x00\x00\x00\x00\x07" + VALUE, "its data is not JSON"),
    "Debezium": ([], b'{"schema": {}, "payload": {"op": "c", "after": {"id": 1}}}', "it is no CloudEvent"),
    "a tombstone": ([], None, "it is no CloudEvent"),
    "random bytes": ([], bytes(range(256)), "it is no CloudEvent"),
    "a picture": (media(b"image/png"), b"\x89PNG", "begins with ce_, and its content is 'image/png'"),
    # JSON at its edges
    "deep": (OURS, b'{"a":' * 100_000, "its data is nested too deeply"),
    "deep in one piece": (ONE, b"[" * 900_000, "its value is nested too deeply"),
    "deep price": (OURS, VALUE.replace(b"3999", b"[" * 500 + b"]" * 500), "must be a whole number, got [["),
    "a huge number": (OURS, VALUE.replace(b"3999", b"9" * 900_000), "its JSON has a number of 900000 digits"),
    "1e400": (OURS, VALUE.replace(b"3999", b"1e400"), "must be a whole number, got inf"),
    "-0.0": (OURS, VALUE.replace(b"3999", b"-0.0"), "must be a whole number, got -0.0"),
    "a price as text": (OURS, VALUE.replace(b"3999", b'"39.99"'), "must be a whole number, got '39.99'"),
    "a text of 900 KB": (OURS, VALUE.replace(b"3999", b'"%s"' % (b"9" * 900_000)), "whole number, got '999"),
    "Infinity": (OURS, VALUE[:-1] + b', "x": -Infinity}', "its JSON has -Infinity"),
    "two values": (OURS, VALUE + VALUE, "its data is not JSON"),
    "a comma too many": (OURS, VALUE[:-1] + b",}", "its data is not JSON"),
    "invisible text": (OURS, VALUE.replace(b"3999", '"\u202e\u0007"'.encode()), "its data is not JSON"),
    "right-to-left": (OURS, VALUE.replace(b"3999", '"\u202e"'.encode()), r"whole number, got '\u202e'"),
    "a wide value": (OURS, b"[%s]" % b",".join([b"[%s]" % b",".join([VALUE] * 9)] * 9), "a JSON object"),
    "damaged": ([], ValueError("crc\x00check"), r"its record cannot be read: 'crc\x00check'"),
}  # fmt: skip


@pytest.mark.parametrize(("headers", "value", "words"), INVALID.values(), ids=INVALID)
def test_what_is_no_event_of_ours_is_set_aside_with_the_reason(headers, value, words):
    assert words in reason(headers, b"A-1", value)


# As in the suite of the CloudEvents project: events that are not ours, but valid.
FOREIGN = {"specversion": "1.0", "id": "1", "type": "io.cloudevents.test", "source": "https://cloudevents.io"}


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"datacontenttype": None, "dataschema": None, "subject": None, "time": None},
        {"datacontenttype": "text/plain", "dataschema": "https://cloudevents.io/s", "subject": "tests"},
        {"source": "#fragment", "time": "2018-04-05T17:31:00Z"},
        {"datacontenttype": "text/plain", "data": "Simple text"},
        {"extinteger": 10, "extboolean": True, "exturiref": "//authority/path", "extbinary": "TWE="},
    ],
)
def test_a_valid_event_of_somebody_else_is_told_by_its_type(more):
    assert reason(ONE, None, json.dumps(FOREIGN | more).encode()) == "unknown type 'io.cloudevents.test'"


def test_a_record_made_to_be_slow_is_judged_in_one_pass():
    many = range(20_000)
    value = json.dumps({str(number): 1 for number in many})[:-1].encode() + b', "1": 1}'
    headers = [
        *OURS,
        *((f"x-{number}", b"") for number in many),
        *((f"ce_x{number}", b"") for number in many),
    ]
    assert reason(headers, None, value) == "its JSON says '1' 2 times in one object"


def test_a_cloudevent_carries_its_data_as_it_came():
    read = cloudevent.read(changed(), VALUE)
    assert (read.attributes["id"], read.data) == ("a-1", VALUE)
