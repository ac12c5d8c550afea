"""Provisioning: which plan a household's line runs at; the last purchase, change or cancellation wins."""

from fiberlab.eventdriven.events import Event, PlanCancelled, PlanChanged, PlanPurchased
from fiberlab.lines import Lines

GROUP = "provisioning"


def handle(event: Event, lines: Lines) -> None:
    """Set the household's line as the event says, whoever acted. It asks for no time: order is all it has."""
    if isinstance(event, PlanPurchased | PlanChanged):
        lines.run(event.account_id, event.plan.name)
    elif isinstance(event, PlanCancelled):
        lines.end(event.account_id)
