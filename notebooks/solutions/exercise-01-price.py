from fiberlab.domain import SALES


def customer_price_cents(action_name: str, list_price_cents: int) -> int:
    """What a customer's action costs, in cents: only sales cost something."""
    return list_price_cents if action_name in SALES else 0
