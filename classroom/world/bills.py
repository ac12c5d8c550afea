"""Bills beside what they should be: a design's charges, judged by the oracle.

A bill is right, wrong or not made yet. It is not made yet while a service with a ledger has still to read the
event: what is late is no loss.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence

import pandas as pd

from classroom.world.designs import Design
from fiberlab.domain import Action, Company, dollars, expected_cents
from fiberlab.ledger import Charge

_COLUMNS = ["action_id", "at", "account_id", "name", "actor", "action", "plan", "billed_cents"]
MONEY = {"billed_cents": "billed", "expected_cents": "should be", "wrong_cents": "wrong by"}
NOTHING: Mapping[str, Collection[str]] = {}


class UnaccountedChargeError(ValueError):
    """A ledger holds a charge that no action of the day explains, or two for one action."""


def bills_of(design: Design, day: Sequence[Action], company: Company) -> pd.DataFrame:
    """The day's bills as the running design has made them by now; see `bills`."""
    unread = design.unread()  # before the charges: what is billed meanwhile has its charge
    return bills(day, design.charges(), company, unread)


def bills(
    day: Sequence[Action],
    charges: Iterable[Charge],
    company: Company,
    unread: Mapping[str, Collection[str]] = NOTHING,
) -> pd.DataFrame:
    """A row per action of the day, in order of time: what it was charged and what it should be, in cents.

    unread: by service, the ids of the actions that it has yet to read. Columns: action_id, at, account_id,
    name (of the account), actor (its kind), action, plan, billed_cents, expected_cents, wrong_cents (billed
    less expected: overpaid if positive, lost to the company if negative; 0 while the bill is not made),
    waits_for (who has yet to read of it, "customer-billing (9 events behind)", if a bill is due and not made;
    "" if not).
    """
    billed, readers = _by_action(day, charges), _readers(unread)
    rows = [_row(action, company, billed.get(action.id, 0)) for action in day]
    frame = pd.DataFrame(rows, columns=[*_COLUMNS, "expected_cents"])
    due = (frame.expected_cents != 0) & ~frame.action_id.isin(billed)
    waits_for = frame.action_id.map(lambda id: readers.get(id, "")).astype(object).where(due, "")
    wrong_cents = (frame.billed_cents - frame.expected_cents).where(waits_for == "", 0)
    return frame.assign(wrong_cents=wrong_cents, waits_for=waits_for)


def _row(action: Action, company: Company, billed_cents: int) -> tuple[object, ...]:
    name, due_cents = company.accounts[action.account_id].name, expected_cents(action, company.plans)
    what = action.account_id, name, action.actor.kind, action.name, action.plan
    return action.id, action.at, *what, billed_cents, due_cents


def _readers(unread: Mapping[str, Collection[str]]) -> dict[str, str]:
    """Who has yet to read of each action, in words."""
    found: dict[str, list[str]] = {}
    for name, ids in unread.items():
        for id in set(ids):
            found.setdefault(id, []).append(f"{name} ({len(ids):,} events behind)")
    return {id: " and ".join(names) for id, names in found.items()}


def wrong_bills(bills: pd.DataFrame) -> pd.DataFrame:
    """The wrongly billed actions, worst first, as people read them: money in dollars."""
    wrong = bills[bills.wrong_cents != 0].sort_values(["wrong_cents", "action_id"])
    shown = wrong[["account_id", "name", "actor", "action", "plan"]].copy()
    for column, label in MONEY.items():
        shown[label] = wrong[column].map(dollars)
    return shown.reset_index(drop=True)


def outcome(bills: pd.DataFrame) -> pd.DataFrame:
    """Per actor: bills, wrong bills, not billed yet (if any), billed, should be, wrong by. In dollars."""
    sales = bills[(bills.billed_cents != 0) | (bills.expected_cents != 0)]
    grouped = sales.groupby("actor")
    counts = {"bills": grouped.size(), "wrong bills": grouped.wrong_cents.agg(lambda c: (c != 0).sum())}
    if (late := sales.waits_for != "").any():
        counts["not billed yet"] = late.groupby(sales.actor).sum()
    table = pd.DataFrame(counts)
    for column, label in MONEY.items():
        table[label] = grouped[column].agg(lambda cents: dollars(sum(map(int, cents))))  # of any size
    return table


def _by_action(day: Sequence[Action], charges: Iterable[Charge]) -> dict[str, int]:
    ids = {action.id for action in day}
    billed: dict[str, int] = {}
    for charge in charges:
        if charge.id not in ids or charge.id in billed:
            raise UnaccountedChargeError(f"{charge!r} is billed twice or belongs to no action of this day")
        billed[charge.id] = charge.amount_cents
    return billed
