from collections.abc import Callable

from fiberlab.eventdriven.events import Event, PlanBrowsed, PlanChanged, PlanPurchased

Looks = dict[str, int]


def win_back() -> tuple[str, Callable[[Event, Looks, set], None]]:
    """A group of its own, and the rule: looks count per account until it buys.

    The name decides whose cursor is moved: under billing's name it would take billing's events. After a crash
    the events since the last commit come again, so what was dealt with is noted by source and id. Where both
    are in a database, list and note are written in one transaction: a crash between them would lose a look.
    """

    def handle(event: Event, looks: Looks, seen: set) -> None:
        if (event.source, event.id) in seen:
            return
        seen.add((event.source, event.id))
        if isinstance(event, PlanBrowsed):
            looks[event.account_id] = looks.get(event.account_id, 0) + 1
        elif isinstance(event, PlanPurchased | PlanChanged):
            looks.pop(event.account_id, None)

    return "win-back", handle
