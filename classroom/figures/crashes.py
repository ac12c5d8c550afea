"""Pictures of where a process dies, and of what is lost or charged twice then. They know cents and steps."""

from collections.abc import Sequence

import pandas as pd

from classroom.figures import look as fig
from classroom.figures import marks
from fiberlab.domain import dollars

LOST, TWICE = fig.Look("#D55E00", "", "v"), fig.Look("#F6C65B", "///", "^")
SIGNS = "no number: every bill is right · +: charged twice · −: never charged"


def crash_points(
    deaths: pd.DataFrame, title: str = "The process dies after a step: whose bills?"
) -> fig.Figure:
    """A strip per strategy, a field per step: what is wrong if the process dies right after it."""
    fig.require(deaths, "strategy", "number", "step", "lost_cents", "double_cents")
    return fig.Figure(_said_of_strategies(deaths), _crash_points, deaths, title, SIGNS)


def exactly_once(deaths: pd.DataFrame, where: str) -> fig.Figure:
    """The same for Kafka's transactions, by who looks; the picture says where it was seen."""
    fig.require(deaths, "strategy", "reader", "number", "step", "lost_cents", "double_cents")
    by_reader = deaths.assign(strategy=deaths.strategy + " · " + deaths.reader)
    title = "Exactly once, for whom?"
    return fig.Figure(_said_of_strategies(by_reader), _crash_points, by_reader, title, f"{where} · {SIGNS}")


def _said_of_strategies(deaths: pd.DataFrame) -> str:
    said = [f"{name}: {_sums(found)}" for name, found in deaths.groupby("strategy", sort=False)]
    return f"{fig.capital('; '.join(said))}."


def _sums(found: pd.DataFrame) -> str:
    wrong = int((found.lost_cents + found.double_cents > 0).sum())
    if not wrong:
        return f"right at all {len(found)} places"
    sums = {"never charged": found.lost_cents.sum(), "charged twice": found.double_cents.sum()}
    said = fig.listing(f"{dollars(cents)} {how}" for how, cents in sums.items() if cents)
    return f"wrong at {wrong} of {len(found)} places, {said} in all"


def _crash_points(deaths: pd.DataFrame, title: str, below: str) -> fig.Picture:
    groups = list(deaths.groupby("strategy", sort=False))
    picture, [axes] = fig.canvas(title, 1 + 0.78 * len(groups))
    axes.set(xlim=(0, deaths.number.max()), ylim=(len(groups), 0), xticks=[], yticks=[])
    for y, (name, found) in enumerate(groups):
        wrong = (found.lost_cents + found.double_cents).any()
        style = {"ha": "left", "va": "center", "size": fig.SMALL}
        marks.note(axes, name, (0.03, y + 0.2), weight="bold", **style)
        style |= {"ha": "right", "color": fig.text_color(wrong)}
        marks.note(axes, _sums(found), (deaths.number.max() - 0.03, y + 0.2), **style)
        for x, row in enumerate(found.itertuples()):
            marks.box(axes, (x + 0.5, y + 0.63), (0.97, 0.48), **_field(row))
    axes.set_xlabel(below, size=fig.SMALL, color=fig.MUTED)
    return picture


def _field(row: object) -> dict[str, object]:
    sums = {"+": row.double_cents, "−": row.lost_cents}
    words = [row.step, *(f"{sign}{cents / 100:.2f}" for sign, cents in sums.items() if cents)]
    paper = LOST.pale if row.lost_cents else TWICE.pale if row.double_cents else fig.PAPER
    style = {"corner": 0, "edge": fig.MUTED, "linewidth": 0.6, "size": 8}
    return {"words": "\n".join(words), "paper": paper, **style}


def two_deaths(killed: pd.DataFrame, closed: pd.DataFrame) -> fig.Figure:
    """The same program: what is charged twice if it is killed, and what is lost if it is closed."""
    for deaths in (killed, closed):
        fig.require(deaths, "step", "lost_cents", "double_cents")
    said = f"Killed, it is {_sums(killed)}; closed in good order, it is {_sums(closed)}."
    return fig.Figure(said, _two_deaths, killed, closed)


def _two_deaths(killed: pd.DataFrame, closed: pd.DataFrame) -> fig.Picture:
    picture, [axes] = fig.canvas("Auto-commit: killed it charges twice, closed it loses", 4.4)
    for cents, look, name in (
        (killed.double_cents, TWICE, "killed: charged twice"),
        (-closed.lost_cents, LOST, "closed in good order: never charged"),
    ):
        words = [dollars(abs(value)) if value else "" for value in cents]
        marks.bars(axes, range(len(cents)), cents / 100, look, 0.7, words, name=name, size=fig.SMALL)
    marks.columns(axes, [f"{number}\n{step}" for number, step in enumerate(killed.step, start=1)])
    axes.axhline(0, color=fig.INK, linewidth=1)
    axes.set(yticks=[], ymargin=0.15)
    axes.set_xlabel("the process ends right after this step", size=fig.SMALL, color=fig.MUTED)
    axes.legend(frameon=False, ncols=2, **marks.ABOVE)
    return picture


def nobody_dies(acts: pd.DataFrame, wrong: pd.DataFrame) -> fig.Figure:
    """Two members of a group, step by step, while the first is slow; and what came of it."""
    fig.require(acts, "member", "step")
    fig.require(wrong, "double_cents")
    charged = acts[acts.step == "charge"].groupby("member").size()
    said = [f"{member} charged {fig.plural(count, 'sale')}" for member, count in charged.items()]
    refused = fig.plural(int((acts.step == "refused").sum()), "commit")
    twice = dollars(wrong.double_cents.sum())
    sentence = f"{fig.listing([*said, f'{refused} was refused'])}: {twice} was charged twice."
    return fig.Figure(sentence, _lanes, acts, sorted(charged.index))


def _lanes(acts: pd.DataFrame, members: Sequence[str]) -> fig.Picture:
    picture, [axes] = fig.canvas("Nobody dies. A is slow at its first sale, and B takes over", 2.6)
    axes.set(xlim=(-0.5, len(acts) - 0.5), ylim=(len(members) - 0.5, -0.5), xticks=[])
    axes.set_yticks(range(len(members)), members, size=fig.LARGE, weight="bold")
    begin, end = [x for x, act in enumerate(acts.itertuples()) if act.member == members[0]][:2]
    axes.plot((begin + 0.5, end - 0.5), (0, 0), ":", color=fig.MUTED)
    words = "still at its first sale: it does not poll, and the group takes it for dead"
    marks.note(axes, words, ((begin + end) / 2, 0), (0, 6), size=fig.SMALL, color=fig.MUTED)
    for x, (member, step) in enumerate(acts.itertuples(index=False)):
        late = {"charge": ("charge\nagain", TWICE.pale), "refused": ("commit\nrefused", LOST.pale)}
        looks = late if member == members[0] else {"charge": (step, fig.RIGHT_PALE)}
        style = {"corner": 0, "linewidth": 0.6, "size": 8}
        at = x, members.index(member)
        marks.box(axes, at, (0.94, 0.6), *looks.get(step, (step, fig.PAPER)), **style)
    axes.set_xlabel("one step after the other →", size=fig.SMALL, color=fig.MUTED)
    return picture


def ghosts_and_orphans(writes: pd.DataFrame) -> fig.Figure:
    """What each gateway leaves behind if it dies after any of its steps, with either kind of app."""
    fig.require(writes, "gateway", "app", "ghosts_cents", "orphans_cents", "said_twice")
    sums = writes.groupby(["gateway", "app"], sort=False)[
        ["ghosts_cents", "orphans_cents", "said_twice"]
    ].sum()
    said = [f"{gateway}, {app}: {', '.join(_left(row))}" for (gateway, app), row in sums.iterrows()]
    return fig.Figure(f"{fig.capital('; '.join(said))}.", _ghosts_and_orphans, sums)


def _left(row: pd.Series) -> list[str]:
    """What is wrong, then how often something was only said again."""
    ghosts, orphans, twice = row
    words = [f"{dollars(ghosts)} billed but not sold"] * bool(ghosts)
    words += [f"{dollars(orphans)} sold but not billed"] * bool(orphans)
    again = [f"{fig.plural(twice, 'event')} said twice"] * bool(twice)
    return [*(words or ["right"]), *again]


def _ghosts_and_orphans(sums: pd.DataFrame) -> fig.Picture:
    picture, [axes] = fig.canvas("A gateway with a table of its own dies between two writes", 4.6)
    grid = {}
    for place, row in sums.iterrows():
        wrong = row.ghosts_cents + row.orphans_cents > 0
        paper = fig.WRONG_PALE if wrong else fig.RIGHT_PALE
        grid[place] = marks.Cell("\n".join(_left(row)), paper, "bold" if wrong else "normal")
    marks.cells(axes, grid, lambda name: name.replace("; ", ";\n").replace("outbox, ", "outbox,\n"), str)
    return picture
