"""Pictures of how long things took. They know seconds, and nothing of what took them.

Digits of milliseconds differ from run to run, so they stand in the picture only. The sentence names a
class, chosen so that a machine three times slower says the same. Work that a machine does takes a few
milliseconds: the first class reaches far above it. A delay that an experiment makes (0.2 s, 1 s) can only
grow, so it lies at the bottom of a class that is ten times as wide.
"""

from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, NullFormatter

from fiberlab.lab import figure as fig

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
    picture = _strips("How long does whoever asked wait for the answer?", answers)
    said = [f"{design}: {_half(len(times))} came {_class(times)}" for design, times in answers.items()]
    return fig.finish(picture, f"{fig.capital('; '.join(said))}.")


def answer_and_bill(times: pd.DataFrame) -> fig.Figure:
    """When the customer had the answer, and when the bill was written, counted from the request."""
    fig.require(times, "answer_s", "bill_s")
    rows = {
        "the answer is in": _times("answer_s", times.answer_s),
        "the bill is written": _times("bill_s", times.bill_s),
    }
    picture = _strips("How long after the request is the answer in, and the bill written?", rows)
    later, count = int((times.bill_s > times.answer_s).sum()), len(times)
    picture.axes[0].set_xlabel(
        f"{later:,} of {fig.plural(count, 'bill')} written after the answer", size=fig.NORMAL
    )
    return fig.finish(picture, f"{_order(later, count)}: {_meaning(later)}.")


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
    return (
        "whoever has the answer may have to wait for the bill"
        if later
        else "whoever has the answer has the bill"
    )


def _strips(title: str, rows: Mapping[str, pd.Series]) -> fig.Picture:
    picture, [axes] = fig.canvas(title, 1.3 + 1.05 * len(rows))
    for y, (times, look) in enumerate(zip(rows.values(), DESIGN_LOOKS * len(rows), strict=False)):
        _strip(axes, y, times * 1000, look)
    axes.set_xscale("log")
    axes.grid(axis="x", color=fig.GRID)
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(lambda ms, _: _told(ms))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_yticks(range(len(rows)), [fig.capital(name) for name in rows], size=fig.NORMAL)
    axes.set_ylim(len(rows) - 0.5, -0.65)
    axes.margins(x=0.15)
    return picture


def _strip(axes: Axes, y: int, times_ms: pd.Series, look: fig.Look) -> None:
    """A dot per value, the heights spread evenly so that dots do not hide each other."""
    shown = times_ms.sort_values().iloc[:: -(-len(times_ms) // DOTS)]
    heights = [y + 0.22 * (2 * (number * 0.618 % 1) - 1) for number in range(len(shown))]
    axes.plot(
        shown,
        heights,
        look.marker,
        color=look.color,
        markersize=5,
        markeredgecolor=fig.PAPER,
        markeredgewidth=0.4,
    )
    most = ("p99", times_ms.quantile(0.99)) if len(times_ms) >= 100 else ("slowest", times_ms.max())
    for name, value, side in (("median", times_ms.median(), -1), (*most, 1)):
        axes.plot((value, value), (y - 0.34, y + 0.3), color=fig.INK, linewidth=2)
        fig.note(axes, f"{name} {_told(value)}", (value, y - 0.34), (side, 3), size=fig.SMALL, weight="bold")


def _told(ms: float) -> str:
    """Milliseconds with two digits that count, seconds from 1,000 ms on."""
    return f"{ms / 1000:.2g} s" if ms >= 1000 else f"{ms:.2g} ms" if ms < 10 else f"{ms:.0f} ms"
