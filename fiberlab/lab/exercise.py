"""What all exercises share: a name, cases that nobody has seen, and the outcome that is kept."""

import functools
import random
from collections.abc import Callable
from typing import Any

from fiberlab.domain import dollars
from fiberlab.lab import progress_file
from fiberlab.lab.chapter import Chapter
from fiberlab.lab.outcomes import Outcome

Answer = Callable[..., Any]
Judge = Callable[[Answer, Chapter, random.Random], Outcome]
Check = Callable[..., Outcome]


def exercise(name: str) -> Callable[[Judge], Check]:
    """Make a check of a judge: it takes the reader's function, the chapter and perhaps a seed.

    The cases are made from the seed; without one they are others every time.
    """

    def named(judge: Judge) -> Check:
        @functools.wraps(judge)
        def check(function: Answer, chapter: Chapter, seed: int | None = None) -> Outcome:
            outcome = judge(function, chapter, random.Random(seed))
            keep(chapter, name, outcome)
            return outcome

        return check

    return named


def keep(chapter: Chapter, name: str, outcome: Outcome) -> None:
    """Keep how an attempt came out, and what was thought; a starter that nobody touched is no attempt."""
    if outcome.status == "not attempted":
        return

    def attempt(progress: progress_file.Progress) -> None:
        before = progress["exercises"].get(name, {})
        progress["exercises"][name] = {
            "outcome": outcome.status,
            "solved": outcome.status == "correct" or before.get("solved", False),
            "attempts": before.get("attempts", 0) + 1,
            "misconception": outcome.misconception or before.get("misconception", ""),
            "message": repr(outcome),
            "when": progress_file.now(),
        }

    progress_file.change(progress_file.folder(), chapter.learner, attempt)


def cents_off(expected_cents: int) -> Callable[[Any], str]:
    """By how much an amount harms whoever pays or earns it: "$3.00 too much"."""

    def how_much(came: int) -> str:
        off = came - expected_cents
        return f"{dollars(abs(off))} too {'much' if off > 0 else 'little'}"

    return how_much
