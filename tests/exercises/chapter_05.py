"""Chapter 05: the rule of a new listener, and a valid event."""

import itertools
from collections.abc import Callable, Mapping
from typing import Any

from fiberlab.domain import ACTIONS, SALES, Action, Plan, discounted_cents
from fiberlab.eventdriven.events import SOURCE, Event, PlanPurchased, encode, happened
from fiberlab.lab.exercises.event import check_event
from fiberlab.lab.exercises.listener import check_commission
from tests.exercises.proof import Proof


def on_every_installer_event(event: Event) -> int | None:
    return event.plan.list_price_cents * 5 // 100 if event.actor.kind == "installer" else None


def on_every_purchase(event: Event) -> int | None:
    return event.plan.list_price_cents * 5 // 100 if isinstance(event, PlanPurchased) else None


def twentieth(event: Event) -> int | None:
    if event.actor.kind != "installer" or event.ACTION != "purchase_plan":
        return None
    return event.plan.list_price_cents // 20


def by_type(event: Event) -> int | None:
    match event.TYPE, event.actor.kind:
        case "com.herdfiber.plan.purchased", "installer":
            return int(event.plan.list_price_cents * 5 / 100)
    return None


PAST = dict(zip(ACTIONS, ("browsed", "purchased", "changed", "cancelled"), strict=True))
Plans = Mapping[str, Plan]
numbers = itertools.count()


def event_of(action: Action, plans: Plans) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "type": f"com.herdfiber.plan.{PAST[action.name]}",
        "source": SOURCE,
        "id": action.id,
        "time": action.at.isoformat(),
        "partitionkey": action.account_id,
        "data": {
            "account_id": action.account_id,
            "actor": vars(action.actor),
            "plan": vars(plans[action.plan]),
        },
    }


def as_the_gateway_says_it(action: Action, plans: Plans) -> dict[str, Any]:
    said = happened(action, plans)
    names = ("source", "id", "time")
    attributes = {name: getattr(said, name) for name in names} | {"type": said.TYPE}
    return attributes | {"partitionkey": encode(said).key, "data": said.model_dump(exclude=set(names))}


def but(change: Callable[[dict[str, Any], Action], object]) -> Callable[[Action, Plans], dict[str, Any]]:
    """The right event after this change."""

    def event_of_this(action: Action, plans: Plans) -> dict[str, Any]:
        said = as_the_gateway_says_it(action, plans)
        change(said, action)
        return said

    return event_of_this


def discounted(said: dict[str, Any], action: Action) -> None:
    plan = said["data"]["plan"]
    if action.actor.kind == "installer" and action.name in SALES:
        plan["list_price_cents"] = discounted_cents(plan["list_price_cents"], 20)


PROOFS = {
    "exercise-05-listener": Proof(
        check_commission,
        right=(twentieth, by_type),
        wrong={
            "whatever an installer does": (on_every_installer_event, "Only a purchase earns"),
            "whoever purchases": (on_every_purchase, "Look at who did it"),
            "rounded up": (
                lambda event: twentieth(event) and -(-event.plan.list_price_cents // 20),
                "Round down to the cent",
            ),
            "0 for nothing to do": (lambda event: twentieth(event) or 0, "gets None"),
        },
    ),
    "exercise-05-event": Proof(
        check_event,
        right=(event_of, as_the_gateway_says_it),
        wrong={
            "a command": (
                but(lambda said, action: said.update(type=f"charge.{action.actor.kind}")),
                "Say what happened",
            ),
            "no actor": (but(lambda said, _: said["data"].pop("actor")), "Without the actor"),
            "no price": (
                but(lambda said, action: said["data"].update(plan={"name": action.plan})),
                "have to ask for the price",
            ),
            "a new id each time": (
                but(lambda said, _: said.update(id=f"event {next(numbers)}")),
                "keep the id that the app has chosen",
            ),
            "keyed by something else": (
                but(lambda said, action: said.update(partitionkey=action.actor.id)),
                "Only one key keeps",
            ),
            "the bill instead of the price": (but(discounted), "would be given twice"),
        },
    ),
}
