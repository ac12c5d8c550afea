"""The contract as a document: AsyncAPI 3 of the topic, made from the models, so never out of date.

Tools resolve a `$ref` from the document's root, so every definition stands under `components`. It knows
neither who writes nor who listens.
"""

from collections.abc import Iterator
from typing import Any

from pydantic.json_schema import models_json_schema

from fiberlab.eventdriven.events import ENVELOPE, EVENT_TYPES, SOURCE, Event

Json = dict[str, Any]
DATA = {event_type.TYPE: event_type for event_type in EVENT_TYPES}


def asyncapi() -> Json:
    """The document: one channel, one message per event type, in CloudEvents' binary mode."""
    names = [event_type.__name__ for event_type in EVENT_TYPES]
    channel = {name: {"$ref": f"#/components/messages/{name}"} for name in names}
    sent = [{"$ref": f"#/channels/planEvents/messages/{name}"} for name in names]
    about = "What happened at Herd Fiber, and by whom. The key is the account: its events stay in order."
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Herd Fiber plan events", "version": "1.0.0", "description": about},
        "channels": {"planEvents": {"address": "plan-events", "messages": channel}},
        "operations": {
            "sayWhatHappened": {
                "action": "send",
                "channel": {"$ref": "#/channels/planEvents"},
                "messages": sent,
            }
        },
        "components": {
            "messages": {event_type.__name__: _message(event_type) for event_type in EVENT_TYPES},
            "schemas": _schemas("#/components/schemas/{model}"),
        },
    }


def data_schema(event_type: type[Event]) -> Json:
    """The JSON schema of the event's data, complete in itself: what travels in headers is not in it."""
    schemas = _schemas("{model}")
    return _resolved(schemas[event_type.__name__], schemas)


def dangling(document: Json) -> list[str]:
    """Every `$ref` of the document that leads nowhere in it."""
    return [ref for ref in _references(document) if not _leads_somewhere(document, ref)]


def _message(event_type: type[Event]) -> Json:
    said = {"ce_type": event_type.TYPE, "ce_specversion": "1.0", "content-type": "application/json"}
    texts = {name: {"type": "string", "const": text} for name, text in said.items()}
    texts |= {name: {"type": "string", "minLength": 1} for name in ("ce_id", "ce_source", "ce_time")}
    texts["ce_source"]["examples"] = [SOURCE]
    return {
        "name": event_type.TYPE,
        "summary": event_type.__doc__,
        "contentType": "application/json",
        "headers": {"type": "object", "required": [*texts], "properties": texts},
        "payload": {"$ref": f"#/components/schemas/{event_type.__name__}"},
    }


def _schemas(ref_template: str) -> dict[str, Json]:
    """The schema of every event's data, and of what is in it, by name."""
    wanted = [(event_type, "validation") for event_type in EVENT_TYPES]
    schemas = models_json_schema(wanted, ref_template=ref_template)[1]["$defs"]
    for event_type in EVENT_TYPES:
        schema = schemas[event_type.__name__]
        schema["required"] = [name for name in schema["required"] if name not in ENVELOPE]
        schema["properties"] = {n: field for n, field in schema["properties"].items() if n not in ENVELOPE}
    return schemas


def _resolved(schema: object, schemas: dict[str, Json]) -> object:
    if isinstance(schema, list):
        return [_resolved(part, schemas) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _resolved(schemas[schema["$ref"]], schemas)
    return {name: _resolved(part, schemas) for name, part in schema.items()}


def _references(part: object) -> Iterator[str]:
    parts = part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
    if isinstance(part, dict) and isinstance(part.get("$ref"), str):
        yield part["$ref"]
    for inner in parts:
        yield from _references(inner)


def _leads_somewhere(document: Json, ref: str) -> bool:
    part: object = document
    for name in ref.removeprefix("#/").split("/"):
        if not isinstance(part, dict) or name not in part:
            return False
        part = part[name]
    return True
