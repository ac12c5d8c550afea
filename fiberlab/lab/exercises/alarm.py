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
from fiberlab.lab.exercises.group import NAMES
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
        "the first partition",
        "A group reads every partition: look at all of them.",
        _named(lambda before, after: _stands_still(before[0], after[0])),
    ),
    Misconception(
        "as they come",
        "The names are to be in order.",
        lambda before, after: [name for name in before if name in _to_call(before, after)],
    ),
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
    one = [_looks(rng, [rng.choice(NAMES)], group) for group in GROUPS]
    two = _looks(rng, ["mail", "billing"], ("stopped", "stopped"), ("stopped", "stopped"))
    unseen = [_looks(rng, rng.sample(NAMES, 3), *rng.sample(GROUPS, 3)) for _ in range(10)]
    harmed = "whoever waits for what nobody notices, or is called at night for nothing"
    looks = [*one, two, *unseen]
    cases = [Case(look, _to_call(*look), harmed, how_much=partial(_missed, look)) for look in looks]
    return check(function, cases, ALARM_MISCONCEPTIONS)


def _missed(looks: tuple[Look, Look], came: Sequence[str]) -> str:
    before, after = looks
    due = _to_call(before, after)
    unseen = sum(_lag(after[name]) for name in due if name not in came)
    return f"events unnoticed: {unseen}" if unseen else f"people called: {len(set(came) - set(due))}"


# What two looks see of a lane: the first one, then the second. Where it stands and how far it goes is drawn.
LANES: dict[str, Callable[[int, int], tuple[Lane, Lane]]] = {
    "idle": lambda at, step: ((at, at), (at, at)),
    "busy": lambda at, step: ((at, at + step), (at + step, at + 3 * step)),
    "stopped": lambda at, step: ((at, at + step), (at, at + step)),
    "stopped at an evening": lambda at, step: ((at, at + step), (at, at + 3 * step)),
    "reached a moment ago": lambda at, step: ((at, at), (at, at + step)),
}
GROUPS = [*((kind, kind) for kind in LANES), ("stopped", "busy"), ("busy", "stopped")]  # two partitions each


def _looks(rng: random.Random, names: Sequence[str], *groups: tuple[str, str]) -> tuple[Look, Look]:
    """Two looks at groups with these lanes, which get the names in this order."""
    before, after = {}, {}
    for name, group in zip(names, groups, strict=True):
        lanes = [LANES[kind](rng.randrange(3, 40), rng.randrange(1, 9)) for kind in group]
        before[name], after[name] = map(list, zip(*lanes, strict=True))
    return before, after
