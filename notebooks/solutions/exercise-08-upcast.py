from typing import Any

from fiberlab.eventdriven.events import UnreadableEventError

Data = dict[str, Any]


def upcast(data: Data) -> Data:
    """The data of an event in today's form, whichever it came in. Raises UnreadableEventError if in none.

    Today's price is whole cents; the old one was dollars. The name says which it is, and never the size.
    """
    plan = dict(data["plan"])
    if "price_dollars" in plan:
        old_cents = round(plan.pop("price_dollars") * 100)
        if plan.setdefault("list_price_cents", old_cents) != old_cents:
            raise UnreadableEventError(f"two prices: {old_cents} and {plan['list_price_cents']} cents")
    if "list_price_cents" not in plan:
        raise UnreadableEventError("no price")
    return {**data, "plan": plan}
