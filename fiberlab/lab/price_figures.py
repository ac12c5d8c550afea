"""A picture of what each design gives and what it costs, number by number. It knows no design."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from fiberlab.lab import figure as fig

TITLE = "What does each design give, and what does it cost? Less is better in every row"
NAMES, WIDTH = 46, 18  # in percent of the width: the rows' names, a column


def price_list(counts: pd.DataFrame, sizes: pd.DataFrame | None = None) -> fig.Figure:
    """A row per thing counted, a column per design; where they differ, the least and the most are coloured.

    `counts` has the things as its index. `sizes` is like it, for numbers that differ from run to run or with
    every edit of the source: the sentence says only who has the most of them.
    """
    sizes = counts[:0] if sizes is None else sizes
    rows = pd.concat([counts, sizes])
    fig.require(rows, *counts.columns)
    if list(sizes.columns) != list(counts.columns):
        raise ValueError(
            f"sizes are of {list(sizes.columns)!r}, counts of {list(counts.columns)!r}; name the same"
        )
    picture, [axes] = fig.canvas(TITLE, 1.1 + 0.36 * len(rows))
    axes.set(xlim=(0, NAMES + WIDTH * len(rows.columns)), ylim=(len(rows) - 0.45, -1.1), xticks=[], yticks=[])
    for column, design in enumerate(rows.columns):
        fig.note(axes, fig.capital(design), (_middle(column), -0.75), (0, 0), weight="bold")
    for y, (thing, numbers) in enumerate(rows.iterrows()):
        fig.note(axes, fig.capital(str(thing)), (NAMES - 1, y), (-1, 0))
        _row(axes, y, numbers)
    return fig.finish(picture, _said(counts, sizes))


def _middle(column: int) -> float:
    return NAMES + WIDTH * (column + 0.5)


def _row(axes: Axes, y: int, numbers: pd.Series) -> None:
    for column, number in enumerate(numbers):
        color = (
            fig.RIGHT_PALE
            if number == numbers.min()
            else fig.WRONG_PALE
            if number == numbers.max()
            else fig.PAPER
        )
        box = (_middle(column) - WIDTH / 2 + 0.3, y - 0.46), WIDTH - 0.6, 0.92
        axes.add_patch(Rectangle(*box, color=fig.GRID if numbers.nunique() == 1 else color, linewidth=0))
        fig.note(axes, f"{number:,.0f}", (_middle(column), y), (0, 0), weight="bold")


def _said(counts: pd.DataFrame, sizes: pd.DataFrame) -> str:
    designs = fig.listing(counts.columns)
    parts = [f"{thing} {fig.listing(f'{n:,.0f}' for n in numbers)}" for thing, numbers in counts.iterrows()]
    parts += [f"most {thing} in the {numbers.idxmax()} design" for thing, numbers in sizes.iterrows()]
    return f"{fig.capital(designs)}: {'; '.join(parts)}."
