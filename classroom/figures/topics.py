"""Pictures of what a broker tells: a topic's events, how far each group has read, who writes and who listens.

They know no service.
"""

from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes

from classroom.figures import look as fig
from classroom.figures import marks

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
    ends = _ends(records, cursors)
    return fig.Figure(_said(records, cursors, ends), _draw_lanes, records, cursors, ends, title)


def _draw_lanes(records: pd.DataFrame, cursors: Cursors, ends: Mapping[int, int], title: str) -> fig.Picture:
    looks = fig.group_looks(cursors)
    slots, step = max(8, min(NEWEST, max(ends.values()))), 1.3 + 0.55 * len(cursors)
    picture, [axes] = fig.canvas(title, 1.2 + 0.4 * step * len(ends))
    axes.set(xlim=(-0.15, slots + 0.15), ylim=(step * len(ends) - 0.55, -0.6), xticks=[])
    for lane, (partition, end) in enumerate(ends.items()):
        first, y = max(0, end - NEWEST), lane * step
        _events(axes, records[(records.partition == partition) & (records.offset >= first)], first, y, slots)
        for row, group in enumerate(cursors):
            committed, ys = cursors[group].get(partition, 0), (y - 0.5, y + 0.8 + 0.55 * row)
            _cursor(axes, committed, first, ys, group, looks[group])
    axes.set_yticks([lane * step for lane in range(len(ends))], [_lane(*item) for item in ends.items()])
    actors = sorted(set(records.actor) - {""})
    marks.key(axes, {f"by {actor}s": fig.look_of(actor) for actor in actors})
    return picture


def _said(records: pd.DataFrame, cursors: Cursors, ends: Mapping[int, int]) -> str:
    read = [_has_read(name, cursors[name], ends) for name in cursors]
    return f"{'; '.join([_holds(records, ends), *read])}."


def _ends(records: pd.DataFrame, cursors: Cursors) -> dict[int, int]:
    """The offset after the last event, per partition that holds an event or is read."""
    ends = dict.fromkeys((partition for read in cursors.values() for partition in read), 0)
    last = records.groupby("partition").offset.max()
    ends |= {int(partition): int(offset) + 1 for partition, offset in last.items()}
    return dict(sorted(ends.items())) or {0: 0}


def _lane(partition: int, end: int) -> str:
    return f"Partition {partition}" + (f"\n… {end - NEWEST:,} older" if end > NEWEST else "")


def _events(axes: Axes, events: pd.DataFrame, first: int, y: float, slots: int) -> None:
    axes.plot((0, slots), (y, y), color=fig.GRID, linewidth=1, zorder=0.5)
    if events.empty:
        marks.note(axes, "no event yet", (slots / 2, y), (0, 2), size=fig.SMALL, color=fig.MUTED)
    for event in events.itertuples():
        _box(axes, event.offset - first, y, event, slots)


def _box(axes: Axes, x: float, y: float, event: tuple, slots: int) -> None:
    """One event: round for a customer, square for others, its offset inside."""
    look = fig.look_of(event.actor)
    label = f"{event.offset}\n{event.label}" if event.label and slots <= WIDE else str(event.offset)
    turned = slots > 20 and event.offset > 99
    shown = label if not turned or event.offset % 5 == 0 else ""
    style = {"corner": 0.12 * (look.marker == "o"), "linewidth": 1, "rotation": 90 * turned}
    marks.box(axes, (x + 0.5, y), (0.86, 0.84), shown, look.color, ink=look.text, **style)


def _cursor(
    axes: Axes, committed: int, first: int, ys: tuple[float, float], group: str, look: fig.Look
) -> None:
    """The group's mark between what it has read and what it reads next; an arrow if older than shown."""
    x = max(0, committed - first)
    side = 1 if x <= sum(axes.get_xlim()) / 2 else -1
    style = {"color": look.color, "clip_on": False}
    axes.plot((x, x), ys, linewidth=2, zorder=1.5, **style)
    axes.plot(x, ys[1], look.marker, markeredgecolor=fig.INK, markersize=8, zorder=4, **style)
    text = f"{'← ' * (committed < first)}{group}, next {committed:,}"
    paper = {"facecolor": fig.PAPER, "edgecolor": "none", "pad": 1}
    marks.note(axes, text, (x, ys[1]), (10 * side, 0), size=fig.SMALL, bbox=paper, zorder=3)


def _holds(records: pd.DataFrame, ends: Mapping[int, int]) -> str:
    if records.empty:
        return "The topic holds no event yet"
    counts = records[records.actor != ""].groupby("actor").size()
    by_actor = ", ".join(f"{count:,} by {actor}s" for actor, count in counts.items())
    lanes = [f"{(records.partition == partition).sum():,} in partition {partition}" for partition in ends]
    return f"The topic holds {fig.plural(len(records), 'event')} ({by_actor}), {fig.listing(lanes)}"


def _has_read(group: str, committed: Mapping[int, int], ends: Mapping[int, int]) -> str:
    total, behind = sum(ends.values()), sum(max(0, end - committed.get(p, 0)) for p, end in ends.items())
    return f"group {group} has read {total - behind:,} of {total:,}, {behind:,} behind"


def lag_by_moment(lags: pd.DataFrame) -> fig.Figure:
    """How many events each group (a column) was behind at each moment (the index, in order)."""
    fig.require(lags)
    said = [
        f"{group} {fig.listing(f'{lag:,} ({moment})' for moment, lag in lags[group].items())}"
        for group in lags
    ]
    return fig.Figure(f"Events behind: {'; '.join(said)}.", _draw_lags, lags)


def _draw_lags(lags: pd.DataFrame) -> fig.Picture:
    picture, [axes] = fig.canvas("How many events was each group behind?", 3.7)
    width, looks = 0.8 / len(lags.columns), fig.group_looks(lags)
    for start, (group, look) in zip(marks.spread(-0.4, 0.4, len(looks)), looks.items(), strict=True):
        at = [moment + start for moment in range(len(lags))]
        marks.bars(axes, at, lags[group], look, 0.9 * width, [f"{lag:,}" for lag in lags[group]], name=group)
    marks.columns(axes, lags.index)
    axes.axhline(0, color=fig.INK, linewidth=1)
    axes.set(yticks=[], ymargin=0.2)
    axes.legend(frameon=False, ncols=4, **marks.ABOVE)
    return picture


WHO_LISTENS = "Who still knows who listens? The broker does."
WRITERS, TOPIC, GROUPS = 14, 45, 82  # where they stand, in percent of the width


def listener_graph(writers: Mapping[str, int], listeners: pd.DataFrame, topic: str = "topic") -> fig.Figure:
    """The topic in the middle, who wrote how many events to it, and each group that reads it.

    `listeners` has a row per group: group, members and lag.
    """
    fig.require(listeners, "group", "members", "lag", rows=0)
    return fig.Figure(_said_of_listeners(writers, listeners), _draw_listeners, writers, listeners, topic)


def _draw_listeners(writers: Mapping[str, int], listeners: pd.DataFrame, topic: str) -> fig.Picture:
    rows = max(len(writers), len(listeners), 1)
    picture, [axes] = fig.canvas(WHO_LISTENS, 1.6 + 0.75 * rows)
    axes.set(xlim=(0, 100), ylim=(rows, -0.1), xticks=[], yticks=[])
    middle, alive = rows / 2, {"paper": fig.RIGHT_PALE}
    held = f"{topic}\n{fig.plural(sum(writers.values()), 'event')}"
    marks.box(axes, (TOPIC, middle), (22, 0.68), held, weight="bold")
    for y, (source, count) in zip(marks.spread(0, rows, len(writers)), writers.items(), strict=True):
        marks.box(axes, (WRITERS, y), (27, 0.68), f"{source}\nwrote {count:,}", **alive)
        marks.arrow(axes, (WRITERS + 13.5, y), (TOPIC - 11, middle))
    for y, row in zip(marks.spread(0, rows, len(listeners)), listeners.itertuples(), strict=True):
        line, style = ("-", alive) if row.members else (":", {})
        marks.arrow(axes, (TOPIC + 11, middle), (GROUPS - 17, y), line)
        words = f"{row.group}\n{_state(row.members, row.lag)}"
        marks.box(axes, (GROUPS, y), (34, 0.68), words, line=line, **style)
    return picture


def _state(members: int, lag: int) -> str:
    return f"{fig.plural(members, 'member') if members else 'nobody there'}, {lag:,} behind"


def _said_of_listeners(writers: Mapping[str, int], listeners: pd.DataFrame) -> str:
    wrote = [f"{source} wrote {fig.plural(count, 'event')}" for source, count in writers.items()]
    heard = [f"{row.group} ({_state(row.members, row.lag)})" for row in listeners.itertuples()]
    groups = f"{fig.plural(len(heard), 'group')} have" if len(heard) != 1 else "1 group has"
    read = f"{groups} read from the topic: {fig.listing(heard)}" if heard else "no group has read from it"
    return f"{fig.capital(fig.listing(wrote)) if wrote else 'Nobody has written to the topic'}; {read}."
