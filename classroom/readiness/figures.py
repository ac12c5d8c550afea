"""Pictures of a decision: what each design costs against the number of kinds of actors, and what moves it."""

from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes

from classroom.figures import look as fig
from classroom.figures import marks
from classroom.figures.costs import DESIGN_LOOKS
from classroom.readiness.model import FACTORS, FAR, Curves, Moves, kinds
from classroom.world.designs import DESIGNS, EVENTS, MODULAR, SHARED
from fiberlab.domain import dollars

LOOKS = {design: (look, "dashed" if design == SHARED else "solid") for design, look in DESIGN_LOOKS.items()}
SAID = 4  # the sentence says so many of the inputs that move most


def cost_curves(curves: Curves) -> fig.Figure:
    """What each design costs a month for 1, 2, … kinds of actors, with the break-even and where you are."""
    return fig.Figure(_curves_sentence(curves), _draw_curves, curves)


def _draw_curves(curves: Curves) -> fig.Picture:
    cents, found = curves.cents, curves.break_even
    picture, [axes] = fig.canvas(f"{fig.short(curves.name)}: what a month costs", 4.6)
    for design in DESIGNS:
        look, style = LOOKS[design]
        marks.line(axes, cents[design] / 100, look, linestyle=style, label=fig.capital(design))
    _money_axis(axes, cents[[MODULAR, EVENTS]].max().max())
    _mark_actors(axes, curves.moments, len(cents))
    if found in cents.index:
        _mark_break_even(axes, found, cents[EVENTS][found])
    axes.legend(loc="upper left", framealpha=1, edgecolor=fig.PAPER, fontsize=fig.NORMAL)
    return picture


def tornado(moves: Moves) -> fig.Figure:
    """What halving and doubling each input does to the monthly saving, with the break-even at each end."""
    fig.require(moves.table, "input")
    return fig.Figure(_tornado_sentence(moves), _draw_tornado, moves)


def _draw_tornado(moves: Moves) -> fig.Picture:
    table, now = moves.table, moves.saving_cents / 100
    title = f"{fig.short(moves.name)}, with {kinds(moves.actors)}: what moves the monthly saving by events?"
    picture, [axes] = fig.canvas(title, 1.5 + 0.42 * len(table))
    marks.rows(axes, [fig.capital(text) for text in table.input], fig.SMALL)
    for how, look in zip(FACTORS, (fig.GROUP_LOOKS[3], fig.ACTOR_LOOKS["installer"]), strict=True):
        lengths, ends = table[f"{how}_cents"] / 100 - now, map(_number, table[f"{how}_break_even"])
        style = {"name": f"{how} of it", "start": now, "lying": True, "size": fig.SMALL}
        marks.bars(axes, range(len(table)), lengths, look, 0.62, list(ends), **style)
    axes.axvline(now, color=fig.INK, linewidth=1.2)
    axes.margins(x=0.14)
    axes.grid(axis="x", color=fig.GRID)
    axes.xaxis.set_major_formatter(lambda value, _: dollars(round(value) * 100).removesuffix(".00"))
    axes.set_xlabel("saved a month; at each end, the break-even in kinds of actors", size=fig.NORMAL)
    axes.legend(loc="lower right", frameon=False, fontsize=fig.SMALL)
    return picture


def _money_axis(axes: Axes, most_cents: int) -> None:
    """The height is that of the two designs that are compared; the shared module may leave the picture."""
    axes.set_ylim(0, 1.3 * most_cents / 100 or 1)
    axes.grid(axis="y", color=fig.GRID)
    axes.yaxis.set_major_formatter(lambda value, _: f"${value:,.0f}")


def _mark_actors(axes: Axes, moments: Mapping[str, int], last: int) -> None:
    """A line where the organization is now and will be, each named below its number."""
    names = {actors: str(actors) for actors in range(1, last + 1, 1 + last // FAR)}
    for moment, actors in moments.items():
        axes.axvline(actors, color=fig.MUTED, linestyle="dotted", linewidth=1.4)
        names[actors] = "\n".join((names.get(actors, str(actors)), *moment.rsplit(maxsplit=1)))
    axes.set_xticks(list(names), list(names.values()))
    axes.set_xlabel("kinds of actors", size=fig.NORMAL)


def _mark_break_even(axes: Axes, actors: int, cents: int) -> None:
    axes.plot([actors], [cents / 100], "o", markersize=16, markerfacecolor="none", markeredgecolor=fig.INK)
    marks.note(axes, f"break-even: {actors}", (actors, cents / 100), (0, -12), weight="bold")


def _curves_sentence(curves: Curves) -> str:
    said = [
        f"with {kinds(actors)} the {SHARED} costs {dollars(cents[SHARED])} a month, the {MODULAR} "
        f"{dollars(cents[MODULAR])} and the {EVENTS} design {dollars(cents[EVENTS])}"
        for actors in dict.fromkeys(curves.moments.values())
        for cents in (curves.cents.loc[actors],)
    ]
    found = curves.break_even
    end = f"no more from {kinds(found)} on" if found else "more for any number of them"
    return f"{curves.name}: {'; '.join(said)}; events cost {end}."


def _number(found: object) -> str:
    return "never" if pd.isna(found) else str(found)


def _tornado_sentence(moves: Moves) -> str:
    said = [
        f"{row.input} ({dollars(row.half_cents)} with half, {dollars(row.twice_cents)} with twice of it, "
        f"break-even {_number(row.half_break_even)} and {_number(row.twice_break_even)})"
        for row in moves.table.head(SAID).itertuples()
    ]
    start = f"{moves.name} saves {dollars(moves.saving_cents)} a month by events with {kinds(moves.actors)}"
    return f"{start}; what moves it most: {fig.listing(said)}."
