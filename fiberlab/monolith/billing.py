"""Billing: asks the actor's own module for the price, and writes it to the ledger while the app waits."""

from collections.abc import Mapping

from fiberlab.domain import SALES, Action, Plan
from fiberlab.ledger import Charge, Ledger
from fiberlab.monolith import customer_billing, installer_billing

SOURCE = "/herd-fiber/backend"
PRICES = {
    "customer": customer_billing.price_cents,
    "installer": installer_billing.price_cents,
}


def bill(action: Action, plans: Mapping[str, Plan], ledger: Ledger) -> int:
    """What the action was charged, in cents; a repeated action is charged once."""
    if action.name not in SALES:
        return 0
    kind, plan = action.actor.kind, plans[action.plan]
    written = ledger.find(SOURCE, action.id)
    amount_cents = written.amount_cents if written else PRICES[kind](plan)
    ledger.write(Charge(SOURCE, action.id, action.account_id, kind, action.name, action.plan, amount_cents))
    return amount_cents
