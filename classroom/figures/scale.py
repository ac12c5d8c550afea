"""Pictures of work that is shared: by members, by keys, by topics that grow, on a Friday and in a deployment.

They know members, partitions and events, and no Kafka.
"""

from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes

from classroom.figures import look as fig
from classroom.figures import marks
from fiberlab.domain import dollars

BUSY, IDLE = fig.ACTOR_LOOKS["customer"], fig.UNKNOWN_LOOK


def busiest_member(shares: pd.DataFrame) -> fig.Figure:
    """What the busiest member of each crew handles, beside an even share. A row per member: crew, events."""
    fig.require(shares, "crew", "partitions", "events")
    crews = shares.groupby("crew").agg(
        busiest=("events", "max"),
        total=("events", "sum"),
        idle=("partitions", lambda owned: (owned == 0).sum()),
    )
    said = fig.listing(f"{row.busiest:,} with {_of(size)}" for size, row in crews.iterrows())
    idle = [f"{row.idle} of {size}" for size, row in crews.iterrows() if row.idle]
    left = f"; idle: {fig.listing(idle)}" if idle else "; nobody is idle"
    sentence = f"Of {crews.total.max():,} events the busiest member handles {said}{left}."
    return fig.Figure(sentence, _draw_crews, crews)


def _of(size: int) -> str:
    return fig.plural(size, "member")


def _draw_crews(crews: pd.DataFrame) -> fig.Picture:
    picture, [axes] = fig.canvas("How much does the busiest member handle?", 3.7)
    at = range(len(crews))
    words = [f"{row.busiest:,}" + f"\n{row.idle} idle" * bool(row.idle) for row in crews.itertuples()]
    marks.bars(axes, at, crews.busiest, BUSY, 0.62, words)
    even = pd.Series([row.total / size for size, row in crews.iterrows()], index=at)
    marks.line(axes, even, fig.Look(fig.WRONG, "", "o"))
    marks.columns(axes, [_of(size) for size in crews.index], fig.SMALL)
    axes.set(yticks=[], ymargin=0.2)
    marks.key(axes, {"an even share": fig.Look(fig.WRONG, "", "o")})
    return picture


def key_loads(loads: pd.DataFrame) -> fig.Figure:
    """How many events each partition (a row) gets, by key (a column), and what as many members are worth."""
    fig.require(loads)
    said = [
        f"by {name} the busiest holds {loads[name].max():,}, and {len(loads)} members are worth {worth}"
        for name, worth in _worth(loads).items()
    ]
    total = fig.plural(int(loads.sum().max()), "event")
    sentence = f"{total} in {fig.plural(len(loads), 'partition')}: {'; '.join(said)}."
    return fig.Figure(sentence, _draw_loads, loads)


def _worth(loads: pd.DataFrame) -> dict[str, str]:
    return {name: f"{loads[name].sum() / loads[name].max():.1f}" for name in loads}


def _draw_loads(loads: pd.DataFrame) -> fig.Picture:
    picture, panels = fig.canvas("Which key shares the work out?", 3.7, len(loads.columns))
    for axes, (name, worth) in zip(panels, _worth(loads).items(), strict=True):
        marks.heading(axes, f"By {name}")
        marks.bars(
            axes, range(len(loads)), loads[name], BUSY, 0.7, [f"{n:,}" for n in loads[name]], size=fig.SMALL
        )
        marks.columns(axes, [str(partition) for partition in loads.index])
        axes.set(yticks=[], ymargin=0.2)
        axes.set_xlabel(f"partition\n{len(loads)} members are worth {worth}", size=fig.NORMAL)
    return picture


def seam(wrong: pd.DataFrame) -> fig.Figure:
    """Lines at the wrong plan, for each order in which a topic that has grown may be read.

    A row per remedy and order: remedy, order, wrong (households) and off_cents.
    """
    fig.require(wrong, "remedy", "order", "wrong", "off_cents")
    said = [
        f"{remedy}: {fig.listing(_wrong(row) for row in rows.itertuples()) if rows.wrong.any() else 'none'}"
        for remedy, rows in wrong.groupby("remedy", sort=False)
    ]
    return fig.Figure(f"Lines at the wrong plan, with {'; with '.join(said)}.", _draw_seam, wrong)


def _wrong(row: tuple) -> str:
    return f"{row.wrong:,} ({row.order}, off by {dollars(row.off_cents)})"


def _draw_seam(wrong: pd.DataFrame) -> fig.Picture:
    remedies = list(wrong.remedy.unique())
    picture, panels = fig.canvas("How many lines run at the wrong plan afterwards?", 2.9, len(remedies))
    bad = fig.Look(fig.WRONG, "///", "X")
    for axes, remedy in zip(panels, remedies, strict=True):
        rows = wrong[wrong.remedy == remedy]
        marks.heading(axes, f"With {remedy}")
        words = [f"{row.wrong:,}, {dollars(row.off_cents)} a month" for row in rows.itertuples()]
        marks.bars(axes, range(len(rows)), rows.wrong, bad, 0.6, words, lying=True)
        marks.rows(axes, list(rows.order), fig.SMALL)
        axes.set(xticks=[], xlim=(0, 1.9 * max(1, wrong.wrong.max())))
    return picture


FRIDAY_LOOKS = {
    "what comes": fig.Look("#0072B2", "", ""),
    "what the members can do": fig.Look("#009E73", "", ""),
    "lag": fig.Look(fig.WRONG, "", ""),
}


def friday(days: Mapping[str, pd.DataFrame], rate: int) -> fig.Figure:
    """What comes, what so many members at this rate can do, and the lag, for each rule: a row per tick.

    Each day has arrivals, members, lag, and whether the work stood still.
    """
    for day in days.values():
        fig.require(day, "arrivals", "members", "lag", "still")
    said = [
        f"{name}: at worst {day.lag.max():,} behind, {day.members.sum():,} member-ticks paid, nobody worked "
        f"for {fig.plural(int(day.still.sum()), 'tick')}"
        for name, day in days.items()
    ]
    return fig.Figure(f"{fig.capital('; '.join(said))}.", _draw_friday, days, rate)


def _draw_friday(days: Mapping[str, pd.DataFrame], rate: int) -> fig.Picture:
    picture, panels = fig.canvas("A Friday evening, by the rule that starts members", 4, len(days))
    for axes, (name, day) in zip(panels, days.items(), strict=True):
        marks.heading(axes, fig.capital(name))
        _stops(axes, day.still)
        series = day.arrivals, day.members * rate, day.lag
        for values, look, width in zip(series, FRIDAY_LOOKS.values(), (2, 1.2, 2.5), strict=True):
            marks.line(axes, values, look, width)
        axes.set_xlabel("ticks; grey: nobody works", size=fig.SMALL, color=fig.MUTED)
    panels[0].set_ylabel("events", size=fig.SMALL)
    looks = {name: look._replace(marker="s") for name, look in FRIDAY_LOOKS.items()}
    marks.key(picture, looks, loc="outside lower center", fontsize=fig.SMALL)
    return picture


def _stops(axes: Axes, still: pd.Series) -> None:
    """A grey column for each tick in which nobody works."""
    for tick in still.index[still]:
        axes.axvspan(tick - 0.5, tick + 0.5, color=fig.GRID, linewidth=0)


BEFORE_S = 2  # how much of the time before the end of the broker is drawn


def outage(answers: pd.DataFrame, limit_s: float, seen: str) -> fig.Figure:
    """When apps were answered while one of three brokers ended: a dot each, a line for who waited.

    A row per request: how (the broker ended), at_s (of the answer, from that end), answer_s, status and times
    (how often its event is in the topic). The gateway gives up after `limit_s`; `seen`: where this was seen.
    The slowest answer is that of those that came after the end of the broker.
    """
    fig.require(answers, "how", "at_s", "answer_s", "status", "times")
    said = [
        f"{how}: {(rows.status != 202).sum()} failed, {(rows.times == 0).sum()} lost, "
        f"the slowest answer came after {rows.answer_s[rows.at_s > 0].max():.1f} s"
        for how, rows in answers.groupby("how", sort=False)
    ]
    each = fig.plural(int(answers.how.value_counts().max()), "request")
    sentence = f"One of three brokers ends, {each} each time; {'; '.join(said)}."
    return fig.Figure(sentence, _draw_outage, answers, limit_s, seen)


def _draw_outage(answers: pd.DataFrame, limit_s: float, seen: str) -> fig.Picture:
    picture, [axes] = fig.canvas("One of three brokers ends: when are apps answered?", 3.2)
    days = dict(list(answers.groupby("how", sort=False)))
    for row, day in enumerate(days.values()):
        marks.strip(axes, row, day.at_s, BUSY, 0.26, 4, day.at_s - day.answer_s)
        waits = day.answer_s[day.at_s > 0]
        slowest = f"the slowest answer, after {waits.max():.1f} s"
        marks.note(axes, slowest, (day.at_s[waits.idxmax()], row + 0.3), (0, -1), size=fig.SMALL)
    for at_s, line in ((0, ":"), (limit_s, "--")):
        axes.axvline(at_s, color=fig.INK, linewidth=1.2, linestyle=line)
    axes.set_xlim(-BEFORE_S, limit_s + 0.5)
    marks.note(axes, "the broker ends", (0, -0.4), (4, 1), size=fig.SMALL)
    marks.note(axes, f"the gateway gives up ({limit_s} s)", (limit_s, -0.4), (-4, 1), size=fig.SMALL)
    marks.rows(axes, [fig.capital(how) for how in days], above=0.75)
    axes.set_xlabel(f"seconds; {seen}", size=fig.SMALL, color=fig.MUTED)
    marks.key(axes, {"an answer": BUSY, "an app waits": fig.Look(fig.WRONG, "", "_")}, 8)
    return picture


MEMBER_LOOKS = dict(zip(("m1", "m2", "m3"), fig.ACTOR_LOOKS.values(), strict=False))
NOBODY = "-"


def deployment(
    looks: Mapping[str, pd.DataFrame], still: Mapping[str, int], seen: Mapping[str, str]
) -> fig.Figure:
    """Who owns each partition while three members are restarted in turn, and the lag above, by way.

    `looks` has a row per moment: at_s, restarting, lag, and the owner of each partition ("p0" …). `still` has
    the restarts in which another member stood still, `seen` where it was seen: both by way.
    """
    for way in looks.values():
        fig.require(way, "at_s", "restarting", "lag", "p0")
    said = [f"{way}: in {still[way]} of 3 restarts" for way in looks]
    sentence = f"Another member than the one that was restarted stood still, {'; '.join(said)}."
    return fig.Figure(sentence, _draw_deployment, looks, seen)


def _draw_deployment(looks: Mapping[str, pd.DataFrame], seen: Mapping[str, str]) -> fig.Picture:
    title = "Three members are restarted in turn: who owns which partition? (white: nobody)"
    picture, panels = fig.canvas(title, 4.6, len(looks))
    most = max(1, *(way.lag.max() for way in looks.values()))
    for axes, (name, way) in zip(panels, looks.items(), strict=True):
        marks.heading(axes, fig.capital(name))
        partitions = [column for column in way if column.startswith("p")]
        for row, partition in enumerate(partitions, 1):
            _ownership(axes, row, way.at_s, way[partition])
        _lag(axes, way, most)
        for at_s in way.at_s[way.restarting.ne(way.restarting.shift()) & way.restarting.ne(NOBODY)]:
            axes.axvline(at_s, color=fig.INK, linewidth=1.2, linestyle=":")
        axes.set_xlabel(f"seconds\n{seen[name]}", size=fig.SMALL, color=fig.MUTED)
    rows = ["Lag", *(f"Partition {partition[1:]}" for partition in partitions)]
    marks.rows(panels[0], rows, fig.SMALL, 0.7)
    looks = {f"member {name[1:]}": look._replace(marker="s") for name, look in MEMBER_LOOKS.items()}
    marks.key(picture, looks, loc="outside lower center", fontsize=fig.SMALL)
    return picture


def _ownership(axes: Axes, row: int, at_s: pd.Series, owners: pd.Series) -> None:
    """A bar for as long as a member owns the partition; nothing while nobody does."""
    run = owners.ne(owners.shift()).cumsum()
    spans = pd.DataFrame({"owner": owners, "from": at_s, "to": at_s.shift(-1, fill_value=at_s.iloc[-1])})
    for _, part in spans.groupby(run):
        if part.owner.iloc[0] in MEMBER_LOOKS:
            start = part["from"].iloc[0]
            look = MEMBER_LOOKS[part.owner.iloc[0]]
            marks.bars(axes, [row], [part["to"].iloc[-1] - start], look, 0.8, [""], start=start, lying=True)


def _lag(axes: Axes, way: pd.DataFrame, most: int) -> None:
    """The lag, over the partitions: as high as its row where it is `most`; its own most as a number."""
    axes.fill_between(way.at_s, 0.4, 0.4 - 0.8 * way.lag / most, color=fig.WRONG, linewidth=0)
    at = way.lag.idxmax()
    said = fig.plural(int(way.lag[at]), "event")
    marks.note(axes, said, (way.at_s[at], 0.4 - 0.8 * way.lag[at] / most), (0, 1), size=fig.SMALL)
