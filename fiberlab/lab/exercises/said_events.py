"""What the reader's own gateway says of an action, and what the real listeners make of it on a real topic."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from cloudevents.core.bindings.kafka import KafkaMessage, to_binary_event
from cloudevents.core.v1.event import CloudEvent

from fiberlab.domain import Action, Plan
from fiberlab.eventdriven import customer_billing, installer_billing
from fiberlab.eventdriven.events import EVENT_TYPES, Event, UnreadableEventError
from fiberlab.lab.cases import error_text
from fiberlab.lab.chapter import Chapter
from fiberlab.lab.exercises.households import events
from fiberlab.lab.kafka_lessons import read_on
from fiberlab.ledger import Ledger

Dict = dict[str, Any]
EventOf = Callable[[Action, Mapping[str, Plan]], Dict]
PLACES = (
    "type",
    "source",
    "id",
    "time",
    "partitionkey",
    "data.account_id",
    "data.actor.kind",
    "data.actor.id",
    "data.plan.name",
    "data.plan.list_price_cents",
)
# What many say in many ways counts as one thing.
UNKNOWN_TYPE, ANOTHER_ID, ANOTHER_KEY = "unknown to listeners", "another one each time", "not the account"


@dataclass(frozen=True, repr=False)
class Moment:
    """An action, and the price list of that moment; shown as who did what."""

    action: Action
    plans: Mapping[str, Plan]

    def __repr__(self) -> str:
        return f"{self.action.name} by {self.action.actor.kind} {self.action.actor.id}, plans"


@dataclass(frozen=True, repr=False)
class Said:
    """What was said of an action, and said again when the app sent it again; compared by what it says."""

    says: Mapping[str, object]
    events: tuple[Dict, Dict] = field(compare=False)

    @classmethod
    def by(cls, event_of: EventOf, moment: Moment) -> Self | object:
        """What this function says of the moment; what it returns instead if that is no dict."""
        once, again = (event_of(moment.action, moment.plans) for _ in range(2))
        if not isinstance(once, dict) or not isinstance(again, dict):
            return once
        return cls(_says(once, again.get("id")), (once, again))

    def __repr__(self) -> str:
        return f"an event of type {self.events[0].get('type')!r}"

    def difference(self, due: Self) -> str | None:
        """In what this differs from what should be said; None if in nothing that a listener looks for."""
        for place, value in self.says.items():
            if value != due.says[place]:
                came, right = _at(self.events[0], place), _at(due.events[0], place)
                return f"its {place} is {repr(came) if came != right else value}, not {right!r}"
        return None


def _says(event: Dict, id_again: object) -> dict[str, object]:
    says = {place: _at(event, place) for place in PLACES}
    if says["type"] not in [known.TYPE for known in EVENT_TYPES]:
        says["type"] = UNKNOWN_TYPE
    if says["id"] is None or says["id"] != id_again:
        says["id"] = ANOTHER_ID
    if says["partitionkey"] != says["data.account_id"]:
        says["partitionkey"] = ANOTHER_KEY
    return says | {"time": _as_time(says["time"])}


def _at(event: Dict, place: str) -> object:
    value: object = event
    for name in place.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _as_time(value: object) -> object:
    return datetime.fromisoformat(value) if isinstance(value, str) else value


@dataclass(frozen=True)
class Listened:
    """What listeners heard: the events with their keys, what they billed in cents, and why not more."""

    heard: tuple[tuple[str, Event], ...] = ()
    billed_cents: int = 0
    reason: str = ""

    def is_right(self, event: Event) -> bool:
        """Whether this event was heard, each time, with its account as the key."""
        return not self.reason and set(self.heard) == {(event.account_id, event)}


def listened(chapter: Chapter, topic: str, said: Said) -> Listened:
    """What the real listeners make of it: written to the topic, read from there, decoded and billed."""
    try:
        _write(chapter, topic, [_message(event) for event in said.events])
    except Exception as error:  # what the reader made may break any encoder
        return Listened(reason=f"no record can be made of it, {error_text(error)}")
    records = read_on(chapter, topic, f"listeners.{topic}")
    try:
        keys = [(record.key or b"").decode() for record in records]
        heard = tuple(zip(keys, events(records), strict=True))
    except UnreadableEventError as error:
        return Listened(reason=str(error))
    with Ledger(Path(":memory:")) as ledger:
        for _, event in heard:
            customer_billing.handle(event, ledger)
            installer_billing.handle(event, ledger)
        return Listened(heard, sum(charge.amount_cents for charge in ledger.charges()))


def _message(event: Dict) -> KafkaMessage:
    attributes = {name: value for name, value in event.items() if name != "data"}
    json = {"datacontenttype": "application/json"} | attributes | {"time": _as_time(attributes.get("time"))}
    return to_binary_event(CloudEvent(json, event.get("data")))


def _write(chapter: Chapter, topic: str, messages: list[KafkaMessage]) -> None:
    with chapter.cluster.producer(linger_ms=0) as producer:
        for message in messages:
            key = message.key and message.key.encode()
            producer.send(topic, message.value, key, list(message.headers.items()))
        producer.flush(timeout=10)
