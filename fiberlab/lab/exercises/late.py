"""The second exercise of chapter 05b: what it must do, and who is harmed if it does not.

Read it after you have tried.
"""

import random
from collections.abc import Sequence
from functools import partial
from itertools import accumulate, pairwise

from fiberlab.lab.cases import Case, Misconception
from fiberlab.lab.chapter import Chapter
from fiberlab.lab.checks import check
from fiberlab.lab.exercise import Answer, exercise
from fiberlab.lab.outcomes import Outcome


def bill_after_ms(sales_at_ms: Sequence[int], bill_ms: int) -> list[int]:
    """One after the other: the queue of a single server (Lindley's recursion)."""
    _, *written = accumulate(sales_at_ms, lambda ready, at: max(ready, at) + bill_ms, initial=0)
    return [done - at for done, at in zip(written, sales_at_ms, strict=True)]


def _after_the_one_before(sales_at_ms: Sequence[int], bill_ms: int) -> list[int]:
    gaps = [at - before for before, at in pairwise(sales_at_ms)]
    return [bill_ms + max(0, bill_ms - gap) for gap in [bill_ms, *gaps][: len(sales_at_ms)]]


def _never_idle(sales_at_ms: Sequence[int], bill_ms: int) -> list[int]:
    return [sales_at_ms[0] + n * bill_ms - at for n, at in enumerate(sales_at_ms, 1)]


LATE_MISCONCEPTIONS = (
    Misconception(
        "side by side",
        "So it is in the monolith; one service makes one bill at a time.",
        lambda sales_at_ms, bill_ms: [bill_ms for _ in sales_at_ms],
    ),
    Misconception(
        "all came at once",
        "A sale that comes later has waited less.",
        lambda sales_at_ms, bill_ms: [n * bill_ms for n, _ in enumerate(sales_at_ms, 1)],
    ),
    Misconception(
        "one per moment",
        "Two sales of the same moment have a bill each, one after the other.",
        lambda sales_at_ms, bill_ms: [
            dict(zip(sales_at_ms, bill_after_ms(sales_at_ms, bill_ms), strict=True))[at] for at in sales_at_ms
        ],
    ),
    Misconception("never idle", "No bill is begun before its sale has come: the service idles.", _never_idle),
    Misconception(
        "busy from the start",
        "Before the first sale there is nothing to bill.",
        lambda sales_at_ms, bill_ms: [n * bill_ms - at for n, at in enumerate(sales_at_ms, 1)],
    ),
    Misconception(
        "only the one before",
        "The sale before may have waited, too: ask when its bill is written.",
        _after_the_one_before,
    ),
    Misconception(
        "until it is begun",
        "The customer also waits while the own bill is being made.",
        lambda sales_at_ms, bill_ms: [late - bill_ms for late in bill_after_ms(sales_at_ms, bill_ms)],
    ),
    Misconception(
        "the time of day",
        "That is when the bill is written, not how long after its sale.",
        lambda sales_at_ms, bill_ms: [
            at + late for at, late in zip(sales_at_ms, bill_after_ms(sales_at_ms, bill_ms), strict=True)
        ],
    ),
)


@exercise("exercise-05b-late")
def check_late(function: Answer, chapter: Chapter, rng: random.Random) -> Outcome:
    """Chapter 05b: how long after each sale one service has written its bill."""
    told = "customers whose app says in how many ms their bill comes"
    named = [([], 200), ([100], 200), ([100, 150], 200), ([100] * 3, 200), ([0, 50, 1000, 1100], 200)]
    unseen = [(_rushes(rng), rng.randrange(50, 400)) for _ in range(20)]
    cases = [
        Case(given, bill_after_ms(*given), told, how_much=partial(_broken, bill_after_ms(*given)))
        for given in named + unseen
    ]
    return check(function, cases, LATE_MISCONCEPTIONS)


def _broken(due: Sequence[int], came: Sequence[int]) -> str:
    """Promises that the bill breaks come first; then waiting that nobody needs."""
    over = [late - said for late, said in zip(due, came, strict=True)]
    broken, idle = [ms for ms in over if ms > 0], [-ms for ms in over if ms < 0]
    if broken:
        return f"promises broken: {len(broken)} of {len(due)}, by up to {max(broken)} ms"
    return f"told to wait too long: {len(idle)} of {len(due)}, by up to {max(idle)} ms"


def _rushes(rng: random.Random) -> list[int]:
    """When sales come, in ms: a rush, a quiet hour, a rush."""
    rush = [rng.randrange(0, 500) for _ in range(rng.randrange(3, 7))]
    return sorted(1 + at for at in [*rush, *(at + 60 * 60 * 1000 for at in rush)])
