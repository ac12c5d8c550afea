"""The marks that every picture is drawn with: words, cells, boxes and arrows, strips, bars, lines.

They know places, colours and words, and nothing of what these stand for.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Picture
from matplotlib.lines import Line2D
from matplotlib.patches import FancyBboxPatch

from classroom.figures.look import GRID, INK, MUTED, NORMAL, PAPER, SMALL, WRONG, WRONG_PALE, Look

Place = tuple[float, float]
Named = Callable[[str], str]
GOLDEN = 0.618  # steps of the golden ratio come nowhere near each other for long
ABOVE = {"loc": "lower right", "bbox_to_anchor": (1, 1)}  # where a key stands


def note(axes: Axes, text: str, at: tuple[object, float], away: Place = (0, 0), **style: object) -> None:
    """Write at a place, so many points away from it and in that direction; (0, 0) is around it."""
    ha = "left" if away[0] > 0 else "right" if away[0] < 0 else "center"
    va = "bottom" if away[1] > 0 else "top" if away[1] < 0 else "center"
    style = {"size": NORMAL, "color": INK, "ha": ha, "va": va, **style}
    axes.annotate(text, at, away, textcoords="offset points", **style)


def heading(axes: Axes, text: str, color: str = INK) -> None:
    """What one of several panels shows, above it."""
    axes.set_title(text, loc="left", pad=6, size=NORMAL + 1, weight="bold", color=color)


def rows(axes: Axes, names: Sequence[str], size: float = NORMAL, above: float = 0.5) -> None:
    """A row for each name, at 0, 1, 2, … from the top, with so much room above the first."""
    axes.set_yticks(range(len(names)), names, size=size)
    axes.set_ylim(len(names) - 0.5, -above)


def columns(axes: Axes, names: Sequence[str], size: float = NORMAL) -> None:
    """A column for each name, at 0, 1, 2, … from the left."""
    axes.set_xticks(range(len(names)), names, size=size)
    axes.set_xlim(-0.5, len(names) - 0.5)


def spread(start: float, end: float, count: int) -> list[float]:
    """The middles of so many equal parts."""
    step = (end - start) / max(count, 1)
    return [start + step * (number + 0.5) for number in range(count)]


class Cell(NamedTuple):
    """One cell of a grid."""

    words: str
    paper: str = PAPER
    weight: str = "normal"
    size: float = NORMAL
    ink: str = INK


Grid = Mapping[tuple[str, str], Cell]  # by row and column


def cells(
    axes: Axes, grid: Grid, down: Named, across: Named, size: float = NORMAL, dense: bool = False
) -> None:
    """The grid, in the order of its keys; `down` and `across` write the names of rows and columns.

    What is dense has no edges, and the columns' names above it.
    """
    lines, stacks = (list(dict.fromkeys(found)) for found in zip(*grid, strict=True))
    rows(axes, [down(name) for name in lines], size)
    columns(axes, [across(name) for name in stacks], size)
    axes.tick_params(labeltop=dense, labelbottom=not dense)
    for (line, stack), cell in grid.items():
        at, words = (stacks.index(stack), lines.index(line)), cell._asdict()
        sheet(axes, at, (0.94, 0.92), linewidth=0 if dense else 2, **words)


def sheet(axes: Axes, middle: Place, extent: Place, words: str, paper: str, **style: object) -> None:
    """A coloured card; what is wrong has an edge for whoever does not see the colour."""
    edge = WRONG if paper == WRONG_PALE else GRID
    box(axes, middle, extent, words, paper, **{"edge": edge, "corner": 0, "linewidth": 2, **style})


def box(
    axes: Axes, middle: Place, extent: Place, words: str, paper: str = PAPER, *, ink: str = INK,
    edge: str = INK, linewidth: float = 1.2, line: str = "-", corner: float = 0.1, **style: object,
) -> None:  # fmt: skip
    """A box with words in it; its corners are round by so many inches."""
    inches, limits = axes.figure.get_size_inches(), (axes.get_xlim(), axes.get_ylim())
    across, down = (abs(high - low) / length for (low, high), length in zip(limits, inches, strict=True))
    corners = {"boxstyle": f"round,pad=0,rounding_size={corner * across}", "mutation_aspect": down / across}
    look = {"facecolor": paper, "edgecolor": edge, "linewidth": linewidth, "linestyle": line}
    start = middle[0] - extent[0] / 2, middle[1] - extent[1] / 2
    axes.add_patch(FancyBboxPatch(start, *extent, **corners, **look))
    note(axes, words, middle, color=ink, **{"size": SMALL, **style})


def arrow(axes: Axes, start: Place, end: Place, line: str = "-", heads: str = "->") -> None:
    """An arrow from a place to another."""
    look = {"arrowstyle": heads, "color": MUTED, "linewidth": 1.6, "linestyle": line}
    axes.annotate("", end, start, arrowprops={**look, "shrinkA": 1, "shrinkB": 1})


def strip(
    axes: Axes, y: float, values: pd.Series, look: Look, height: float, size: float,
    since: pd.Series | None = None,
) -> None:  # fmt: skip
    """A dot per value along a row, spread evenly over its height so that dots do not hide each other.

    With `since` a line leads from there to each dot: a wait.
    """
    heights = [y + height * (2 * (number * GOLDEN % 1) - 1) for number in range(len(values))]
    if since is not None:
        axes.hlines(heights, since, values, color=WRONG, linewidth=1.2)
    edge = {"markeredgecolor": PAPER, "markeredgewidth": size / 10} if look.marker != "|" else {}
    axes.plot(values, heights, look.marker, color=look.color, markersize=size, **edge)


def bars(
    axes: Axes, at: Sequence[float], lengths: Sequence[float], look: Look, width: float,
    words: Sequence[str], *, name: str = "", start: float = 0, lying: bool = False, **style: object,
) -> None:  # fmt: skip
    """Bars, standing or lying, with words at the end of each; `name` is for a key."""
    draw, begin = (axes.barh, "left") if lying else (axes.bar, "bottom")
    drawn = draw(at, lengths, width, label=name, **{begin: start}, **look.fill)
    axes.bar_label(drawn, words, padding=5, **{"size": NORMAL, "color": INK, **style})


def line(axes: Axes, values: pd.Series, look: Look, width: float = 2, **style: object) -> None:
    """A line through the values, over their index, with a mark at each."""
    style = {"linewidth": width, "markersize": width + 5, **style}
    axes.plot(values, color=look.color, marker=look.marker, **style)


def key(place: Axes | Picture, looks: Mapping[str, Look], size: float = 6, **where: object) -> None:
    """The mark of each name, above the picture unless told where."""
    style = {"linestyle": "", "markersize": size}
    found = [Line2D([], [], marker=m.marker, color=m.color, label=name, **style) for name, m in looks.items()]
    if found:
        place.legend(handles=found, frameon=False, ncols=4, **(where or ABOVE))
