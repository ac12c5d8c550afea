"""Pictures of a day's bills beside the oracle, and their sentences. They know money, and no design.

`bills` has one row per action of the day, in order of time: `at` (UTC), `account_id`, `actor`, `action`,
`plan`, `billed_cents`, `expected_cents` (the oracle) and `wrong_cents`, which is billed minus expected
(negative: the company lost it). A bill is a row where billed or expected is not 0. Distances on an axis
are cents.
"""

from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.dates import DateFormatter

from classroom.figures import look as fig
from classroom.figures import marks
from classroom.figures.look import capital, listing, plural, require
from fiberlab.domain import ACTIONS, dollars

AMOUNTS = ("billed_cents", "expected_cents", "wrong_cents")


def _only_sales(bills: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """The rows that are bills. ValueError if there is none, or if a column is missing."""
    require(bills, *columns, *AMOUNTS)
    chosen = bills[(bills.billed_cents != 0) | (bills.expected_cents != 0)]
    if chosen.empty:
        raise ValueError(
            f"none of {plural(len(bills), 'action')} is a bill; billed_cents and expected_cents are all 0"
        )
    return chosen.assign(wrong=chosen.wrong_cents != 0)


def _totals(sales: pd.DataFrame, by: str) -> pd.DataFrame:
    """Cents and number of wrong bills per actor (by name) or per plan (cheapest first)."""
    groups = sales.groupby(by)
    order = groups.expected_cents.max() if by == "plan" else groups.size().index.to_series()
    return groups[[*AMOUNTS, "wrong"]].sum().loc[order.sort_values(kind="stable").index]


def _verdict(sales: pd.DataFrame) -> str:
    """How many are wrong: "9 of 214 bills are wrong", "all 214 bills are right"."""
    return _count_wrong(int(sales.wrong.sum()), len(sales), "bill")


def _count_wrong(wrong: int, of: int, noun: str) -> str:
    """How many of some things are wrong, in good grammar for one, all and none of them."""
    if of == 1:
        return f"the only {noun} is {'wrong' if wrong else 'right'}"
    if wrong in (0, of):
        return f"all {plural(of, noun)} are {'wrong' if wrong else 'right'}"
    return f"{wrong:,} of {plural(of, noun)} {'is' if wrong == 1 else 'are'} wrong"


def _against_oracle(amounts: pd.DataFrame, by: str) -> str:
    """What was billed of what was due: "customers were billed $1.00 of $2.00, ..."."""
    said = [
        f"{_whose(name, by)} {dollars(row.billed_cents)} of {dollars(row.expected_cents)}"
        for name, row in _rows(amounts)
    ]
    first = _whose(amounts.index[0], by)
    return ", ".join(said).replace(first, f"{first} {'were' if by == 'actor' else 'was'} billed", 1)


def _rows(amounts: pd.DataFrame) -> list[tuple[str, pd.Series]]:
    """The name and the integers of each row."""
    return [(str(name), row.astype(int)) for name, row in amounts.iterrows()]


def _whose(name: str, by: str = "actor") -> str:
    """Whose bills a group holds: "customers", "installers' sales"; a plan keeps its name."""
    if by == "plan":
        return name
    return "customers" if name == "customer" else f"{name}s' sales"


def _difference(row: pd.Series) -> str:
    """How a group's bills differ from the oracle, in a few words with a mark."""
    if not row.wrong:
        return "✓ right to the cent"
    side = "too little" if row.wrong_cents < 0 else "too much"
    return f"✗ {row.wrong:,} wrong: {dollars(abs(row.wrong_cents))} {side}"


def _loss(sales: pd.DataFrame) -> str:
    """What the wrong bills cost, where it began, and which account is furthest off."""
    wrong = sales[sales.wrong]
    if wrong.empty:
        return f"{_verdict(sales)}, and no money was lost"
    _, worst = _furthest_off(sales)
    first = f"the first wrong bill went to {wrong.account_id.iloc[0]}"
    return f"{_too(wrong.groupby('account_id').wrong_cents.sum())}; {first}; {worst}"


def _furthest_off(sales: pd.DataFrame) -> tuple[int, str]:
    """The row of the last wrong bill of the account furthest off, of equals the first by name; and words."""
    by_account = sales.groupby("account_id").wrong_cents.sum()
    worst = by_account.abs().idxmax()
    row = sales.index[(sales.account_id == worst) & sales.wrong][-1]
    return row, f"{worst} is furthest off, by {dollars(int(by_account[worst]))}"


def _too(by_account: pd.Series) -> str:
    """How much was billed too little and too much, and to how many accounts."""
    said = []
    for direction, part in (("little", by_account[by_account < 0]), ("much", by_account[by_account > 0])):
        if len(part):
            who = f"{plural(len(part), 'account')} {'was' if len(part) == 1 else 'were'}"
            said.append(f"{who} billed {dollars(abs(int(part.sum())))} too {direction}")
    return listing(said or ["wrong bills cancel out on every account"])


def _by_share(shares: pd.DataFrame) -> str:
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
    wrong = _count_wrong(int(row.wrong_bills), int(row.bills), "bill")
    return f"{wrong} and {dollars(int(row.lost_cents))} is lost"


PLAN_LOOK = fig.Look(fig.MUTED, "", "o")
DUE_LOOK = fig.Look(fig.DUE, "", "o")
LOST_LOOK = fig.Look(fig.WRONG, "", "X")


def bills_against_oracle(bills: pd.DataFrame, by: str = "actor") -> fig.Figure:
    """What was billed beside what was due, per actor or (by="plan") per plan."""
    sales = _only_sales(bills, by)
    amounts = _totals(sales, by)
    said = f"{capital(_against_oracle(amounts, by))}; {_verdict(sales)}."
    return fig.Figure(said, _draw_against_oracle, amounts, by, _verdict(sales))


def _draw_against_oracle(amounts: pd.DataFrame, by: str, verdict: str) -> fig.Picture:
    picture, [axes] = fig.canvas(f"Billed beside due: {verdict}", 0.9 + 0.75 * len(amounts))
    axes.set(xticks=[], xlim=(0, 2.15 * amounts.to_numpy().max()))
    marks.rows(axes, [fig.short(capital(_whose(name, by))) for name in amounts.index])
    for y, (name, row) in enumerate(_rows(amounts)):
        _billed_and_due(axes, y, fig.look_of(name) if by == "actor" else PLAN_LOOK, row)
    return picture


def _billed_and_due(axes: Axes, y: int, look: fig.Look, row: pd.Series) -> None:
    billed, due = row.billed_cents, row.expected_cents
    marks.bars(axes, [y - 0.19], [billed], look, 0.36, [f"{dollars(billed)} billed"], lying=True)
    marks.bars(axes, [y + 0.19], [due], DUE_LOOK, 0.36, [f"{dollars(due)} due"], lying=True)
    style = {"color": fig.text_color(row.wrong), "weight": "bold"}
    marks.note(axes, _difference(row), (axes.get_xlim()[1], y), (-6, 0), **style)


def both_designs(coupled_bills: pd.DataFrame, event_driven_bills: pd.DataFrame) -> fig.Figure:
    """Both designs side by side: how far each actor's bills are from the oracle."""
    days = {"coupled": coupled_bills, "event-driven": event_driven_bills}
    sold = {design: _only_sales(bills, "actor") for design, bills in days.items()}
    amounts = {design: _totals(sales, "actor") for design, sales in sold.items()}
    said = [
        f"in the {design} design {_against_oracle(amounts[design], 'actor')}, and {_verdict(sales)}"
        for design, sales in sold.items()
    ]
    verdicts = {design: f"{design}: {_verdict(sales)}" for design, sales in sold.items()}
    return fig.Figure(f"{capital('; '.join(said))}.", _draw_both, amounts, verdicts)


def _draw_both(amounts: Mapping[str, pd.DataFrame], verdicts: Mapping[str, str]) -> fig.Picture:
    title = "One day in both designs: how far is what was billed from what was due?"
    picture, panels = fig.canvas(title, 4.4, len(amounts))
    panels[0].set_ylim(_room(pd.concat(table.wrong_cents for table in amounts.values())))
    for panel, (design, table) in zip(panels, amounts.items(), strict=True):
        marks.heading(panel, capital(verdicts[design]), fig.text_color(table.wrong.any()))
        _distances(panel, table)
    return picture


def _room(wrong_cents: pd.Series) -> tuple[float, float]:
    """The lowest and the highest value to show, with room for a label below and above."""
    low, high = min(0, wrong_cents.min()), max(0, wrong_cents.max())
    return low - 0.22 * max(high - low, 1), high + 0.28 * max(high - low, 1)


def _distances(axes: Axes, amounts: pd.DataFrame) -> None:
    axes.axhline(0, color=fig.INK, linewidth=1)
    labels = []
    for x, (name, row) in enumerate(_rows(amounts)):
        sign = "+" if row.wrong_cents > 0 else "" if row.wrong else "✓ "
        style = {"size": fig.HUGE, "color": fig.text_color(row.wrong)}
        words = [sign + dollars(row.wrong_cents)]
        marks.bars(axes, [x], [row.wrong_cents], fig.look_of(name), 0.55, words, weight="bold", **style)
        amount = f"billed {dollars(row.billed_cents)}\ndue {dollars(row.expected_cents)}"
        labels.append(f"{capital(_whose(name))}\n{amount}")
    marks.columns(axes, labels)
    axes.set_yticks([0], ["billed\n= due"])


def right_or_wrong(bills: pd.DataFrame) -> fig.Figure:
    """A heat map of actor by action: how many of the bills are wrong."""
    sales = _only_sales(bills, "actor", "action")
    actors = sorted(bills.actor.unique())
    found = {
        (actor, action): sales[(sales.actor == actor) & (sales.action == action)]
        for actor in actors
        for action in ACTIONS
    }
    said = [
        _count_wrong(int(some.wrong.sum()), len(some), f"{actor}s' {action} bill")
        for (actor, action), some in found.items()
        if len(some)
    ]
    grid = {at: _cell(int(some.wrong.sum()), len(some)) for at, some in found.items()}
    title = f"Whose bills are wrong, and after which action? {capital(_verdict(sales))}"
    return fig.Figure(f"{capital(listing(said))}.", _draw_right_or_wrong, title, grid, len(actors))


def _draw_right_or_wrong(title: str, grid: marks.Grid, actors: int) -> fig.Picture:
    picture, [axes] = fig.canvas(title, 1.1 + 0.85 * actors)
    marks.cells(axes, grid, lambda actor: f"{capital(actor)}s", str)
    return picture


def _cell(wrong: int, count: int) -> marks.Cell:
    """The cell of so many bills."""
    if not count:
        return marks.Cell("no bill", ink=fig.MUTED)
    if wrong:
        return marks.Cell(f"✗ {wrong:,} of {count:,}\nwrong", fig.WRONG_PALE, "bold", fig.LARGE)
    return marks.Cell(f"✓ all {count:,}\nright", fig.RIGHT_PALE, size=fig.LARGE)


def money_lost(bills: pd.DataFrame) -> fig.Figure:
    """The running total of billed minus due over the day (UTC), and the account furthest off."""
    sales = _only_sales(bills, "at", "account_id")
    sentence = capital(_loss(sales))
    return fig.Figure(f"{sentence}.", _draw_money_lost, sentence.split(";")[0], sales)


def _draw_money_lost(title: str, sales: pd.DataFrame) -> fig.Picture:
    picture, [axes] = fig.canvas(title, 3.9)
    running = sales.wrong_cents.cumsum()
    axes.axhline(0, color=fig.INK, linewidth=1)
    crosses = {"markevery": sales.wrong.to_list(), "mfc": fig.WRONG_TEXT, "mec": fig.WRONG_TEXT}
    marks.line(axes, running.set_axis(sales["at"]), LOST_LOOK, 2.5, drawstyle="steps-post", **crosses)
    if sales.wrong.any():
        row, told = _furthest_off(sales)
        arrow = {"arrowstyle": "->", "color": fig.INK}
        marks.note(axes, told, (sales["at"][row], running[row]), (26, 26), weight="bold", arrowprops=arrow)
    axes.xaxis.set_major_formatter(DateFormatter("%H:%M"))
    axes.yaxis.set_major_formatter(lambda cents, _: dollars(round(cents)))
    axes.set_xlabel("hour of the day (UTC); a cross is a wrong bill", size=fig.SMALL)
    axes.grid(axis="y", color=fig.GRID)
    axes.margins(y=0.15)
    return picture


def wrong_by_share(outcomes: pd.DataFrame) -> fig.Figure:
    """Wrong bills, and the dollars they lost, against the share of installers among the actions."""
    require(outcomes, "installer_percent", "bills", "wrong_bills", "lost_cents")
    shares = outcomes.sort_values("installer_percent")
    return fig.Figure(_by_share(shares), _draw_wrong_by_share, shares)


def _draw_wrong_by_share(shares: pd.DataFrame) -> fig.Picture:
    picture, [axes] = fig.canvas("How many bills are wrong when installers make more of the sales?", 3.9)
    words = [f"{row.wrong_bills:,} wrong\n{dollars(row.lost_cents)} lost" for row in shares.itertuples()]
    marks.bars(axes, range(len(shares)), shares.wrong_bills, LOST_LOOK, 0.6, words)
    marks.columns(axes, [f"{percent} %" for percent in shares.installer_percent], fig.SMALL)
    axes.set_xlabel("share of installers", size=fig.NORMAL)
    axes.set(yticks=[], ylim=(0, 1.3 * max(1, shares.wrong_bills.max())))
    return picture
