"""Pictures of what a broker tells: a topic's events, how far each group has read, who writes and who listens.

They know no service.
"""

from collections.abc import Iterable, Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import FancyBboxPatch

from classroom.figures import look as fig

Cursors = Mapping[str, Mapping[int, int]]  # by group and partition
NEWEST = 30  # events shown per lane; the older ones are told as a number
WIDE = 8  # up to so many boxes per lane there is room for their labels
TITLE = "What does the topic hold, and how far has each group read?"


def topic_lanes(records: pd.DataFrame, cursors: Cursors, title: str = TITLE) -> fig.Figure:
    """A lane of events per partition and, below it, each group's mark before the next event it will read.

    `records` has a row per event: partition, offset, actor ("" if none) and label. `cursors` has the
    committed offset (the next to read) by group and partition, 0 if absent. A topic without events is fine.
    """
    fig.require(records, "partition", "offset", "actor", "label", rows=0)
    ends, looks = _ends(records, cursors), fig.group_looks(cursors)
    slots, step = max(8, min(NEWEST, max(ends.values()))), 1.3 + 0.55 * len(cursors)
    picture, [axes] = fig.canvas(title, 1.2 + 0.4 * step * len(ends))
    axes.set(xlim=(-0.15, slots + 0.15), ylim=(step * len(ends) - 0.55, -0.6), xticks=[])
    for lane, (partition, end) in enumerate(ends.items()):
        first, y = max(0, end - NEWEST), lane * step
        _events(axes, records[(records.partition == partition) & (records.offset >= first)], first, y, slots)
        for row, group in enumerate(cursors):
            committed, ys = cursors[group].get(partition, 0), (y, y + 0.8 + 0.55 * row)
            _cursor(axes, committed, first, ys, group, looks[group])
    axes.set_yticks([lane * step for lane in range(len(ends))], [_lane(*item) for item in ends.items()])
    _legend(axes, sorted(set(records.actor) - {""}))
    return fig.finish(picture, _said(records, cursors, ends))


def _said(records: pd.DataFrame, cursors: Cursors, ends: Mapping[int, int]) -> str:
    return (
        "; ".join([_holds(records, ends), *(_has_read(name, cursors[name], ends) for name in cursors)]) + "."
    )


def _ends(records: pd.DataFrame, cursors: Cursors) -> dict[int, int]:
    """The offset after the last event, per partition that holds an event or is read."""
    ends = dict.fromkeys((partition for read in cursors.values() for partition in read), 0)
    ends |= {
        int(partition): int(last) + 1 for partition, last in records.groupby("partition").offset.max().items()
    }
    return dict(sorted(ends.items())) or {0: 0}


def _lane(partition: int, end: int) -> str:
    return f"Partition {partition}" + (f"\n… {end - NEWEST:,} older" if end > NEWEST else "")


def _events(axes: Axes, events: pd.DataFrame, first: int, y: float, slots: int) -> None:
    axes.plot((0, slots), (y, y), color=fig.GRID, linewidth=1, zorder=0.5)
    if events.empty:
        fig.note(axes, "no event yet", (slots / 2, y), (0, 2), size=fig.SMALL, color=fig.MUTED)
    for event in events.itertuples():
        _box(axes, event.offset - first, y, event, slots)


def _box(axes: Axes, x: float, y: float, event: tuple, slots: int) -> None:
    """One event: round for a customer, square for others, its offset inside."""
    look = fig.look_of(event.actor)
    style = "round,pad=0,rounding_size=0.3" if look.marker == "o" else "square,pad=0"
    fill = {"facecolor": look.color, "edgecolor": fig.INK}
    axes.add_patch(FancyBboxPatch((x + 0.07, y - 0.42), 0.86, 0.84, boxstyle=style, **fill))
    label = f"{event.offset}\n{event.label}" if event.label and slots <= WIDE else str(event.offset)
    turn = 90 if slots > 20 and event.offset > 99 else 0
    if not turn or event.offset % 5 == 0:
        axes.text(x + 0.5, y, label, ha="center", va="center", size=fig.SMALL, color=look.text, rotation=turn)


def _cursor(
    axes: Axes, committed: int, first: int, ys: tuple[float, float], group: str, look: fig.Look
) -> None:
    """The group's mark between what it has read and what it reads next; an arrow if older than shown."""
    x = max(0, committed - first)
    side = 1 if x <= sum(axes.get_xlim()) / 2 else -1
    axes.plot((x, x), (ys[0] - 0.5, ys[1]), color=look.color, linewidth=2, clip_on=False, zorder=1.5)
    axes.plot(
        x,
        ys[1],
        look.marker,
        color=look.color,
        markeredgecolor=fig.INK,
        markersize=8,
        clip_on=False,
        zorder=4,
    )
    text = f"{'← ' * (committed < first)}{group}, next {committed:,}"
    paper = {"facecolor": fig.PAPER, "edgecolor": "none", "pad": 1}
    fig.note(axes, text, (x, ys[1]), (10 * side, 0), size=fig.SMALL, bbox=paper, zorder=3)


def _legend(axes: Axes, actors: Iterable[str]) -> None:
    handles = [_mark(fig.look_of(actor), f"by {actor}s") for actor in actors]
    if handles:
        axes.legend(handles=handles, loc="lower right", bbox_to_anchor=(1, 1), ncols=4, frameon=False)


def _mark(look: fig.Look, label: str) -> Line2D:
    return Line2D(
        [], [], linestyle="", marker=look.marker, color=look.color, markeredgecolor=fig.INK, label=label
    )


def _holds(records: pd.DataFrame, ends: Mapping[int, int]) -> str:
    if records.empty:
        return "The topic holds no event yet"
    by_actor = [
        f"{count:,} by {actor}s"
        for actor, count in records[records.actor != ""].groupby("actor").size().items()
    ]
    lanes = fig.listing(
        f"{(records.partition == partition).sum():,} in partition {partition}" for partition in ends
    )
    return f"The topic holds {fig.plural(len(records), 'event')} ({', '.join(by_actor)}), {lanes}"


def _has_read(group: str, committed: Mapping[int, int], ends: Mapping[int, int]) -> str:
    total, behind = sum(ends.values()), sum(max(0, end - committed.get(p, 0)) for p, end in ends.items())
    return f"group {group} has read {total - behind:,} of {total:,}, {behind:,} behind"


def lag_by_moment(lags: pd.DataFrame) -> fig.Figure:
    """How many events each group (a column) was behind at each moment (the index, in order)."""
    fig.require(lags)
    picture, [axes] = fig.canvas("How many events was each group behind?", 3.7)
    width, looks = 0.8 / len(lags.columns), fig.group_looks(lags)
    for number, (group, look) in enumerate(looks.items()):
        x = [moment - 0.4 + (number + 0.5) * width for moment in range(len(lags))]
        bars = axes.bar(
            x, lags[group], width * 0.9, color=look.color, hatch=look.hatch, edgecolor=fig.INK, label=group
        )
        axes.bar_label(bars, padding=3, size=fig.NORMAL)
    axes.set_xticks(range(len(lags)), lags.index, size=fig.NORMAL)
    axes.axhline(0, color=fig.INK, linewidth=1)
    axes.set(yticks=[], ymargin=0.2)
    axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=4, frameon=False)
    said = [
        f"{group} {fig.listing(f'{lag:,} ({moment})' for moment, lag in lags[group].items())}"
        for group in lags
    ]
    return fig.finish(picture, f"Events behind: {'; '.join(said)}.")


WHO_LISTENS = "Who still knows who listens? The broker does."
WRITERS, TOPIC, GROUPS = 14, 45, 82  # where they stand, in percent of the width


def listener_graph(writers: Mapping[str, int], listeners: pd.DataFrame, topic: str = "topic") -> fig.Figure:
    """The topic in the middle, who wrote how many events to it, and each group that reads it.

    `listeners` has a row per group: group, members and lag.
    """
    fig.require(listeners, "group", "members", "lag", rows=0)
    rows = max(len(writers), len(listeners), 1)
    picture, [axes] = fig.canvas(WHO_LISTENS, 1.6 + 0.75 * rows)
    axes.set(xlim=(0, 100), ylim=(rows, -0.1), xticks=[], yticks=[])
    middle = rows / 2
    _labelled_box(
        axes, TOPIC, middle, 22, f"{topic}\n{fig.plural(sum(writers.values()), 'event')}", bold=True
    )
    for y, (source, count) in zip(_spread(rows, len(writers)), writers.items(), strict=True):
        _labelled_box(axes, WRITERS, y, 27, f"{source}\nwrote {count:,}")
        _arrow(axes, (WRITERS + 13.5, y), (TOPIC - 11, middle))
    for y, row in zip(_spread(rows, len(listeners)), listeners.itertuples(), strict=True):
        _arrow(axes, (TOPIC + 11, middle), (GROUPS - 17, y), "-" if row.members else ":")
        _labelled_box(
            axes, GROUPS, y, 34, f"{row.group}\n{_state(row.members, row.lag)}", alive=row.members > 0
        )
    return fig.finish(picture, _said_of_listeners(writers, listeners))


def _state(members: int, lag: int) -> str:
    return f"{fig.plural(members, 'member') if members else 'nobody there'}, {lag:,} behind"


def _said_of_listeners(writers: Mapping[str, int], listeners: pd.DataFrame) -> str:
    wrote = [f"{source} wrote {fig.plural(count, 'event')}" for source, count in writers.items()]
    heard = [f"{row.group} ({_state(row.members, row.lag)})" for row in listeners.itertuples()]
    groups = f"{fig.plural(len(heard), 'group')} have" if len(heard) != 1 else "1 group has"
    read = f"{groups} read from the topic: {fig.listing(heard)}" if heard else "no group has read from it"
    return f"{fig.capital(fig.listing(wrote)) if wrote else 'Nobody has written to the topic'}; {read}."


def _labelled_box(
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
