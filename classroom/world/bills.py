"""Bills beside what they should be: a design's charges, judged by the oracle."""

from collections.abc import Iterable, Sequence

import pandas as pd

from fiberlab.domain import Action, Company, dollars, expected_cents
from fiberlab.ledger import Charge

_COLUMNS = ["action_id", "at", "account_id", "name", "actor", "action", "plan", "billed_cents"]


class UnaccountedChargeError(ValueError):
    """A ledger holds a charge that no action of the day explains, or two for one action."""


def bills(day: Sequence[Action], charges: Iterable[Charge], company: Company) -> pd.DataFrame:
    """A row per action of the day, in order of time: what it was charged and what it should be, in cents.

    Columns: action_id, at, account_id, name (of the account), actor (its kind), action, plan, billed_cents,
    expected_cents, wrong_cents (billed less expected: overpaid if positive, lost to the company if negative).
    """
    billed = _by_action(day, charges)
    rows = [
        (
            action.id,
            action.at,
            action.account_id,
            company.accounts[action.account_id].name,
            action.actor.kind,
            action.name,
            action.plan,
            billed.get(action.id, 0),
            expected_cents(action, company.plans),
        )
        for action in day
    ]
    frame = pd.DataFrame(rows, columns=[*_COLUMNS, "expected_cents"])
    return frame.assign(wrong_cents=frame.billed_cents - frame.expected_cents)


def wrong_bills(bills: pd.DataFrame) -> pd.DataFrame:
    """The wrongly billed actions, worst first, as people read them: money in dollars."""
    wrong = bills[bills.wrong_cents != 0].sort_values(["wrong_cents", "action_id"])
    shown = wrong[["account_id", "name", "actor", "action", "plan"]].copy()
    for column, label in (
        ("billed_cents", "billed"),
        ("expected_cents", "should be"),
        ("wrong_cents", "wrong by"),
    ):
        shown[label] = wrong[column].map(dollars)
    return shown.reset_index(drop=True)


def outcome(bills: pd.DataFrame) -> pd.DataFrame:
    """Per actor: bills, wrong bills, billed, should be, wrong by. Money in dollars."""
    sales = bills[(bills.billed_cents != 0) | (bills.expected_cents != 0)]
    grouped = sales.groupby("actor")
    table = pd.DataFrame(
        {"bills": grouped.size(), "wrong bills": grouped.wrong_cents.agg(lambda c: (c != 0).sum())}
    )
    for column, label in (
        ("billed_cents", "billed"),
        ("expected_cents", "should be"),
        ("wrong_cents", "wrong by"),
    ):
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
