"""The contract: what happened, as CloudEvents 1.0 on a Kafka topic.

An event is a fact. It carries the actor, and the price list's state of that moment, so that a replay
bills what was true then. It does not know who listens.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated, Any, ClassVar

from cloudevents.core.bindings.kafka import KafkaMessage, from_kafka, to_binary_event
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from fiberlab.domain import MOST_CENTS, Action, Plan
from fiberlab.ledger import Charge

SOURCE = "/herd-fiber/gateway"
_ENVELOPE = {"source", "id", "time"}  # these travel as CloudEvents attributes, the rest as data
_REQUIRED = ("specversion", "type", *sorted(_ENVELOPE))
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
    return to_binary_event(CloudEvent(attributes, event.model_dump(exclude=_ENVELOPE)))


def decode(headers: Iterable[tuple[str, bytes]], key: bytes | None, value: bytes | None) -> Event:
    """The event in a record; raises UnreadableEventError, with the reason, for anything else."""
    try:
        message = KafkaMessage(dict(headers), key, value)
        envelope = from_kafka(message, JSONFormat(), _as_sent)
        event_type = _BY_TYPE[envelope.get_type()]
        time: datetime | None = envelope.get_time()
        return event_type(
            source=envelope.get_source(), id=envelope.get_id(), time=time, **envelope.get_data()
        )
    except Exception as error:  # a foreign record can break a decoder in any way it likes
        reason = " ".join(str(error).split())[:200]
        raise UnreadableEventError(f"not an event of ours ({type(error).__name__}: {reason})") from error


def _as_sent(attributes: dict[str, Any], data: dict[str, Any] | str | bytes | None) -> CloudEvent:
    """The CloudEvent. The package would invent an id where none is, a new one at every redelivery."""
    missing = [name for name in _REQUIRED if name not in attributes]
    if missing:
        raise ValueError(f"the attributes {missing!r} are missing")
    return CloudEvent(attributes, data)
