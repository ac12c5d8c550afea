from collections.abc import Mapping

from fiberlab.coupled.accounts import Accounts
from fiberlab.domain import Action, Plan, discounted_cents


def price_cents(
    action: Action, plans: Mapping[str, Plan], accounts: Accounts, discounts: Mapping[str, int]
) -> int:
    """What this sale costs, in cents: the list price, less what this kind of actor may give away.

    It asks who sells, and neither reads nor writes the account: what stands there reaches whoever comes next.
    Who may give how much is a table that is passed in, so that a new actor is a new row and no new line here.
    The table is shared by all actors, of course: whoever changes it answers for everybody's prices.
    """
    percent = discounts.get(action.actor.kind, 0)
    return discounted_cents(plans[action.plan].list_price_cents, percent)
