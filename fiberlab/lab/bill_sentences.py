"""What a day's bills amount to, in numbers and in words. It draws nothing.

`bills` has one row per action of the day, in order of time: `at` (UTC), `account_id`, `actor`, `action`,
`plan`, `billed_cents`, `expected_cents` (the oracle) and `wrong_cents`, which is billed minus expected
(negative: the company lost it). A bill is a row where billed or expected is not 0.
"""

import pandas as pd

from fiberlab.domain import dollars
from fiberlab.lab.figure import capital, listing, plural, require

AMOUNTS = ("billed_cents", "expected_cents", "wrong_cents")


def sold(bills: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """The rows that are bills. ValueError if there is none, or if a column is missing."""
    require(bills, *columns, *AMOUNTS)
    chosen = bills[(bills.billed_cents != 0) | (bills.expected_cents != 0)]
    if chosen.empty:
        raise ValueError(
            f"none of {plural(len(bills), 'action')} is a bill; billed_cents and expected_cents are all 0"
        )
    return chosen.assign(wrong=chosen.wrong_cents != 0)


def totals(sales: pd.DataFrame, by: str) -> pd.DataFrame:
    """Cents and number of wrong bills per actor (by name) or per plan (cheapest first)."""
    groups = sales.groupby(by)
    order = groups.expected_cents.max() if by == "plan" else groups.size().index.to_series()
    return groups[[*AMOUNTS, "wrong"]].sum().loc[order.sort_values(kind="stable").index]


def verdict(sales: pd.DataFrame) -> str:
    """How many are wrong: "9 of 214 bills are wrong", "all 214 bills are right"."""
    return count_wrong(int(sales.wrong.sum()), len(sales), "bill")


def count_wrong(wrong: int, of: int, noun: str) -> str:
    """How many of some things are wrong, in good grammar for one, all and none of them."""
    if of == 1:
        return f"the only {noun} is {'wrong' if wrong else 'right'}"
    if wrong in (0, of):
        return f"all {plural(of, noun)} are {'wrong' if wrong else 'right'}"
    return f"{wrong:,} of {plural(of, noun)} {'is' if wrong == 1 else 'are'} wrong"


def against_oracle(amounts: pd.DataFrame, by: str) -> str:
    """What was billed of what was due: "customers were billed $1.00 of $2.00, ..."."""
    said = [
        f"{whose(name, by)} {dollars(row.billed_cents)} of {dollars(row.expected_cents)}"
        for name, row in rows(amounts)
    ]
    first = whose(amounts.index[0], by)
    return ", ".join(said).replace(first, f"{first} {'were' if by == 'actor' else 'was'} billed", 1)


def rows(amounts: pd.DataFrame) -> list[tuple[str, pd.Series]]:
    """The name and the integers of each row."""
    return [(str(name), row.astype(int)) for name, row in amounts.iterrows()]


def whose(name: str, by: str = "actor") -> str:
    """Whose bills a group holds: "customers", "installers' sales"; a plan keeps its name."""
    if by == "plan":
        return name
    return "customers" if name == "customer" else f"{name}s' sales"


def difference(row: pd.Series) -> str:
    """How a group's bills differ from the oracle, in a few words with a mark."""
    if not row.wrong:
        return "✓ right to the cent"
    side = "too little" if row.wrong_cents < 0 else "too much"
    return f"✗ {row.wrong:,} wrong: {dollars(abs(row.wrong_cents))} {side}"


def loss(sales: pd.DataFrame) -> str:
    """What the wrong bills cost, where it began, and which account is furthest off."""
    wrong = sales[sales.wrong]
    if wrong.empty:
        return f"{verdict(sales)}, and no money was lost"
    _, worst = furthest_off(sales)
    first = f"the first wrong bill went to {wrong.account_id.iloc[0]}"
    return f"{too(wrong.groupby('account_id').wrong_cents.sum())}; {first}; {worst}"


def furthest_off(sales: pd.DataFrame) -> tuple[int, str]:
    """The row of the last wrong bill of the account furthest off, of equals the first by name; and words."""
    by_account = sales.groupby("account_id").wrong_cents.sum()
    worst = by_account.abs().idxmax()
    row = sales.index[(sales.account_id == worst) & sales.wrong][-1]
    return row, f"{worst} is furthest off, by {dollars(int(by_account[worst]))}"


def too(by_account: pd.Series) -> str:
    """How much was billed too little and too much, and to how many accounts."""
    said = []
    for direction, part in (("little", by_account[by_account < 0]), ("much", by_account[by_account > 0])):
        if len(part):
            who = f"{plural(len(part), 'account')} {'was' if len(part) == 1 else 'were'}"
            said.append(f"{who} billed {dollars(abs(int(part.sum())))} too {direction}")
    return listing(said or ["wrong bills cancel out on every account"])


def by_share(shares: pd.DataFrame) -> str:
    """The first, the last and the costliest share of installers, and what all of them add up to."""
    said = [_at_share(shares.iloc[0])]
    if len(shares) > 1:
        worst = shares.loc[shares.lost_cents.idxmax()]
        said += [_at_share(shares.iloc[-1])] + [f"the costliest share is {worst.installer_percent} %"] * bool(
            worst.lost_cents
        )
        said += [f"in all {plural(len(shares), 'run')} {_outcome(shares.sum())}"]
    return f"{capital('; '.join(said))}."


def _at_share(row: pd.Series) -> str:
    return f"with {row.installer_percent} % installers {_outcome(row)}"


def _outcome(row: pd.Series) -> str:
    wrong = count_wrong(int(row.wrong_bills), int(row.bills), "bill")
    return f"{wrong} and {dollars(int(row.lost_cents))} is lost"
