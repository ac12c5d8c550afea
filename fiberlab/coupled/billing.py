"""One billing for every actor: what a sale costs, written to the ledger while the app waits."""

from collections.abc import Mapping

from fiberlab.coupled.accounts import Accounts
from fiberlab.domain import SALES, Action, Plan, discounted_cents
from fiberlab.ledger import Charge, Ledger

SOURCE = "/herd-fiber/backend"
INSTALLER_DISCOUNT_PERCENT = 20


def bill(action: Action, plans: Mapping[str, Plan], accounts: Accounts, ledger: Ledger) -> int:
    """What the action was charged, in cents; a repeated action is charged once."""
    if action.name not in SALES:
        return 0
    written = ledger.find(SOURCE, action.id)
    amount_cents = written.amount_cents if written else price_cents(action, plans, accounts)
    ledger.write(
        Charge(
            SOURCE, action.id, action.account_id, action.actor.kind, action.name, action.plan, amount_cents
        )
    )
    return amount_cents


def price_cents(action: Action, plans: Mapping[str, Plan], accounts: Accounts) -> int:
    """The list price of the plan, less the account's discount, in cents."""
    # Installers may sell at a discount now. The price below looks at the account, so put it there.
    if action.actor.kind == "installer":
        accounts.set_discount_percent(action.account_id, INSTALLER_DISCOUNT_PERCENT)
    list_price_cents = plans[action.plan].list_price_cents
    return discounted_cents(list_price_cents, accounts.discount_percent(action.account_id))
