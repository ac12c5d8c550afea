"""Pictures of a decision: what each design costs against the number of kinds of actors, and what moves it."""

import pandas as pd
from matplotlib.axes import Axes

from classroom.figures import look as fig
from classroom.figures import marks
from classroom.figures.costs import DESIGN_LOOKS
from classroom.readiness.measurements import Measurements
from classroom.readiness.model import FACTORS, Organization, break_even, kinds, totals_cents, what_moves_it
from classroom.world.designs import DESIGNS, EVENTS, MODULAR, SHARED
from fiberlab.domain import dollars

LOOKS = {design: (look, "dashed" if design == SHARED else "solid") for design, look in DESIGN_LOOKS.items()}
FURTHER = 2  # the curves go on for so many kinds of actors
FAR = 20  # a break-even beyond so many is not drawn, only said
SAID = 4  # the sentence says so many of the inputs that move most


def cost_curves(of: Organization, measured: Measurements) -> fig.Figure:
    """What each design costs a month for 1, 2, … kinds of actors, with the break-even and where you are."""
    found = break_even(of, measured)
    last = max(of.actors_now, of.actors_later, min(found or 0, FAR)) + FURTHER
    curves = pd.DataFrame({n: totals_cents(n, of, measured) for n in range(1, last + 1)}).T
    picture, [axes] = fig.canvas(f"{fig.short(of.name)}: what a month costs", 4.6)
    for design in DESIGNS:
        look, style = LOOKS[design]
        marks.line(axes, curves[design] / 100, look, linestyle=style, label=fig.capital(design))
    _money_axis(axes, curves[[MODULAR, EVENTS]].max().max())
    _mark_actors(axes, of, last)
    if found and found <= last:
        _mark_break_even(axes, found, curves[EVENTS][found])
    axes.legend(loc="upper left", framealpha=1, edgecolor=fig.PAPER, fontsize=fig.NORMAL)
    return fig.finish(picture, _curves_sentence(of, curves, found))


def tornado(of: Organization, measured: Measurements) -> fig.Figure:
    """What halving and doubling each input does to the monthly saving, with the break-even at each end."""
    table = what_moves_it(of, measured)
    fig.require(table, "input")
    base = totals_cents(of.actors_later, of, measured)
    now_cents = min(base[SHARED], base[MODULAR]) - base[EVENTS]
    title = f"{fig.short(of.name)}, with {kinds(of.actors_later)}: what moves the monthly saving by events?"
    picture, [axes] = fig.canvas(title, 1.5 + 0.42 * len(table))
    marks.rows(axes, [fig.capital(text) for text in table.input], fig.SMALL)
    for how, look in zip(FACTORS, (fig.GROUP_LOOKS[3], fig.ACTOR_LOOKS["installer"]), strict=True):
        lengths, ends = (table[f"{how}_cents"] - now_cents) / 100, map(_number, table[f"{how}_break_even"])
        style = {"name": f"{how} of it", "start": now_cents / 100, "lying": True, "size": fig.SMALL}
        marks.bars(axes, range(len(table)), lengths, look, 0.62, list(ends), **style)
    axes.axvline(now_cents / 100, color=fig.INK, linewidth=1.2)
    axes.margins(x=0.14)
    axes.grid(axis="x", color=fig.GRID)
    axes.xaxis.set_major_formatter(lambda value, _: dollars(round(value) * 100).removesuffix(".00"))
    axes.set_xlabel("saved a month; at each end, the break-even in kinds of actors", size=fig.NORMAL)
    axes.legend(loc="lower right", frameon=False, fontsize=fig.SMALL)
    return fig.finish(picture, _tornado_sentence(of, table, now_cents))


def _money_axis(axes: Axes, most_cents: int) -> None:
    """The height is that of the two designs that are compared; the shared module may leave the picture."""
    axes.set_ylim(0, 1.3 * most_cents / 100 or 1)
    axes.grid(axis="y", color=fig.GRID)
    axes.yaxis.set_major_formatter(lambda value, _: f"${value:,.0f}")


def _mark_actors(axes: Axes, of: Organization, last: int) -> None:
    """A line where the organization is now and will be, each named below its number."""
    names = {actors: str(actors) for actors in range(1, last + 1, 1 + last // FAR)}
    for actors, text in ((of.actors_now, "now"), (of.actors_later, f"in {of.horizon_months}\nmonths")):
        axes.axvline(actors, color=fig.MUTED, linestyle="dotted", linewidth=1.4)
        names[actors] = f"{names.get(actors, actors)}\n{text}"
    axes.set_xticks(list(names), list(names.values()))
    axes.set_xlabel("kinds of actors", size=fig.NORMAL)


def _mark_break_even(axes: Axes, actors: int, cents: int) -> None:
    axes.plot([actors], [cents / 100], "o", markersize=16, markerfacecolor="none", markeredgecolor=fig.INK)
    marks.note(axes, f"break-even: {actors}", (actors, cents / 100), (0, -12), weight="bold")


def _curves_sentence(of: Organization, curves: pd.DataFrame, found: int | None) -> str:
    said = [
        f"with {kinds(actors)} the {SHARED} costs {dollars(curves[SHARED][actors])} a month, the {MODULAR} "
        f"{dollars(curves[MODULAR][actors])} and the {EVENTS} design {dollars(curves[EVENTS][actors])}"
        for actors in dict.fromkeys((of.actors_now, of.actors_later))
    ]
    end = f"no more from {kinds(found)} on" if found else "more for any number of them"
    return f"{of.name}: {'; '.join(said)}; events cost {end}."


def _number(found: object) -> str:
    return "never" if pd.isna(found) else str(found)


def _tornado_sentence(of: Organization, table: pd.DataFrame, now_cents: int) -> str:
    said = [
        f"{row.input} ({dollars(row.half_cents)} with half, {dollars(row.twice_cents)} with twice of it, "
        f"break-even {_number(row.half_break_even)} and {_number(row.twice_break_even)})"
        for row in table.head(SAID).itertuples()
    ]
    start = f"{of.name} saves {dollars(now_cents)} a month by events with {kinds(of.actors_later)}"
    return f"{start}; what moves it most: {fig.listing(said)}."
