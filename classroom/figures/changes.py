"""Pictures of chapter 08: a night with a broken event, and what a change of the event does to its readers.

They know tables, and neither a broker nor an event.
"""

from collections import Counter
from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from classroom.figures import look as fig
from classroom.figures import marks
from classroom.figures.look import capital, listing
from fiberlab.domain import dollars

LINES = (fig.Look("#D55E00", "", "s"), fig.Look("#0072B2", "", "o"), fig.Look("#009E73", "", "^"))
RUNGS = ("everybody", "a partition", "one household", "nobody")
HARM = {"right": 0, "stopped": 1, "set aside": 2, "not billed": 3, "wrong": 4}
PAPERS = {"right": fig.RIGHT_PALE, "stopped": fig.DUE, "not billed": fig.WRONG_PALE, "wrong": "#f2a36b"}
CHECK = "schema\ncheck"


def night_lag(table: pd.DataFrame, lag: pd.DataFrame, away: int) -> fig.Figure:
    """How many events each way (a column of `lag`, a row of `table`) is behind, tick by tick of the night.

    The address check is away until the tick `away`.
    """
    fig.require(table, "unbilled", "unbilled_cents", "lag")
    fig.require(lag, *table.index)
    said = [
        f"{way} is {row.lag:,} behind, with {row.unbilled:,} not billed ({dollars(row.unbilled_cents)})"
        for way, row in table.iterrows()
    ]
    sentence = f"The address check is away for {away} ticks; in the morning {'; '.join(said)}."
    return fig.Figure(sentence, _draw_night, table, lag, away)


def _draw_night(table: pd.DataFrame, lag: pd.DataFrame, away: int) -> fig.Picture:
    picture, [axes] = fig.canvas("One event cannot be read: how far behind is the service?", 4.6)
    axes.axvspan(-0.5, away - 0.5, color=fig.GRID, alpha=0.5, zorder=0)
    marks.note(axes, "the address\ncheck is away", (away / 2 - 0.5, 3), size=fig.SMALL)
    alike: dict[tuple[int, ...], list[str]] = {}
    for way in lag:
        alike.setdefault(tuple(lag[way]), []).append(way)
    for (values, ways), look in zip(alike.items(), LINES, strict=False):
        marks.line(axes, pd.Series(values), look, markersize=4)
        marks.note(axes, "\n".join(_ending(table, ways)), (len(lag) - 1, values[-1]), (10, 0), size=fig.SMALL)
    axes.set(xlim=(-0.5, 1.75 * len(lag)), ylim=(-2.5, lag.max().max() + 1.5), xticks=range(0, len(lag), 10))
    axes.set_xlabel("ticks of the night: a tick is one attempt", size=fig.NORMAL, loc="left")
    axes.set_ylabel("events behind", size=fig.NORMAL)
    return picture


def _ending(table: pd.DataFrame, ways: list[str]) -> list[str]:
    """What each of these ways has not billed, those with the same sum in one line."""
    sums: dict[int, list[str]] = {}
    for way in ways:
        sums.setdefault(int(table.unbilled_cents[way]), []).append(way)
    return [f"{', '.join(names)}:\n{dollars(cents)} not billed" for cents, names in sums.items()]


def what_stands_still(table: pd.DataFrame) -> fig.Figure:
    """Who has to wait while one event cannot be handled, with each way (a row of `table`)."""
    fig.require(table, "stands_still")
    ways = {rung: list(table.index[table.stands_still == rung]) for rung in RUNGS}
    said = [f"{rung} with {', '.join(names)}" for rung, names in ways.items() if names]
    return fig.Figure(f"While one event cannot be handled, who waits: {'; '.join(said)}.", _draw_ladder, ways)


def _draw_ladder(ways: Mapping[str, list[str]]) -> fig.Picture:
    picture, [axes] = fig.canvas("One event cannot be handled: who else has to wait?", 3.6)
    axes.set(xlim=(0, 100), ylim=(len(ways) + 0.05, 0), xticks=[], yticks=[])
    for level, (rung, names) in enumerate(ways.items()):
        paper = fig.WRONG_PALE if level == 0 else fig.RIGHT_PALE if level == len(ways) - 1 else fig.PAPER
        marks.box(axes, (37, (level + len(ways)) / 2), (70 - 12 * level, len(ways) - level - 0.16), "", paper)
        marks.note(axes, capital(rung), (4 + 6 * level, level + 0.42), (1, 0), weight="bold")
        marks.note(axes, ", ".join(names) or "–", (76, level + 0.42), (1, 0))
    return picture


def readers_and_writers(outcomes: pd.DataFrame, check: Mapping[str, bool]) -> fig.Figure:
    """What becomes of a bill when the writer changes (down) and the reader stays (across).

    `outcomes` has a row per change, reader and actor; of several actors the one that fares worst is shown.
    `check` says whether a schema check lets the change pass. What passes and costs money is framed.
    """
    fig.require(outcomes, "change", "reader", "actor", "outcome", "wrong_cents")
    worst = _worst(outcomes)
    said = [_said_of_reader(reader, worst) for reader in dict.fromkeys(outcomes.reader)]
    passed = listing([change for change in check if check[change]] or ["nothing"])
    first = outcomes.reader.iloc[0]
    unseen = listing([f"{c} ({worst[c, first][0]})" for c in _unseen(worst, check)] or ["nothing"])
    sentence = f"{'; '.join(said)}; the schema check lets {passed} pass, and unseen goes {unseen}."
    return fig.Figure(capital(sentence), _draw_matrix, worst, check)


Worst = Mapping[tuple[str, str], tuple[str, str]]  # by change and reader: the words, and the outcome


def _worst(outcomes: pd.DataFrame) -> Worst:
    found: dict[tuple[str, str], tuple[str, str]] = {}
    for row in outcomes.itertuples():
        before = found.get((row.change, row.reader), ("", "right"))
        if not before[0] or HARM[row.outcome] > HARM[before[1]]:
            who = f"{row.actor}: " if before[0] else ""
            words = f"{who}{dollars(row.wrong_cents)}" if row.outcome == "wrong" else row.outcome
            found[row.change, row.reader] = words, row.outcome
    return found


def _said_of_reader(reader: str, worst: Worst) -> str:
    """How many changes end how for the reader, and how wrong the bills are."""
    ends = [end for (_, name), end in worst.items() if name == reader]
    counts = Counter(outcome for _, outcome in ends)
    wrong = [words.rpartition(": ")[2] for words, outcome in ends if outcome == "wrong"]
    said = listing(f"{counts[outcome]} {outcome}" for outcome in HARM if counts[outcome])
    return f"{reader}: {said} ({listing(wrong)})" if wrong else f"{reader}: {said}"


def _unseen(worst: Worst, check: Mapping[str, bool]) -> list[str]:
    """The changes that pass the check and that every reader bills wrongly, or nobody bills."""
    readers = {reader for _, reader in worst}
    harms = {change: {worst[change, reader][1] for reader in readers} for change in check}
    return [change for change, passes in check.items() if passes and harms[change] <= {"wrong", "not billed"}]


def _draw_matrix(worst: Worst, check: Mapping[str, bool]) -> fig.Picture:
    title = "The writer changes the event, the reader stays: what becomes of the bill?"
    picture, [axes] = fig.canvas(title, 1.1 + 0.36 * len(check))
    grid = {}
    for (change, reader), (words, outcome) in worst.items():
        weight = "bold" if outcome in ("not billed", "wrong") else "normal"
        grid[change, reader] = marks.Cell(
            words.rpartition(": ")[2], PAPERS.get(outcome, fig.GRID), weight, fig.SMALL
        )
        verdict = ("passes", fig.RIGHT_PALE) if check[change] else ("refused", fig.GRID)
        grid[change, CHECK] = marks.Cell(*verdict, "normal", fig.SMALL)
    order = [*dict.fromkeys(reader for _, reader in worst), CHECK]
    marks.cells(axes, {key: grid[key] for key in _by_rows(check, order)}, capital, _column, dense=True)
    for row, change in enumerate(check):
        if change in _unseen(worst, check):
            _frame(axes, row, len(order))
    return picture


def _column(name: str) -> str:
    return "\n".join(name.split(" ", 1)) if len(name) > 12 else name


def _by_rows(changes: Mapping[str, bool], order: list[str]) -> list[tuple[str, str]]:
    return [(change, column) for change in changes for column in order]


def _frame(axes: Axes, row: int, columns: int) -> None:
    look = {"fill": False, "edgecolor": fig.WRONG, "linewidth": 2.5, "clip_on": False, "zorder": 5}
    axes.add_patch(Rectangle((-0.49, row - 0.48), columns - 0.02, 0.96, **look))


def who_reads(fields: pd.DataFrame) -> fig.Figure:
    """Which field of an event (a row) each listener (a column) has read."""
    fig.require(fields, *fields.columns)
    said = [f"{name} reads {listing(fields.index[fields[name]])}" for name in fields]
    nobody = list(fields.index[~fields.any(axis=1)])
    sentence = f"{'; '.join(said)}; nobody reads {listing(nobody)}." if nobody else f"{'; '.join(said)}."
    return fig.Figure(capital(sentence), _draw_fields, fields)


def _draw_fields(fields: pd.DataFrame) -> fig.Picture:
    picture, [axes] = fig.canvas("Who reads which field of an event?", 1 + 0.36 * len(fields))
    grid = {
        (field, name): marks.Cell("reads", fig.RIGHT_PALE) if read else marks.Cell("–", fig.PAPER)
        for field, row in fields.iterrows()
        for name, read in row.items()
    }
    marks.cells(axes, grid, str, lambda name: name.replace("-", "\n", 1), dense=True)
    return picture
