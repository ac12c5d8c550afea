"""Who writes to a topic, and who listens: a picture of what the broker tells. It knows no service."""

from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch

from fiberlab.lab import figure as fig

TITLE = "Who still knows who listens? The broker does."
WRITERS, TOPIC, GROUPS = 14, 45, 82  # where they stand, in percent of the width


def listener_graph(writers: Mapping[str, int], listeners: pd.DataFrame, topic: str = "topic") -> fig.Figure:
    """The topic in the middle, who wrote how many events to it, and each group that reads it.

    `listeners` has a row per group: group, members and lag.
    """
    fig.require(listeners, "group", "members", "lag", rows=0)
    rows = max(len(writers), len(listeners), 1)
    picture, [axes] = fig.canvas(TITLE, 1.6 + 0.75 * rows)
    axes.set(xlim=(0, 100), ylim=(rows, -0.1), xticks=[], yticks=[])
    middle = rows / 2
    _box(axes, TOPIC, middle, 22, f"{topic}\n{fig.plural(sum(writers.values()), 'event')}", bold=True)
    for y, (source, count) in zip(_spread(rows, len(writers)), writers.items(), strict=True):
        _box(axes, WRITERS, y, 27, f"{source}\nwrote {count:,}")
        _arrow(axes, (WRITERS + 13.5, y), (TOPIC - 11, middle))
    for y, row in zip(_spread(rows, len(listeners)), listeners.itertuples(), strict=True):
        _arrow(axes, (TOPIC + 11, middle), (GROUPS - 17, y), "-" if row.members else ":")
        _box(axes, GROUPS, y, 34, f"{row.group}\n{_state(row.members, row.lag)}", alive=row.members > 0)
    return fig.finish(picture, _said(writers, listeners))


def _state(members: int, lag: int) -> str:
    return f"{fig.plural(members, 'member') if members else 'nobody there'}, {lag:,} behind"


def _said(writers: Mapping[str, int], listeners: pd.DataFrame) -> str:
    wrote = [f"{source} wrote {fig.plural(count, 'event')}" for source, count in writers.items()]
    heard = [f"{row.group} ({_state(row.members, row.lag)})" for row in listeners.itertuples()]
    groups = f"{fig.plural(len(heard), 'group')} have" if len(heard) != 1 else "1 group has"
    read = f"{groups} read from the topic: {fig.listing(heard)}" if heard else "no group has read from it"
    return f"{fig.capital(fig.listing(wrote)) if wrote else 'Nobody has written to the topic'}; {read}."


def _box(
    axes: Axes, x: float, y: float, width: float, text: str, alive: bool = True, bold: bool = False
) -> None:
    look = {"facecolor": fig.RIGHT_PALE if alive and not bold else fig.PAPER, "edgecolor": fig.INK}
    line = {"linewidth": 1.2, "linestyle": "-" if alive else ":"}
    shape = "round,pad=0,rounding_size=0.12"
    axes.add_patch(
        FancyBboxPatch(
            (x - width / 2, y - 0.34), width, 0.68, boxstyle=shape, mutation_aspect=0.1, **look, **line
        )
    )
    weight = "bold" if bold else "normal"
    axes.text(x, y, text, ha="center", va="center", size=fig.SMALL, weight=weight, color=fig.INK)


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float], line: str = "-") -> None:
    look = {"arrowstyle": "->", "color": fig.MUTED, "linewidth": 1.6, "linestyle": line}
    axes.annotate("", end, start, arrowprops={**look, "shrinkA": 1, "shrinkB": 1})


def _spread(rows: int, count: int) -> list[float]:
    """The middles of so many equal rows."""
    return [rows / max(count, 1) * (number + 0.5) for number in range(count)]
