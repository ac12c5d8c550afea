"""Pictures of who waits for billing, and whose sales are lost. They know what was measured, and no design.

Milliseconds stand in the picture only. The sentence says on which side of 200 ms the median is: an answer
needs a tenth of it, and what waits for the experiment's slow bill or outage needs longer.
"""

from collections import defaultdict

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import NullFormatter, NullLocator

from fiberlab.lab import figure as fig

PROMPT_S = 0.2
TITLE = "Who waits for billing, and which sales are lost?"
COLUMNS = ("design", "condition", "sale", "accepted", "answer_s", "billed")
TICKS_MS = {1: "1 ms", 10: "10 ms", 100: "100 ms", 1000: "1 s"}
MARKS = {"a sale, accepted": ("o", fig.ACTOR_LOOKS["customer"].color, 7),
         "a sale, given up by its app": ("X", fig.WRONG, 8),
         "anything else: browsing, cancelling": ("|", fig.MUTED, 5)}  # fmt: skip


def who_waited(measured: pd.DataFrame) -> fig.Figure:
    """The answer times per design (a row) and condition of billing (a panel), and what became of the sales.

    `measured` has a row per action: COLUMNS, as coupling.waiting.who_waits returns them.
    """
    fig.require(measured, *COLUMNS)
    designs, conditions = measured.design.unique(), measured.condition.unique()
    picture, panels = fig.canvas(TITLE, 1.5 + 0.95 * len(designs), len(conditions))
    for axes, condition in zip(panels, conditions, strict=True):
        _panel(axes, condition, len(designs))
        for y, design in enumerate(designs):
            _row(axes, y, _actions(measured, design, condition))
    panels[0].set_yticks(range(len(designs)), [fig.capital(name) for name in designs], size=fig.NORMAL)
    panels[len(panels) // 2].set_xlabel("from sending it to the answer", size=fig.SMALL, color=fig.MUTED)
    marks = [
        Line2D([], [], ls="", marker=m, color=c, markersize=s, label=name)
        for name, (m, c, s) in MARKS.items()
    ]
    picture.legend(
        handles=marks, loc="outside lower center", ncols=len(marks), frameon=False, fontsize=fig.SMALL
    )
    return fig.finish(picture, _said(measured))


def _actions(measured: pd.DataFrame, design: str, condition: str) -> pd.DataFrame:
    """The actions of this design and condition; ValueError if none of them is a sale."""
    actions = measured[(measured.design == design) & (measured.condition == condition)]
    if not actions.sale.any():
        raise ValueError(f"{design!r} has no sale while billing is {condition!r}; give it one")
    return actions


def _panel(axes: Axes, condition: str, rows: int) -> None:
    axes.set_title(f"Billing is {condition}", size=fig.NORMAL, weight="bold", loc="left", color=fig.INK)
    axes.set(xscale="log", xlim=(0.6, 3000), ylim=(rows - 0.45, -0.6))
    axes.set_xticks(list(TICKS_MS), list(TICKS_MS.values()))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.grid(axis="x", color=fig.GRID)


def _row(axes: Axes, y: int, actions: pd.DataFrame) -> None:
    """Sales on a line, spread a little so that they do not hide each other; the others below it."""
    sales = actions[actions.sale]
    groups = (sales[sales.accepted], sales[~sales.accepted], actions[~actions.sale])
    for (marker, color, size), found, place, spread in zip(
        MARKS.values(), groups, (0, 0, 0.3), (0.13, 0.13, 0), strict=True
    ):
        heights = [y + place + spread * (2 * (n * 0.618 % 1) - 1) for n in range(len(found))]
        style = {
            "ls": "",
            "color": color,
            "markersize": size,
            "markeredgecolor": color if marker == "|" else fig.PAPER,
        }
        axes.plot(found.answer_s * 1000, heights, marker, **style)
    style = {"size": fig.SMALL, "weight": "bold", "color": fig.text_color(not sales.accepted.all())}
    fig.note(axes, _fate(sales), (0.7, y - 0.34), (1, 0), **style)


def _said(measured: pd.DataFrame) -> str:
    parts = []
    for condition in measured.condition.unique():
        designs_by_outcome = defaultdict(list)
        for design in measured.design.unique():
            designs_by_outcome[_outcome(_actions(measured, design, condition))].append(design)
        told = [f"{outcome} ({fig.listing(designs)})" for outcome, designs in designs_by_outcome.items()]
        parts.append(f"while billing is {condition}, {', '.join(told)}")
    others = measured[~measured.sale]
    if len(others):
        parts.append(f"of {fig.plural(len(others), 'other action')} {others.accepted.sum():,} were accepted")
    return f"{fig.capital('; '.join(parts))}."


def _outcome(actions: pd.DataFrame) -> str:
    sales = actions[actions.sale]
    side = "in under" if sales.answer_s.median() < PROMPT_S else "after more than"
    return f"{_fate(sales, ' sales')} in the end, the median answer {side} {PROMPT_S * 1000:.0f} ms"


def _fate(sales: pd.DataFrame, noun: str = "") -> str:
    accepted, billed = sales.accepted.sum(), sales.billed.sum()
    as_many = " and billed" if accepted == billed else f", {billed:,} billed"
    return f"{accepted:,} of {len(sales):,}{noun} accepted{as_many}"
