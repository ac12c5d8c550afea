"""The alarm for sales that no billing took, such as those of a new kind of actor.

Nobody else sees them: every service ignores what is none of its business, no error is raised, and the lag
is 0. It knows no service: whoever has the ledgers asks.
"""

from collections.abc import Iterable

from fiberlab.eventdriven.events import Event, PlanChanged, PlanPurchased
from fiberlab.ledger import Charge


def unbilled(events: Iterable[Event], charges: Iterable[Charge]) -> list[Event]:
    """The sales among these events that none of the charges is for, by source and id."""
    charged = {(charge.source, charge.id) for charge in charges}
    sales = [event for event in events if isinstance(event, PlanPurchased | PlanChanged)]
    return [sale for sale in sales if (sale.source, sale.id) not in charged]
