"""Pictures of how long things took, and of who waits for billing. They know seconds, and no design.

Digits of milliseconds differ from run to run, so they stand in the picture only. The sentence names a
class, chosen so that a machine three times slower says the same. Work that a machine does takes a few
milliseconds: the first class reaches far above it. A delay that an experiment makes (0.2 s, 1 s) can only
grow, so it lies at the bottom of a class that is ten times as wide. Of who waits it says on which side of
200 ms the median is: an answer needs a tenth of it, and what waits for a slow bill or an outage needs longer.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, NullLocator

from classroom.figures import look as fig
from classroom.figures import marks

CLASSES = ((0.1, "100 ms"), (1, "1 second"), (10, "10 seconds"), (100, "100 seconds"))
DOTS = 400  # a row shows so many of its values at most
DESIGN_LOOKS = (
    fig.Look("#56B4E9", "", "o"),
    fig.Look("#CC79A7", "", "s"),
    fig.Look("#009E73", "", "^"),
    fig.UNKNOWN_LOOK,
)


def answer_times(seconds_by_design: Mapping[str, Sequence[float]]) -> fig.Figure:
    """How long each design took to answer: a dot per answer, the median and the p99 (of few: the slowest)."""
    answers = {design: _times(design, seconds) for design, seconds in seconds_by_design.items()}
    if not answers:
        raise ValueError("there is no design; give the seconds of its answers by its name")
    said = [f"{design}: {_half(len(times))} came {_class(times)}" for design, times in answers.items()]
    title = "How long does whoever asked wait for the answer?"
    return fig.Figure(f"{fig.capital('; '.join(said))}.", _strips, title, answers)


def answer_and_bill(times: pd.DataFrame) -> fig.Figure:
    """When the customer had the answer, and when the bill was written, counted from the request."""
    fig.require(times, "answer_s", "bill_s")
    rows = {
        "the answer is in": _times("answer_s", times.answer_s),
        "the bill is written": _times("bill_s", times.bill_s),
    }
    title = "How long after the request is the answer in, and the bill written?"
    later, count = int((times.bill_s > times.answer_s).sum()), len(times)
    told = f"{later:,} of {fig.plural(count, 'bill')} written after the answer"
    return fig.Figure(f"{_order(later, count)}: {_meaning(later)}.", _strips, title, rows, told)


def _times(name: str, seconds: Sequence[float]) -> pd.Series:
    """The times as a Series; ValueError if there is none or one is not above 0."""
    times = pd.Series(seconds, dtype=float)
    if times.empty or not (times > 0).all():
        raise ValueError(
            f"{name!r} needs seconds above 0, at least one; got {list(times[~(times > 0)])[:3]!r}"
        )
    return times


def _class(times: pd.Series) -> str:
    """The class that half of the times are in: "in under 100 ms"."""
    for limit_s, name in CLASSES:
        if times.median() < limit_s:
            return f"in under {name}"
    return f"after more than {CLASSES[-1][1]}"


def _half(answers: int) -> str:
    return "the only answer" if answers == 1 else f"half of {fig.plural(answers, 'answer')}"


def _order(later: int, of: int) -> str:
    """Whether bills came after the answer; how many is a race, which a faster Kafka runs differently."""
    if of == 1:
        return f"The only bill was {'not ' * (not later)}written after the answer was in"
    share = "some were" if later else "none was"
    return f"Of {fig.plural(of, 'bill')} {share} written after the answer was in"


def _meaning(later: int) -> str:
    return f"whoever has the answer {'may have to wait for' if later else 'has'} the bill"


def _strips(title: str, rows: Mapping[str, pd.Series], told: str = "") -> fig.Picture:
    picture, [axes] = fig.canvas(title, 1.3 + 1.05 * len(rows))
    for y, (times, look) in enumerate(zip(rows.values(), DESIGN_LOOKS * len(rows), strict=False)):
        _strip(axes, y, times * 1000, look)
    _time_axis(axes, 1, 2, 5)
    axes.set_xlabel(told, size=fig.NORMAL)
    marks.rows(axes, [fig.capital(name) for name in rows], above=0.65)
    axes.margins(x=0.15)
    return picture


def _time_axis(axes: Axes, *digits: int) -> None:
    """Milliseconds, each power of ten as far from the next, with a line at these digits."""
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=digits))
    axes.xaxis.set_major_formatter(lambda ms, _: _told(ms))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.grid(axis="x", color=fig.GRID)


def _strip(axes: Axes, y: int, times_ms: pd.Series, look: fig.Look) -> None:
    """A dot per value, and lines at the median and at the p99 (of few: the slowest)."""
    shown = times_ms.sort_values().iloc[:: -(-len(times_ms) // DOTS)]
    marks.strip(axes, y, shown, look, 0.22, 5)
    most = ("p99", times_ms.quantile(0.99)) if len(times_ms) >= 100 else ("slowest", times_ms.max())
    for name, value, side in (("median", times_ms.median(), -1), (*most, 1)):
        axes.plot((value, value), (y - 0.34, y + 0.3), color=fig.INK, linewidth=2)
        words = f"{name} {_told(value)}"
        marks.note(axes, words, (value, y - 0.34), (side, 3), size=fig.SMALL, weight="bold")


def _told(ms: float) -> str:
    """Milliseconds with two digits that count, seconds from 1,000 ms on."""
    return f"{ms / 1000:.2g} s" if ms >= 1000 else f"{ms:.2g} ms" if ms < 10 else f"{ms:.0f} ms"


PROMPT_S = 0.2
TITLE = "Who waits for billing, and which sales are lost?"
COLUMNS = ("design", "condition", "sale", "accepted", "answer_s", "billed")
KINDS = {  # of actions: how each is drawn, how large, how far below the middle of its row, and how far spread
    "a sale, accepted": (fig.ACTOR_LOOKS["customer"], 7, 0, 0.13),
    "a sale, given up by its app": (fig.Look(fig.WRONG, "", "X"), 8, 0, 0.13),
    "anything else: browsing, cancelling": (fig.Look(fig.MUTED, "", "|"), 5, 0.3, 0),
}


def who_waited(measured: pd.DataFrame) -> fig.Figure:
    """The answer times per design (a row) and condition of billing (a panel), and what became of the sales.

    `measured` has a row per action: COLUMNS, as coupling.waiting.who_waits returns them.
    """
    fig.require(measured, *COLUMNS)
    return fig.Figure(_said(measured), _draw_waiting, measured)


def _draw_waiting(measured: pd.DataFrame) -> fig.Picture:
    designs, conditions = measured.design.unique(), measured.condition.unique()
    picture, panels = fig.canvas(TITLE, 1.5 + 0.95 * len(designs), len(conditions))
    marks.rows(panels[0], [fig.capital(name) for name in designs], above=0.6)
    for axes, condition in zip(panels, conditions, strict=True):
        marks.heading(axes, f"Billing is {condition}")
        _time_axis(axes, 1)
        axes.set_xlim(0.6, 3000)
        for y, design in enumerate(designs):
            _row(axes, y, _actions(measured, design, condition))
    panels[len(panels) // 2].set_xlabel("from sending it to the answer", size=fig.SMALL, color=fig.MUTED)
    looks = {name: look for name, (look, *_) in KINDS.items()}
    marks.key(picture, looks, loc="outside lower center", fontsize=fig.SMALL)
    return picture


def _actions(measured: pd.DataFrame, design: str, condition: str) -> pd.DataFrame:
    """The actions of this design and condition; ValueError if none of them is a sale."""
    actions = measured[(measured.design == design) & (measured.condition == condition)]
    if not actions.sale.any():
        raise ValueError(f"{design!r} has no sale while billing is {condition!r}; give it one")
    return actions


def _row(axes: Axes, y: int, actions: pd.DataFrame) -> None:
    """Sales on a line, spread a little so that they do not hide each other; the others below it."""
    sales = actions[actions.sale]
    groups = (sales[sales.accepted], sales[~sales.accepted], actions[~actions.sale])
    for (look, size, below, spread), found in zip(KINDS.values(), groups, strict=True):
        marks.strip(axes, y + below, found.answer_s * 1000, look, spread, size)
    style = {"size": fig.SMALL, "weight": "bold", "color": fig.text_color(not sales.accepted.all())}
    marks.note(axes, _fate(sales), (0.7, y - 0.34), (1, 0), **style)


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
