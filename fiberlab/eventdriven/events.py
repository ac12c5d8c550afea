"""The contract: what happened, as CloudEvents 1.0 on a Kafka topic.

An event is a fact. It carries the actor, and the price list's state of that moment, so that a replay
bills what was true then. It does not know who listens.
"""

from collections.abc import Iterable, Mapping
from typing import Annotated, ClassVar

from cloudevents.core.bindings.kafka import KafkaMessage, to_binary_event
from cloudevents.core.v1.event import CloudEvent
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from fiberlab.domain import MOST_CENTS, Action, Plan
from fiberlab.eventdriven import cloudevent
from fiberlab.eventdriven.cloudevent import RecordError, shown
from fiberlab.ledger import Charge

SOURCE = "/herd-fiber/gateway"
ENVELOPE = {"source", "id", "time"}  # these travel as CloudEvents attributes, the rest as data
Text = Annotated[str, StringConstraints(min_length=1)]


class Actor(BaseModel):
    """Who did it: "customer" or "installer", and which one."""

    model_config = ConfigDict(frozen=True, strict=True)
    kind: Text
    id: Text


class PricedPlan(BaseModel):
    """The plan as it stood on the price list when it happened."""

    model_config = ConfigDict(frozen=True, strict=True)
    name: Text
    list_price_cents: Annotated[int, Field(ge=0, le=MOST_CENTS)]


class Event(BaseModel):
    """What every event says. `source` and `id` together identify it (CloudEvents 1.0, section 3.1)."""

    model_config = ConfigDict(frozen=True, strict=True)
    TYPE: ClassVar[str] = ""
    ACTION: ClassVar[str] = ""

    source: Text
    id: Text
    time: AwareDatetime
    account_id: Text
    actor: Actor
    plan: PricedPlan


class PlanBrowsed(Event):
    """Somebody looked at a plan."""

    TYPE = "com.herdfiber.plan.browsed"
    ACTION = "browse_plan"


class PlanPurchased(Event):
    """A plan was bought for an account."""

    TYPE = "com.herdfiber.plan.purchased"
    ACTION = "purchase_plan"


class PlanChanged(Event):
    """An account moved to this plan."""

    TYPE = "com.herdfiber.plan.changed"
    ACTION = "change_plan"


class PlanCancelled(Event):
    """An account gave up this plan."""

    TYPE = "com.herdfiber.plan.cancelled"
    ACTION = "cancel_plan"


EVENT_TYPES = (PlanBrowsed, PlanPurchased, PlanChanged, PlanCancelled)
_BY_TYPE = {event_type.TYPE: event_type for event_type in EVENT_TYPES}
_BY_ACTION = {event_type.ACTION: event_type for event_type in EVENT_TYPES}


class UnreadableEventError(ValueError):
    """A record on the topic is not one of our events."""


def happened(action: Action, plans: Mapping[str, Plan]) -> Event:
    """The event that says this action happened. The action's id becomes the event's."""
    plan = plans[action.plan]
    return _BY_ACTION[action.name](
        source=SOURCE,
        id=action.id,
        time=action.at,
        account_id=action.account_id,
        actor=Actor(kind=action.actor.kind, id=action.actor.id),
        plan=PricedPlan(name=plan.name, list_price_cents=plan.list_price_cents),
    )


def charge(event: Event, amount_cents: int) -> Charge:
    """The ledger's line for this event, in cents."""
    kind, plan = event.actor.kind, event.plan.name
    return Charge(event.source, event.id, event.account_id, kind, event.ACTION, plan, amount_cents)


def encode(event: Event) -> KafkaMessage:
    """Key, headers and value of the event's record. The key is the account: its events stay in order."""
    attributes = {
        "source": event.source,
        "id": event.id,
        "time": event.time,
        "type": event.TYPE,
        "datacontenttype": "application/json",
        "partitionkey": event.account_id,
    }
    return to_binary_event(CloudEvent(attributes, event.model_dump(exclude=ENVELOPE)))


def decode(
    headers: Iterable[tuple[str, bytes | None]], key: bytes | None, value: bytes | Exception | None
) -> Event:
    """The event in a record; raises UnreadableEventError, with the reason, for anything else.

    The key is whatever the writer takes to keep its records in order: it says nothing of what happened.
    The value is an error where the client could not read the record itself.
    """
    try:
        return _ours(cloudevent.read(headers, value))
    except Exception as error:  # a foreign record may break a reader in a way that nobody foresaw
        raise UnreadableEventError(f"not an event of ours ({_reason(error)})") from error


def _ours(said: cloudevent.CloudEvent) -> Event:
    attributes = said.attributes
    if attributes["type"] not in _BY_TYPE:
        raise RecordError(f"unknown type {shown(attributes['type'])}")
    envelope = {"source": attributes["source"], "id": attributes["id"], "time": said.time()}
    facts = said.facts()
    for name in envelope:
        if name in facts:
            raise RecordError(f"its data says {name!r} again, which is an attribute")
    return _BY_TYPE[attributes["type"]].model_validate(facts | envelope)


# What is wrong with a field, by pydantic's error type.
_WORDS = {
    "missing": "is missing",
    "model_type": "must be an object",
    "string_type": "must be text",
    "string_unicode": "must be text in Unicode",
    "string_too_short": "must not be empty",
    "int_type": "must be a whole number",
    "greater_than_equal": "must not be negative",
    "less_than_equal": f"must be at most {MOST_CENTS}",
}


def _reason(error: Exception) -> str:
    if isinstance(error, RecordError):
        return str(error)
    if isinstance(error, ValidationError):
        return _first_problem(error)
    return "it cannot be understood"


def _first_problem(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    problem = f"{'.'.join(map(str, first['loc']))} {_WORDS.get(first['type'], 'is not what it must be')}"
    return problem if first["type"] == "missing" else f"{problem}, got {shown(first['input'])}"
