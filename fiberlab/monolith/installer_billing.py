"""Installer billing: what installers sell on site, at a discount. It knows no other actor."""

from fiberlab.domain import Plan, discounted_cents

DISCOUNT_PERCENT = 20


def price_cents(plan: Plan) -> int:
    """The list price less the discount, in cents."""
    return discounted_cents(plan.list_price_cents, DISCOUNT_PERCENT)
