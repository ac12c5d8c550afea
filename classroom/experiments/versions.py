"""What chapter 08 changes: the event, by its writer. Who still reads it, who bills wrongly, and who sees it.

A change is made to a record's data and to its schema, so that what a schema check says can stand beside
what is billed. It needs no Kafka.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
from pydantic import BaseModel

from classroom.world.company import OPENS
from fiberlab.domain import ACTORS, Action, Actor, Company, expected_cents
from fiberlab.eventdriven import customer_billing, installer_billing
from fiberlab.eventdriven.contract import DATA, data_schema
from fiberlab.eventdriven.events import Event, PlanPurchased, UnreadableEventError, decode, encode, happened
from fiberlab.ledger import Ledger

Data = dict[str, Any]
Edit = Callable[[Data], object]
Handle = Callable[[Event], object]
RIGHT, STOPPED, ASIDE, UNBILLED, WRONG = "right", "stopped", "set aside", "not billed", "wrong"
OUTCOMES = (RIGHT, STOPPED, ASIDE, UNBILLED, WRONG)  # from best to worst
PRICE = "list_price_cents"


# --- thirteen writers ---


class Change(NamedTuple):
    """What a writer does to each record, `{"type": …, "data": …}`, and to the schema of its records."""

    name: str
    record: Edit
    schema: Edit


def _in_plan(edit: Edit) -> tuple[Edit, Edit]:
    """The edit of the record's plan, and its twin that edits the plan's schema."""
    return lambda record: edit(record["data"]["plan"]), lambda schema: edit(_plan(schema)["properties"])


def _plan(schema: Data) -> Data:
    return schema["properties"]["data"]["properties"]["plan"]


def _less(name: str) -> tuple[Edit, Edit]:
    def schema(schema: Data) -> None:
        plan = _plan(schema)
        del plan["properties"][name]
        plan["required"].remove(name)

    return lambda record: record["data"]["plan"].pop(name), schema


def _renamed(schema: Data) -> None:
    plan = _plan(schema)
    plan["properties"]["price_cents"] = plan["properties"].pop(PRICE)
    plan["required"] = ["name", "price_cents"]


def _priced(price: Callable[[int], object], *types: str) -> tuple[Edit, Edit]:
    """The price written in another way; its schema says so if its type is another."""

    def record(record: Data) -> None:
        plan = record["data"]["plan"]
        plan[PRICE] = price(plan[PRICE])

    def schema(schema: Data) -> None:
        if types:
            _plan(schema)["properties"][PRICE] = {"type": list(types)}

    return record, schema


def _discounted(record: Data) -> None:
    if record["data"]["actor"]["kind"] == "installer":
        plan = record["data"]["plan"]
        plan[PRICE] = plan[PRICE] * 80 // 100


def _by(kind: Callable[[str], str]) -> tuple[Edit, Edit]:
    def record(record: Data) -> None:
        record["data"]["actor"]["kind"] = kind(record["data"]["actor"]["kind"])

    return record, bool  # its schema says text, and stays


def _new_type(record: Data) -> None:
    record["type"] = "com.herdfiber.plan.upgraded"


CHANGES = (
    Change("as today", bool, bool),
    Change(
        "one optional field more",
        lambda record: record["data"].update(note="ring twice"),
        lambda schema: schema["properties"]["data"]["properties"].update(note={"type": "string"}),
    ),
    Change("no plan name", *_less("name")),
    Change("no price", *_less(PRICE)),
    Change("the price renamed", _in_plan(lambda plan: plan.update(price_cents=plan.pop(PRICE)))[0], _renamed),
    Change("dollars as text", *_priced(lambda cents: f"{cents // 100}.{cents % 100:02}", "string")),
    Change("dollars, a fraction", *_priced(lambda cents: cents / 100, "number")),
    Change("whole dollars", *_priced(lambda cents: (cents + 50) // 100)),
    Change("same name, new meaning", _discounted, bool),
    Change("the price is null", *_priced(lambda cents: None, "integer", "null")),
    Change(
        "a new event type",
        _new_type,
        lambda schema: schema["properties"]["type"]["enum"].append("com.herdfiber.plan.upgraded"),
    ),
    Change("a new kind of actor", *_by(lambda kind: "reseller")),
    Change("the kind in capitals", *_by(str.upper)),
)


# --- five readers ---


def _converts(data: Data) -> None:
    data["plan"][PRICE] = int(float(data["plan"][PRICE]))


def _missing_is_0(data: Data) -> None:
    data["plan"] = {"name": data["plan"].get("name") or "?", PRICE: data["plan"].get(PRICE) or 0}


def _refuses_unknown(data: Data) -> None:
    if unknown := data.keys() - {"account_id", "actor", "plan"}:
        raise UnreadableEventError(f"it does not know {', '.join(sorted(unknown))}")


def _upcasts(data: Data) -> None:
    """Knows the names and forms that a price has had, and makes today's of them."""
    plan = data["plan"]
    if "price_cents" in plan:
        plan[PRICE] = plan.pop("price_cents")
    if isinstance(plan.get(PRICE), str):
        plan[PRICE] = int(Decimal(plan[PRICE]) * 100)


READERS: Mapping[str, Edit] = {
    "strict (ours)": bool,
    "converts": _converts,
    "missing is 0": _missing_is_0,
    "refuses unknown": _refuses_unknown,
    "upcaster": _upcasts,
}


def read_by(reader: str, headers: Iterable[tuple[str, bytes | None]], value: bytes) -> Event:
    """The event as this reader reads it. Raises UnreadableEventError, and what the reader itself raises."""
    data = json.loads(value)
    READERS[reader](data)
    return decode(headers, None, json.dumps(data).encode())


def written_by(change: str, event: Event) -> tuple[list[tuple[str, bytes]], bytes]:
    """Headers and value of the event's record after this change of the writer."""
    (edit,) = (each.record for each in CHANGES if each.name == change)
    message = encode(event)
    record = {"type": event.TYPE, "data": json.loads(message.value)}
    edit(record)
    headers = message.headers | {"ce_type": record["type"].encode()}
    return list(headers.items()), json.dumps(record["data"]).encode()


def readers_and_writers(company: Company) -> pd.DataFrame:
    """A row per change, reader and actor: one of OUTCOMES, and by how many cents the bill is wrong."""
    rows = [
        (change.name, reader, kind, *_outcome(change.name, reader, _sale(company, kind), company))
        for change in CHANGES
        for reader in READERS
        for kind in ACTORS
    ]
    return pd.DataFrame(rows, columns=["change", "reader", "actor", "outcome", "wrong_cents"])


def _sale(company: Company, kind: str) -> Action:
    account = next(iter(company.accounts.values()))
    by = {"customer": account.customer_id, "installer": company.installers[0]}
    return Action("e-1", "purchase_plan", account.account_id, Actor(kind, by[kind]), "Fiber 500", OPENS)


def _outcome(change: str, reader: str, sale: Action, company: Company) -> tuple[str, int]:
    due_cents = expected_cents(sale, company.plans)
    try:
        event = read_by(reader, *written_by(change, happened(sale, company.plans)))
    except UnreadableEventError:
        return ASIDE, -due_cents
    except (KeyError, TypeError, ValueError):  # the handler's own error: its service stops
        return STOPPED, -due_cents
    with Ledger(Path(":memory:")) as ledger:
        for billing in (customer_billing, installer_billing):
            billing.handle(event, ledger)
        charged = [charge.amount_cents for charge in ledger.charges()]
    off_cents = sum(charged) - due_cents
    return (UNBILLED if not charged else WRONG if off_cents else RIGHT), off_cents


# --- what a schema check sees ---


def schema_check() -> dict[str, bool]:
    """By change: whether a check of the schemas says that today's reader reads all that the writer writes."""
    return {change.name: accepts(_schema(), _schema(change.schema)) for change in CHANGES}


def _schema(edit: Edit = bool) -> Data:
    """The schema of our records, `{"type": …, "data": …}`, after this edit."""
    parts = {"type": {"type": "string", "enum": [*DATA]}, "data": data_schema(PlanPurchased)}
    schema = {"type": "object", "required": [*parts], "properties": parts}
    edit(schema)
    return schema


def accepts(reader: Data, writer: Data) -> bool:
    """Whether what fits the writer's JSON schema fits the reader's, too: types, names, choices and bounds.

    What the writer's schema does not name it does not write; a check for open content is stricter.
    """
    return (
        _types(writer) <= _types(reader)
        and set(reader.get("required", ())) <= set(writer.get("required", ()))
        and ("enum" not in reader or set(writer.get("enum", [object])) <= set(reader["enum"]))
        and writer.get("minimum", float("-inf")) >= reader.get("minimum", float("-inf"))
        and writer.get("maximum", float("inf")) <= reader.get("maximum", float("inf"))
        and writer.get("minLength", 0) >= reader.get("minLength", 0)
        and all(accepts(schema, writer["properties"][name]) for name, schema in _shared(reader, writer))
    )


def _types(schema: Data) -> set[str]:
    found = schema.get("type", [])
    return {found} if isinstance(found, str) else set(found)


def _shared(reader: Data, writer: Data) -> list[tuple[str, Data]]:
    theirs = writer.get("properties", {})
    return [(name, schema) for name, schema in reader.get("properties", {}).items() if name in theirs]


# --- who reads which field ---


class Noting:
    """An event, or a part of it, that notes every field it is asked for, and is else what it was."""

    def __init__(self, value: BaseModel, noted: set[str], path: str = "") -> None:
        self.__dict__["_what"] = value, noted, path

    @property
    def __class__(self) -> type:  # isinstance asks it
        return type(self.__dict__["_what"][0])

    def __getattr__(self, name: str) -> object:
        value, noted, path = self.__dict__["_what"]
        found = getattr(value, name)
        if isinstance(found, BaseModel):
            return Noting(found, noted, f"{path}{name}.")
        if name in type(value).model_fields:
            noted.add(f"{path}{name}")
        return found


def who_reads_what(
    events: Iterable[Event], listeners: Mapping[str, Callable[[Event], object]]
) -> pd.DataFrame:
    """Whether each listener (a column) has read each field (the index) of these events, which it handles."""
    noted: dict[str, set[str]] = {name: set() for name in listeners}
    for event in events:
        for name, handle in listeners.items():
            handle(Noting(event, noted[name]))
    return pd.DataFrame({name: {field: field in noted[name] for field in _fields(Event)} for name in noted})


def _fields(model: type[BaseModel], path: str = "") -> list[str]:
    found = []
    for name, field in model.model_fields.items():
        inner = isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)
        found += _fields(field.annotation, f"{path}{name}.") if inner else [f"{path}{name}"]
    return found
