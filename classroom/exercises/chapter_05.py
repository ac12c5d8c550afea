"""The exercises of chapter 05, with their answers. Read it after you have tried."""

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

from cloudevents.core.bindings.kafka import KafkaMessage, to_binary_event
from cloudevents.core.v1.event import CloudEvent

from classroom.exercises.check import Answer, Case, Exercise, Thought, cents_off, error_text
from classroom.world.company import generated_day, shipped_day
from fiberlab.domain import SALES, Action, Company, Plan, dollars, expected_cents
from fiberlab.eventdriven import customer_billing, installer_billing
from fiberlab.eventdriven.events import (
    EVENT_TYPES,
    Event,
    PlanPurchased,
    UnreadableEventError,
    decode,
    encode,
    happened,
)
from fiberlab.ledger import Ledger


def commission_cents(event: Event) -> int | None:
    """5 % of the list price for a plan that an installer purchased for a household, else None."""
    if event.actor.kind == "installer" and isinstance(event, PlanPurchased):
        return event.plan.list_price_cents * 5 // 100
    return None


def _a_twentieth(event: Event) -> int | None:
    if event.actor.kind != "installer" or event.ACTION != "purchase_plan":
        return None
    return event.plan.list_price_cents // 20


def _by_type(event: Event) -> int | None:
    match event.TYPE, event.actor.kind:
        case "com.herdfiber.plan.purchased", "installer":
            return int(event.plan.list_price_cents * 5 / 100)
    return None


@dataclass(frozen=True, repr=False)
class Heard:
    """An event, shown as what happened and who did it."""

    event: Event

    def __repr__(self) -> str:
        actor = self.event.actor
        return f"{type(self.event).__name__} of {self.event.plan.name} by {actor.kind} {actor.id}"


def _commission_cases(rng: random.Random, company: Company) -> Iterator[Case]:
    """The rule of a new listener, on an event of each kind."""
    unseen = generated_day(company, rng.randrange(1, 10_000), 300, installer_percent=50)
    day = (*shipped_day(), *unseen)
    for action in {(action.name, action.actor.kind, action.plan): action for action in day}.values():
        event = happened(action, company.plans)
        due_cents = commission_cents(event)
        harmed = "the installer who sold it: the commission is 5 % of the list price, rounded down"
        if due_cents is None:
            harmed = "Herd Fiber, which pays for what earns no commission"
        how_much = partial(cents_off, due_cents or 0)
        yield Case((Heard(event),), due_cents, harmed, how_much=how_much, optional=int)


LISTENER = Exercise(
    "exercise-05-listener",
    _commission_cases,
    right=(commission_cents, _a_twentieth, _by_type),
    run=lambda answer, heard: answer(heard.event),
    thoughts=(
        Thought(
            "whatever an installer does",
            "Only a purchase earns a commission.",
            lambda event: event.plan.list_price_cents * 5 // 100 if event.actor.kind == "installer" else None,
        ),
        Thought(
            "whoever purchases",
            "Look at who did it.",
            lambda event: event.plan.list_price_cents * 5 // 100 if event.ACTION == "purchase_plan" else None,
        ),
        Thought(
            "a change is a purchase, too",
            "There is nothing for changes: only what was purchased earns a commission.",
            lambda event: (
                event.plan.list_price_cents * 5 // 100
                if event.actor.kind == "installer" and event.ACTION in SALES
                else None
            ),
        ),
        Thought(
            "0 for nothing to do",
            "An event that is none of your business gets None: 0 would write a charge of nothing.",
            lambda event: commission_cents(event) or 0,
        ),
        Thought(
            "rounded up",
            "Round down to the cent.",
            lambda event: commission_cents(event) and -(-event.plan.list_price_cents * 5 // 100),
        ),
    ),
)

Dict = dict[str, Any]
Plans = Mapping[str, Plan]
PAST = {
    "browse_plan": "browsed",
    "purchase_plan": "purchased",
    "change_plan": "changed",
    "cancel_plan": "cancelled",
}


def event_of(action: Action, plans: Mapping[str, Plan]) -> dict[str, Any]:
    """A fact, in the past tense, with all that a listener needs to do its work without asking anybody.

    The id is the app's, so an action that is sent again is the same event; the key is the account, so its
    events stay in order. The price is the price list's, not the bill: what an actor pays is billing's rule.
    """
    plan = plans[action.plan]
    return {
        "type": f"com.herdfiber.plan.{PAST[action.name]}",
        "source": "/herd-fiber/gateway",
        "id": action.id,
        "time": action.at,
        "partitionkey": action.account_id,
        "data": {
            "account_id": action.account_id,
            "actor": {"kind": action.actor.kind, "id": action.actor.id},
            "plan": {"name": plan.name, "list_price_cents": plan.list_price_cents},
        },
    }


def _with_time_as_text(action: Action, plans: Plans) -> Dict:
    return {**event_of(action, plans), "specversion": "1.0", "time": action.at.isoformat()}


def _as_the_gateway_says_it(action: Action, plans: Plans) -> Dict:
    event = happened(action, plans)
    attributes = {"type": event.TYPE, "source": event.source, "id": event.id, "time": event.time}
    data = event.model_dump(exclude=set(attributes))
    return {**attributes, "partitionkey": encode(event).key, "data": data}


def _but(change: Callable[[Dict, Action], object]) -> Answer:
    """The answer that gives the right event after this change."""

    def changed(action: Action, plans: Plans) -> Dict:
        event = event_of(action, plans)
        change(event, action)
        return event

    return changed


def _as_billed(event: Dict, action: Action) -> None:
    plan = event["data"]["plan"]
    price_list = {action.plan: Plan(action.plan, plan["list_price_cents"])}
    plan["list_price_cents"] = expected_cents(action, price_list) or plan["list_price_cents"]


@dataclass(frozen=True, repr=False)
class Moment:
    """An action, and the price list of that moment; shown as who did what."""

    action: Action
    plans: Plans

    def __repr__(self) -> str:
        return f"{self.action.name} by {self.action.actor.kind} {self.action.actor.id}, plans"


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
class Said:
    """What was said of an action, and said again when the app sent it again; compared by what it says."""

    says: Mapping[str, object]
    events: tuple[Dict, Dict] = field(compare=False)

    @classmethod
    def by(cls, answer: Answer, moment: Moment) -> Self | object:
        """What this function says of the moment; what it returns instead if that is no dict."""
        once, again = (answer(moment.action, moment.plans) for _ in range(2))
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


def _says(event: Dict, id_again: object) -> Dict:
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


def listened(said: Said) -> Listened:
    """What the real listeners make of it, as it comes from a topic: decoded and billed."""
    try:
        messages = [message(event) for event in said.events]
    except Exception as error:  # what the reader made may break any encoder
        return Listened(reason=f"no record can be made of it, {error_text(error)}")
    try:
        heard = tuple(
            ((made.key or b"").decode(), decode(made.headers.items(), made.key, made.value))
            for made in messages
        )
    except UnreadableEventError as error:
        return Listened(reason=str(error))
    with Ledger(Path(":memory:")) as ledger:
        for _, event in heard:
            customer_billing.handle(event, ledger)
            installer_billing.handle(event, ledger)
        return Listened(heard, sum(charge.amount_cents for charge in ledger.charges()))


def message(event: Dict) -> KafkaMessage:
    """The record of what somebody says happened: key, headers and value, all in bytes."""
    attributes = {name: value for name, value in event.items() if name != "data"}
    json = {"datacontenttype": "application/json"} | attributes | {"time": _as_time(attributes.get("time"))}
    made = to_binary_event(CloudEvent(json, event.get("data")))
    return KafkaMessage(made.headers, made.key and made.key.encode(), made.value)


WHO_DID_WHAT = (
    ("change_plan", "installer"),
    ("browse_plan", "customer"),
    ("cancel_plan", "customer"),
    ("purchase_plan", "customer"),
)


def _event_cases(rng: random.Random, company: Company) -> Iterator[Case]:
    """The event that says an action happened, read by the real listeners."""
    unseen = generated_day(company, rng.randrange(1, 10_000), 200, installer_percent=50)
    actions = {(action.name, action.actor.kind): action for action in (*shipped_day(), *unseen)}
    for pair in WHO_DID_WHAT:
        moment = Moment(actions[pair], company.plans)
        due_cents = expected_cents(moment.action, moment.plans)
        bill = f"one bill of {dollars(due_cents)}" if due_cents else "no bill"
        expected = f"an event that every listener can read, and {bill} though it is sent twice"
        problem, how_much = partial(_event_problem, moment), partial(_misbilled, due_cents)
        yield Case((moment,), expected, f"account {moment.action.account_id}", problem, how_much)


def _event_problem(moment: Moment, said: object) -> str | None:
    if not isinstance(said, Said):
        return f"a value of type {type(said).__name__}, not a dict"
    heard = listened(said)
    if heard.is_right(happened(moment.action, moment.plans)):
        return None
    return said.difference(Said.by(event_of, moment)) or heard.reason


def _misbilled(due_cents: int, said: Said) -> str:
    billed_cents = listened(said).billed_cents
    if billed_cents != due_cents:
        return f"billed {cents_off(due_cents, billed_cents)}"
    return "billed rightly, but listeners hear something wrong, or in another order"


EVENT = Exercise(
    "exercise-05-event",
    _event_cases,
    right=(event_of, _with_time_as_text, _as_the_gateway_says_it),
    run=Said.by,
    thoughts=(
        Thought(
            "a command",
            "Say what happened, as a type that listeners know. "
            "Who tells somebody to charge decides who bills.",
            _but(lambda event, _: event.update(type="com.herdfiber.customer.charge")),
        ),
        Thought(
            "no actor",
            "Without the actor no listener can know whether the event is its business.",
            _but(lambda event, _: event["data"].pop("actor")),
        ),
        Thought(
            "no price",
            "A listener would have to ask for the price, and a replay would bill another day's.",
            _but(lambda event, _: event["data"]["plan"].pop("list_price_cents")),
        ),
        Thought(
            "a new id each time",
            "An action that an app sends again is the same event: keep the id that the app has chosen.",
            _but(lambda event, _: event.update(id=str(uuid4()))),
        ),
        Thought(
            "keyed by something else",
            "Only one key keeps an account's purchase before its cancellation: the account.",
            _but(lambda event, action: event.update(partitionkey=action.id)),
        ),
        Thought(
            "the bill instead of the price",
            "The discount is installer billing's rule: it would be given twice.",
            _but(_as_billed),
        ),
    ),
)
