"""A record read as a CloudEvent 1.0 with JSON data: the CloudEvents Kafka binding and JSON format, 1.0.2.

Only headers that begin with ce_ and content-type are CloudEvents' business; other headers and the key hold
what they like. What is said twice is not read, because nobody knows which of the two is meant. It does not
know which events are ours.
"""

import base64
import json
import re
import reprlib
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

STRUCTURED = "application/cloudevents+json"
_REQUIRED = ("specversion", "id", "source", "type")
_CORE = (*_REQUIRED, "time", "subject", "dataschema", "datacontenttype")  # all others are extensions
_NONCHARACTERS = "".join(
    chr(plane + last) for plane in range(0, 0x110000, 0x10000) for last in (0xFFFE, 0xFFFF)
)
_FORBIDDEN = re.compile(f"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef{_NONCHARACTERS}]")
_NAME = re.compile("[a-z0-9]+")
_JSON = re.compile(r"[^/]+/([^/]+\+)?json")
_MOMENT = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ]((?:[01]\d|2[0-3]):[0-5]\d):(\d\d)(\.\d+)?([Zz]|[+-]\d\d:[0-5]\d)", re.ASCII
)
_LONGEST_NUMBER = sys.int_info.str_digits_check_threshold  # Python may refuse longer whole numbers
_NEITHER = "it is no CloudEvent: no header begins with ce_, and its value is no CloudEvent in JSON"


class RecordError(ValueError):
    """Why a record cannot be read: a sentence for people, short and printable."""


@dataclass(frozen=True)
class CloudEvent:
    """Its attributes, all as text, and its data: bytes as they came, or a JSON value."""

    attributes: Mapping[str, str]
    data: object

    def time(self) -> datetime:
        """When it happened. Raises RecordError."""
        if "time" not in self.attributes:
            raise RecordError("the attribute 'time' is missing")
        return moment(self.attributes["time"])

    def facts(self) -> dict[str, object]:
        """The data as a JSON object; it is JSON where nothing else is said. Raises RecordError."""
        kind = self.attributes.get("datacontenttype", "application/json")
        if not _is_json(kind):
            raise RecordError(f"its data is {shown(kind)}; only JSON is read here")
        if self.data is None:
            raise RecordError("it has no data")
        data = _json(self.data, "its data") if isinstance(self.data, bytes) else self.data
        if not isinstance(data, dict):
            raise RecordError(f"its data must be a JSON object, got {shown(data)}")
        return data


def read(headers: Iterable[tuple[str, bytes | None]], value: bytes | Exception | None) -> CloudEvent:
    """The CloudEvent in a record, in binary or structured mode. Raises RecordError, with the reason.

    The value is an error where the client could not unpack the record itself.
    """
    if isinstance(value, Exception):
        raise RecordError(f"its record cannot be read: {shown(' '.join(map(str, value.args)))}")
    ours = _ours(list(headers))
    content_type = ours.pop("content-type", None)
    attributes = {name.removeprefix("ce_"): text for name, text in ours.items()}
    if _media(content_type).startswith("application/cloudevents"):
        event = _structured(_media(content_type), attributes, value)
    elif not attributes:
        event = _without_headers(content_type, value)
    else:
        event = _binary(content_type, attributes, value)
    _check(event.attributes)
    return event


def moment(text: str) -> datetime:
    """The moment of an RFC 3339 timestamp, to the microsecond; a leap second is the one before it.

    So it stays in its day and month, and no clock here has a 61st second. Raises RecordError.
    """
    try:
        day, minute, second, fraction, zone = _MOMENT.fullmatch(text).groups()
        told = f"{day}T{minute}:{second.replace('60', '59')}{(fraction or '')[:7]}{zone.upper()}"
        found = datetime.fromisoformat(told)
        if second == "60" and (found.astimezone(UTC) + timedelta(seconds=1)).strftime("%d %H") != "01 00":
            raise ValueError("a leap second ends a month")
    except (AttributeError, ValueError, OverflowError) as error:
        raise RecordError(f"'time' must be like '2026-03-02T09:30:00Z', got {shown(text)}") from error
    return found


def shown(value: object) -> str:
    """The value for a reason: as JSON has it, printable, and cut if it is long."""
    text = _SHORT.repr(value)
    return text if len(text) <= _SHORT.maxstring else f"{text[: _SHORT.maxstring - 3]}..."


class _Short(reprlib.Repr):
    def repr_NoneType(self, value: None, level: int) -> str:
        return "null"

    def repr_bool(self, value: bool, level: int) -> str:
        return str(value).lower()


_SHORT = _Short()
_SHORT.maxstring = 60


def _ours(headers: list[tuple[str, bytes | None]]) -> dict[str, str]:
    """CloudEvents' headers. Names are told apart by case: CE_ID is none of them, but beside ce_id a doubt."""
    names = {name for name, _ in headers if name == "content-type" or name.startswith("ce_")}
    lower = [name.lower() for name, _ in headers]
    if len(set(lower)) < len(lower):
        _check_times(names, Counter(lower))
    return {name: _text(name, value) for name, value in headers if name in names and value is not None}


def _check_times(names: Iterable[str], times: Mapping[str, int]) -> None:
    for name in names:
        if times[name.lower()] > 1:
            raise RecordError(
                f"the header {shown(name)} is there {times[name.lower()]} times, whatever its case"
            )


def _text(name: str, value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError as error:
        raise RecordError(f"the header {shown(name)} is not UTF-8") from error


def _binary(content_type: str | None, attributes: dict[str, str], value: bytes | None) -> CloudEvent:
    """Some SDKs write the content type as ce_datacontenttype as well."""
    said = {} if content_type is None else {"datacontenttype": content_type}
    _agree(said, attributes)
    return CloudEvent(attributes | said, value)


def _structured(media: str, attributes: dict[str, str], value: bytes | None) -> CloudEvent:
    if media != STRUCTURED:
        raise RecordError(
            f"its format is {shown(media)}; of CloudEvents in one piece only {STRUCTURED} is read"
        )
    envelope = _json(value or b"", "its value")
    if not isinstance(envelope, dict):
        raise RecordError(f"its value must be a JSON object, got {shown(envelope)}")
    event = _from_envelope(envelope)
    _agree(attributes, event.attributes)  # they may stand in the headers, too (Kafka binding, 3.3.3)
    return event


def _without_headers(content_type: str | None, value: bytes | None) -> CloudEvent:
    """What clients without headers and the Python SDK 1.x write: structured mode, though nothing says so."""
    if content_type is not None and not _is_json(content_type):
        raise RecordError(f"no header begins with ce_, and its content is {shown(content_type)}")
    try:
        envelope = json.loads(value or b"")
    except (ValueError, RecursionError) as error:
        raise RecordError(_NEITHER) from error
    if not isinstance(envelope, dict) or "specversion" not in envelope:
        raise RecordError(_NEITHER)
    return _structured(STRUCTURED, {}, value)


def _from_envelope(envelope: dict[str, object]) -> CloudEvent:
    rest = {name: value for name, value in envelope.items() if name not in ("data", "data_base64")}
    attributes = {name: _attribute(name, value) for name, value in rest.items() if value is not None}
    encoded = envelope.get("data_base64")
    if encoded is None:
        return CloudEvent(attributes, envelope.get("data"))
    if "data" in envelope:
        raise RecordError("it has both 'data' and 'data_base64'")
    try:
        return CloudEvent(attributes, base64.b64decode(encoded, validate=True))
    except (TypeError, ValueError) as error:
        raise RecordError(f"'data_base64' is not Base64: {shown(encoded)}") from error


def _attribute(name: str, value: object) -> str:
    """An extension may be a whole number, true or false as well (JSON format, 2.2)."""
    if isinstance(value, str):
        return value
    if isinstance(value, int) and name not in _CORE:
        return json.dumps(value)
    raise RecordError(f"the attribute {shown(name)} must be text, got {shown(value)}")


def _check(attributes: Mapping[str, str]) -> None:
    for name in _REQUIRED:
        if name not in attributes:
            raise RecordError(f"the attribute {name!r} is missing")
    if attributes["specversion"] != "1.0":
        raise RecordError(f"its specversion is {shown(attributes['specversion'])}; only '1.0' is read here")
    for name, text in attributes.items():
        _check_one(name, text)


def _check_one(name: str, text: str) -> None:
    if name == "data" or not _NAME.fullmatch(name):
        raise RecordError(f"no attribute may be called {shown(name)}; names are made of a to z and digits")
    if text == "" and name in _CORE:
        raise RecordError(f"the attribute {name!r} is empty")
    if not text.isprintable() and _FORBIDDEN.search(text):
        raise RecordError(f"the attribute {shown(name)} holds a character that no text may: {shown(text)}")


def _agree(said: Mapping[str, str], again: Mapping[str, str]) -> None:
    for name in said:
        if name in again and _meaning(name, said[name]) != _meaning(name, again[name]):
            raise RecordError(
                f"the attribute {shown(name)} is said twice: {shown(said[name])} and {shown(again[name])}"
            )


def _meaning(name: str, text: str) -> object:
    return {"time": moment, "datacontenttype": _media}.get(name, str)(text)


def _media(content_type: str | None) -> str:
    """The media type without its parameters; case does not matter."""
    return (content_type or "").partition(";")[0].strip().lower()


def _is_json(content_type: str) -> bool:
    return _JSON.fullmatch(_media(content_type)) is not None


def _json(text: bytes, what: str) -> object:
    try:
        return _DECODER.decode(text.decode(json.detect_encoding(text), "surrogatepass"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise RecordError(f"{what} is not JSON") from error
    except RecursionError as error:
        raise RecordError(f"{what} is nested too deeply") from error


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        ((name, times),) = Counter(name for name, _ in pairs).most_common(1)
        raise RecordError(f"its JSON says {shown(name)} {times} times in one object")
    return found


def _whole(digits: str) -> int:
    if len(digits) > _LONGEST_NUMBER:
        raise RecordError(f"its JSON has a number of {len(digits)} digits")
    return int(digits)


def _refuse(constant: str) -> None:
    raise RecordError(f"its JSON has {constant}, which JSON does not know")


# As json.loads does it for bytes, which would make a decoder for each of them.
_DECODER = json.JSONDecoder(object_pairs_hook=_once, parse_int=_whole, parse_constant=_refuse)
