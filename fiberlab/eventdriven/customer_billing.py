"""Customer billing: charges what customers do in the app, and ignores everybody else's events."""

from fiberlab.eventdriven.events import Event, PlanChanged, PlanPurchased, charge
from fiberlab.ledger import Ledger

GROUP = "customer-billing"


def handle(event: Event, ledger: Ledger) -> None:
    """Charge a customer's purchase or change: the list price."""
    if event.actor.kind == "customer" and isinstance(event, PlanPurchased | PlanChanged):
        ledger.write(charge(event, event.plan.list_price_cents))
