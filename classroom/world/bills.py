"""Bills beside what they should be: a design's charges, judged by the oracle.

A bill is right, wrong, or not billed yet: it has no charge, and its service has not read all events.
"""

from collections.abc import Iterable, Mapping, Sequence

import pandas as pd

from fiberlab.domain import Action, Company, dollars, expected_cents
from fiberlab.ledger import Charge

_COLUMNS = ["action_id", "at", "account_id", "name", "actor", "action", "plan", "billed_cents"]
NOBODY: Mapping[str, int] = {}  # is behind


class UnaccountedChargeError(ValueError):
    """A ledger holds a charge that no action of the day explains, or two for one action."""


def bills(
    day: Sequence[Action], charges: Iterable[Charge], company: Company, behind: Mapping[str, int] = NOBODY
) -> pd.DataFrame:
    """A row per action of the day, in order of time: what it was charged and what it should be, in cents.

    Columns: action_id, at, account_id, name (of the account), actor (its kind), action, plan, billed_cents,
    expected_cents, wrong_cents (billed less expected: overpaid if positive, lost to the company if negative;
    0 if it is not billed yet) and behind (how many events its service has yet to read, if it is not billed
    yet; else 0). `behind` is the design's, by actor: ask it before the charges, or a bill that is made in
    between is called wrong.
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
    late = _still_due(frame, billed, behind)
    wrong = (frame.billed_cents - frame.expected_cents).where(late == 0, 0)
    return frame.assign(wrong_cents=wrong, behind=late)


def not_billed_yet(bills: pd.DataFrame) -> pd.DataFrame:
    """The sales that their service will bill once it has read on."""
    return bills[bills.behind > 0]


def _still_due(frame: pd.DataFrame, billed: Mapping[str, int], behind: Mapping[str, int]) -> pd.Series:
    """How many events the action's service has yet to read; 0 if it was charged, or if nothing is due."""
    late = [
        0 if row.action_id in billed or not row.expected_cents else behind.get(row.actor, 0)
        for row in frame.itertuples()
    ]
    return pd.Series(late, frame.index, dtype=int)


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
