"""Installer billing: charges what installers sell on site, and ignores everybody else's events."""

from fiberlab.domain import discounted_cents
from fiberlab.eventdriven.events import Event, PlanChanged, PlanPurchased, charge
from fiberlab.ledger import Ledger

GROUP = "installer-billing"
DISCOUNT_PERCENT = 20


def handle(event: Event, ledger: Ledger) -> None:
    """Charge an installer's sale: the list price less the discount."""
    if event.actor.kind == "installer" and isinstance(event, PlanPurchased | PlanChanged):
        ledger.write(charge(event, discounted_cents(event.plan.list_price_cents, DISCOUNT_PERCENT)))
