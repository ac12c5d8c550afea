"""Customer billing: what customers buy in the app. It knows no other actor."""

from fiberlab.domain import Plan


def price_cents(plan: Plan) -> int:
    """The list price, in cents."""
    return plan.list_price_cents
