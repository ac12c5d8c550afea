from fiberlab.domain import SALES


def customer_price_cents(action_name: str, list_price_cents: int) -> int:
    """What a customer's action costs, in cents: only sales cost something.

    A purchase and a change are sales, and `fiberlab.domain.SALES` says so in one place: a third kind of sale
    would be added there, and not here.
    """
    return list_price_cents if action_name in SALES else 0
