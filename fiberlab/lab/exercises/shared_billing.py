"""The shared billing with another price function in it, tried on a household's sales."""

import functools
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from types import FunctionType

from fiberlab.coupled import billing
from fiberlab.coupled.accounts import Accounts
from fiberlab.domain import Action, Plan, dollars
from fiberlab.lab.exercise import Answer
from fiberlab.ledger import Ledger

IN_MEMORY = Path(":memory:")  # SQLite's name for a file that is none
Discounts = Mapping[str, int]  # percent off, by kind of actor


@dataclass(frozen=True, repr=False)
class Sales:
    """One household's sales in order; shown as the last of them, whose bill is judged."""

    actions: tuple[Action, ...]
    plans: Mapping[str, Plan]

    @property
    def list_price_cents(self) -> int:
        """What the last one's plan costs on the price list."""
        return self.plans[self.actions[-1].plan].list_price_cents

    def __repr__(self) -> str:
        *before, last = (action.actor.kind for action in self.actions)
        after = f" after {', '.join(before)}" if before else ""
        return f"{self.actions[-1].plan} at {dollars(self.list_price_cents)} by {last}{after}"


class _NoCentsError(ValueError):
    """What came back is no price that a ledger could hold."""


def billed_with(price_cents: Answer) -> Answer:
    """What the last of some sales is charged by the shared billing, with this function in it."""

    @functools.wraps(price_cents)
    def billed(sales: Sales, discounts: Discounts) -> object:
        bill = _bill_with(lambda *asked: _cents(price_cents(*asked, discounts)))
        with Ledger(IN_MEMORY) as ledger, closing(Accounts(IN_MEMORY)) as accounts:
            try:
                for action in sales.actions:
                    bill(action, sales.plans, accounts, ledger)
            except _NoCentsError as error:
                return error.args[0]
            return ledger.charges()[-1].amount_cents

    return billed


def _bill_with(price_cents: Answer) -> FunctionType:
    """The shared billing's own `bill`, except that this is what it finds under the name price_cents."""
    return FunctionType(billing.bill.__code__, {**vars(billing), "price_cents": price_cents})


def _cents(price: object) -> int:
    if type(price) is not int:
        raise _NoCentsError(price)
    return price
