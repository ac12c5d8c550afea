"""The first exercise of chapter 05b: what it must do, and who is harmed if it does not.

Read it after you have tried.
"""

import random
from collections.abc import Callable, Sequence
from functools import partial

from fiberlab.lab.cases import Case, Misconception
from fiberlab.lab.chapter import Chapter
from fiberlab.lab.checks import check
from fiberlab.lab.exercise import Answer, exercise
from fiberlab.lab.outcomes import Outcome

Lane = tuple[int, int]  # of a partition: what the group has committed, and the topic's end
Look = dict[str, list[Lane]]


def _stands_still(before: Lane, after: Lane) -> bool:
    return before[0] == after[0] and before[0] < before[1]


def _named(is_called: Callable[[list[Lane], list[Lane]], bool]) -> Callable[[Look, Look], list[str]]:
    """The answer that calls the groups of which this holds, judged by their two looks."""
    return lambda before, after: sorted(name for name in after if is_called(before[name], after[name]))


def _by_lane(is_called: Callable[[Lane, Lane], bool]) -> Callable[[Look, Look], list[str]]:
    return _named(lambda before, after: any(map(is_called, before, after)))


def _lag(lanes: list[Lane]) -> int:
    return sum(end - committed for committed, end in lanes)


def _total(lanes: list[Lane]) -> int:
    return sum(committed for committed, _ in lanes)


_to_call = _by_lane(_stands_still)

ALARM_MISCONCEPTIONS = (
    Misconception(
        "any lag",
        "Whoever is behind and reads on needs nobody.",
        _by_lane(lambda before, after: after[0] < after[1]),
    ),
    Misconception(
        "only the sum",
        "One partition can stand still while the others move.",
        _named(lambda before, after: _total(before) == _total(after) and _lag(before) > 0),
    ),
    Misconception(
        "unmoved is enough",
        "Whoever has read everything has nowhere to move.",
        _by_lane(lambda before, after: before[0] == after[0]),
    ),
    Misconception(
        "the lag grew",
        "On a busy evening it grows while everybody works; on a quiet night it grows for nobody.",
        _named(lambda before, after: _lag(after) > _lag(before)),
    ),
    Misconception(
        "what has just come",
        "What came after the first look has had no time to be read.",
        _by_lane(lambda before, after: before[0] == after[0] and after[0] < after[1]),
    ),
)


@exercise("exercise-05b-alarm")
def check_alarm(function: Answer, chapter: Chapter, rng: random.Random) -> Outcome:
    """Chapter 05b: whose people are to be called, told by two looks at a topic and its groups."""
    named = [_looks(rng, kind) for kind in KINDS]
    unseen = [_looks(rng, *rng.sample(list(KINDS), 3)) for _ in range(10)]
    harmed = "whoever waits for what nobody notices, or is called at night for nothing"
    cases = [Case(look, _to_call(*look), harmed, how_much=partial(_missed, look)) for look in named + unseen]
    return check(function, cases, ALARM_MISCONCEPTIONS)


def _missed(looks: tuple[Look, Look], came: Sequence[str]) -> str:
    before, after = looks
    due = _to_call(before, after)
    unseen = sum(_lag(after[name]) for name in due if name not in came)
    return f"events unnoticed: {unseen}" if unseen else f"people called: {len(set(came) - set(due))}"


# A lane of each kind of group: committed before and after, the end before and after; steps come from a seed.
KINDS: dict[str, Callable[[int, int], tuple[Lane, Lane]]] = {
    "idle": lambda at, step: ((at, at), (at, at)),
    "busy": lambda at, step: ((at, at + step), (at + step, at + 3 * step)),
    "stopped": lambda at, step: ((at, at + step), (at, at + step)),
    "stopped at an evening": lambda at, step: ((at, at + step), (at, at + 3 * step)),
    "reached a moment ago": lambda at, step: ((at, at), (at, at + step)),
    "half stopped": lambda at, step: ((at, at + step), (at, at + step)),
}


def _looks(rng: random.Random, *kinds: str) -> tuple[Look, Look]:
    """Two looks at groups of these kinds, with two partitions each."""
    names = rng.sample(["audit", "billing", "mail", "marketing", "reports", "support"], len(kinds))
    pairs = {name: _lanes(rng, kind) for name, kind in zip(names, kinds, strict=True)}
    before, after = ({name: [lane[n] for lane in lanes] for name, lanes in pairs.items()} for n in (0, 1))
    return before, after


def _lanes(rng: random.Random, kind: str) -> list[tuple[Lane, Lane]]:
    second = "busy" if kind == "half stopped" else kind
    return [KINDS[each](rng.randrange(3, 40), rng.randrange(1, 9)) for each in (kind, second)]
