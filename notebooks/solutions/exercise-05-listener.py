from fiberlab.eventdriven.events import Event, PlanPurchased


def commission_cents(event: Event) -> int | None:
    """5 % of the list price for a plan that an installer purchased for a household, else None."""
    if event.actor.kind == "installer" and isinstance(event, PlanPurchased):
        return event.plan.list_price_cents * 5 // 100
    return None
