from collections.abc import Mapping
from typing import Any

from fiberlab.domain import Action, Plan

PAST = {
    "browse_plan": "browsed",
    "purchase_plan": "purchased",
    "change_plan": "changed",
    "cancel_plan": "cancelled",
}


def event_of(action: Action, plans: Mapping[str, Plan]) -> dict[str, Any]:
    """A fact, in the past tense, with all that a listener needs to do its work without asking anybody.

    The id is the app's, so an action that is sent again is the same event; the key is the account, so its
    events stay in order. The price is the price list's, not the bill: what an actor pays is billing's rule.
    """
    plan = plans[action.plan]
    return {
        "type": f"com.herdfiber.plan.{PAST[action.name]}",
        "source": "/herd-fiber/gateway",
        "id": action.id,
        "time": action.at,
        "partitionkey": action.account_id,
        "data": {
            "account_id": action.account_id,
            "actor": {"kind": action.actor.kind, "id": action.actor.id},
            "plan": {"name": plan.name, "list_price_cents": plan.list_price_cents},
        },
    }
