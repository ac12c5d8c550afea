"""The first exercise of chapter 10: what it must do, and who is harmed if it does not.

Read it after you have tried.
"""

import random
from collections.abc import Sequence

from fiberlab.lab.cases import Case, Misconception
from fiberlab.lab.chapter import Chapter
from fiberlab.lab.checks import check
from fiberlab.lab.exercise import Answer, exercise
from fiberlab.lab.outcomes import Outcome


def _first_crossing(request_reply: list[int], events: list[int], least: int = 2) -> int | None:
    found = (n for n, pair in enumerate(zip(request_reply, events, strict=True), 1) if pair[1] <= pair[0])
    return next((n for n in found if n >= least), None)


BREAK_EVEN_MISCONCEPTIONS = (
    Misconception("the first crossing", "Events may be dearer again with one actor more.", _first_crossing),
    Misconception(
        "one actor is enough",
        "With one actor there is nobody to keep apart: begin at two.",
        lambda request_reply, events: _first_crossing(request_reply, events, 1),
    ),
    Misconception(
        "a tie is dearer",
        "What costs the same does not cost more.",
        lambda request_reply, events: _break_even([cents - 1 for cents in request_reply], events),
    ),
    Misconception("always two", "Work it out from the costs.", lambda request_reply, events: 2),
)


@exercise("exercise-10-break-even")
def check_break_even(function: Answer, chapter: Chapter, rng: random.Random) -> Outcome:
    """Chapter 10: from how many kinds of actors on events never cost more."""
    early = "whoever pays for a broker that is dearer again with the next actor, or with the present ones"
    late = "whoever goes on paying more for releases that are tied together"
    alone = "a team with one actor, which has nobody to keep apart"
    unseen = [_costs(rng) for _ in range(20)]
    return check(
        function,
        [
            Case(([100, 200, 300, 400], [250, 250, 250, 250]), 3, late),
            Case(([100, 250, 500], [200, 250, 300]), 2, late),
            Case(([300, 300], [100, 100]), 2, alone),
            Case(([100, 100, 100], [200, 200, 200]), None, early),
            Case(([100, 300, 200, 400], [250, 250, 250, 250]), 4, early),
            *(Case(costs, _break_even(*costs), early) for costs in unseen),
        ],
        BREAK_EVEN_MISCONCEPTIONS,
    )


def _costs(rng: random.Random) -> tuple[list[int], list[int]]:
    """Monthly costs for one and more actors: of request-reply, and of events."""
    actors = range(1, rng.randrange(4, 9))
    return [100 * n * rng.randrange(1, n + 2) for n in actors], [500 + 40 * n for n in actors]


def _break_even(request_reply: Sequence[int], events: Sequence[int]) -> int | None:
    pairs = list(enumerate(zip(request_reply, events, strict=True), start=1))
    dearer = max((n for n, (reply, event) in pairs if event > reply), default=1)
    return dearer + 1 if dearer < len(pairs) else None
