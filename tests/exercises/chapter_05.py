"""Chapter 05: the rule of a new listener."""

from fiberlab.eventdriven.events import Event, PlanPurchased
from fiberlab.lab.listener_exercises import check_commission
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
}
