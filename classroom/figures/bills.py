"""Pictures of a day's bills beside the oracle, and their sentences. They know money, and no design.

`bills` has one row per action of the day, in order of time: `at` (UTC), `account_id`, `actor`, `action`,
`plan`, `billed_cents`, `expected_cents` (the oracle) and `wrong_cents`, which is billed minus expected
(negative: the company lost it). A bill is a row where billed or expected is not 0. Distances on an axis
are cents.
"""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.dates import DateFormatter
from matplotlib.patches import Rectangle

from classroom.figures import look as fig
from classroom.figures.look import capital, listing, plural, require
from fiberlab.domain import ACTIONS, dollars

AMOUNTS = ("billed_cents", "expected_cents", "wrong_cents")


def only_sales(bills: pd.DataFrame, *columns: str) -> pd.DataFrame:
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


PLAN_LOOK = fig.Look(fig.MUTED, "", "o")
DUE_LOOK = fig.Look(fig.DUE, "", "o")


def bills_against_oracle(bills: pd.DataFrame, by: str = "actor") -> fig.Figure:
    """What was billed beside what was due, per actor or (by="plan") per plan."""
    sales = only_sales(bills, by)
    amounts = totals(sales, by)
    picture, [axes] = fig.canvas(f"Billed beside due: {verdict(sales)}", 0.9 + 0.75 * len(amounts))
    axes.set(xticks=[], xlim=(0, 2.15 * amounts.to_numpy().max()), ylim=(len(amounts) - 0.45, -0.55))
    for y, (name, row) in enumerate(rows(amounts)):
        _billed_and_due(axes, y, fig.look_of(name) if by == "actor" else PLAN_LOOK, row)
    names = [fig.short(fig.capital(whose(name, by))) for name in amounts.index]
    axes.set_yticks(range(len(amounts)), names, size=fig.NORMAL)
    return fig.finish(picture, f"{fig.capital(against_oracle(amounts, by))}; {verdict(sales)}.")


def _billed_and_due(axes: Axes, y: int, look: fig.Look, row: pd.Series) -> None:
    axes.barh(y - 0.19, row.billed_cents, 0.36, **look.fill)
    axes.barh(y + 0.19, row.expected_cents, 0.36, **DUE_LOOK.fill)
    fig.note(axes, f"{dollars(row.billed_cents)} billed", (row.billed_cents, y - 0.19), (6, 0))
    fig.note(axes, f"{dollars(row.expected_cents)} due", (row.expected_cents, y + 0.19), (6, 0))
    style = {"color": fig.text_color(row.wrong), "weight": "bold"}
    fig.note(axes, difference(row), (axes.get_xlim()[1], y), (-6, 0), **style)


def both_designs(coupled_bills: pd.DataFrame, event_driven_bills: pd.DataFrame) -> fig.Figure:
    """Both designs side by side: how far each actor's bills are from the oracle."""
    days = {"coupled": coupled_bills, "event-driven": event_driven_bills}
    sold = {design: only_sales(bills, "actor") for design, bills in days.items()}
    title = "One day in both designs: how far is what was billed from what was due?"
    picture, panels = fig.canvas(title, 4.4, len(sold))
    panels[0].set_ylim(_room(pd.concat(totals(sales, "actor").wrong_cents for sales in sold.values())))
    said = []
    for panel, (design, sales) in zip(panels, sold.items(), strict=True):
        amounts = totals(sales, "actor")
        _distances(panel, fig.capital(f"{design}: {verdict(sales)}"), amounts)
        said.append(f"in the {design} design {against_oracle(amounts, 'actor')}, and {verdict(sales)}")
    return fig.finish(picture, f"{fig.capital('; '.join(said))}.")


def _room(wrong_cents: pd.Series) -> tuple[float, float]:
    """The lowest and the highest value to show, with room for a label below and above."""
    low, high = min(0, wrong_cents.min()), max(0, wrong_cents.max())
    return low - 0.22 * max(high - low, 1), high + 0.28 * max(high - low, 1)


def _distances(axes: Axes, heading: str, amounts: pd.DataFrame) -> None:
    style = {"size": fig.NORMAL + 1, "weight": "bold", "color": fig.text_color(amounts.wrong.any())}
    axes.set_title(heading, loc="left", pad=6, **style)
    axes.axhline(0, color=fig.INK, linewidth=1)
    labels = []
    for x, (name, row) in enumerate(rows(amounts)):
        axes.bar(x, row.wrong_cents, 0.55, **fig.look_of(name).fill)
        sign, side = (
            ("", -7) if row.wrong_cents < 0 else ("+" if row.wrong_cents else "✓ " * (not row.wrong), 7)
        )
        style |= {"size": fig.HUGE, "color": fig.text_color(row.wrong)}
        fig.note(axes, sign + dollars(row.wrong_cents), (x, row.wrong_cents), (0, side), **style)
        amount = f"billed {dollars(row.billed_cents)}\ndue {dollars(row.expected_cents)}"
        labels.append(f"{fig.capital(whose(name))}\n{amount}")
    axes.set_xticks(range(len(amounts)), labels, size=fig.NORMAL)
    axes.set_xlim(-0.6, len(amounts) - 0.4)
    axes.set_yticks([0], ["billed\n= due"])


def right_or_wrong(bills: pd.DataFrame) -> fig.Figure:
    """A heat map of actor by action: how many of the bills are wrong."""
    sales = only_sales(bills, "actor", "action")
    actors = sorted(bills.actor.unique())
    title = f"Whose bills are wrong, and after which action? {fig.capital(verdict(sales))}"
    picture, [axes] = fig.canvas(title, 1.1 + 0.85 * len(actors))
    said = []
    for y, actor in enumerate(actors):
        for x, action in enumerate(ACTIONS):
            cell = sales[(sales.actor == actor) & (sales.action == action)]
            said += _cell(axes, x, y, cell, f"{actor}s' {action} bill")
    axes.set_xticks(range(len(ACTIONS)), ACTIONS, size=fig.NORMAL)
    axes.set_yticks(range(len(actors)), [f"{fig.capital(actor)}s" for actor in actors], size=fig.NORMAL)
    axes.set(xlim=(-0.5, len(ACTIONS) - 0.5), ylim=(len(actors) - 0.5, -0.5))
    return fig.finish(picture, f"{fig.capital(fig.listing(said))}.")


def _cell(axes: Axes, x: int, y: int, sales: pd.DataFrame, noun: str) -> list[str]:
    """Draw the cell; what the sentence says of it, nothing if it holds no bill."""
    wrong, count = int(sales.wrong.sum()), len(sales)
    pale, edge = (fig.WRONG_PALE, fig.WRONG) if wrong else (fig.RIGHT_PALE if count else fig.PAPER, fig.GRID)
    axes.add_patch(Rectangle((x - 0.47, y - 0.46), 0.94, 0.92, facecolor=pale, edgecolor=edge, linewidth=2))
    if not count:
        fig.note(axes, "no bill", (x, y), (0, 0), color=fig.MUTED)
        return []
    text = f"✗ {wrong:,} of {count:,}\nwrong" if wrong else f"✓ all {count:,}\nright"
    fig.note(axes, text, (x, y), (0, 0), size=fig.LARGE, weight="bold" if wrong else "normal")
    return [count_wrong(wrong, count, noun)]


def money_lost(bills: pd.DataFrame) -> fig.Figure:
    """The running total of billed minus due over the day (UTC), and the account furthest off."""
    sales = only_sales(bills, "at", "account_id")
    sentence = fig.capital(loss(sales))
    picture, [axes] = fig.canvas(sentence.split(";")[0], 3.9)
    moments, running = sales["at"], sales.wrong_cents.cumsum()
    axes.axhline(0, color=fig.INK, linewidth=1)
    axes.step(moments, running, where="post", color=fig.WRONG, linewidth=2.5)
    axes.plot(moments[sales.wrong], running[sales.wrong], "X", color=fig.WRONG_TEXT, markersize=7)
    if sales.wrong.any():
        row, told = furthest_off(sales)
        arrow = {"arrowstyle": "->", "color": fig.INK}
        fig.note(axes, told, (moments[row], running[row]), (26, 26), weight="bold", arrowprops=arrow)
    axes.xaxis.set_major_formatter(DateFormatter("%H:%M"))
    axes.yaxis.set_major_formatter(lambda cents, _: dollars(round(cents)))
    axes.set_xlabel("hour of the day (UTC); a cross is a wrong bill", size=fig.SMALL)
    axes.grid(axis="y", color=fig.GRID)
    axes.margins(y=0.15)
    return fig.finish(picture, f"{sentence}.")


def wrong_by_share(outcomes: pd.DataFrame) -> fig.Figure:
    """Wrong bills, and the dollars they lost, against the share of installers among the actions."""
    fig.require(outcomes, "installer_percent", "bills", "wrong_bills", "lost_cents")
    shares = outcomes.sort_values("installer_percent")
    picture, [axes] = fig.canvas("How many bills are wrong when installers make more of the sales?", 3.9)
    names = [f"{percent} %" for percent in shares.installer_percent]
    bars = axes.bar(names, shares.wrong_bills, 0.6, color=fig.WRONG, hatch="xx", edgecolor=fig.PAPER)
    labels = [f"{row.wrong_bills:,} wrong\n{dollars(row.lost_cents)} lost" for row in shares.itertuples()]
    axes.bar_label(bars, labels, padding=4, size=fig.NORMAL)
    axes.set_xlabel("share of installers", size=fig.NORMAL)
    axes.set(yticks=[], ylim=(0, 1.3 * max(1, shares.wrong_bills.max())))
    return fig.finish(picture, by_share(shares))
