"""The exercises of chapter 05b, with their answers. Read it after you have tried."""

import random
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import pairwise

from classroom.exercises.chapter_04 import NAMES
from classroom.exercises.check import Answer, Case, Exercise, Thought
from fiberlab.domain import Company

Look = dict[str, list[tuple[int, int]]]


def to_call(before: Look, after: Look) -> list[str]:
    """The groups of which a partition stands still, in order of their names.

    Movement needs no number to tune. A threshold on the lag calls people on a busy evening, and never on
    a quiet night, when three sales wait until morning. What was there at the first look and is still not
    read at the second stands still, in whichever partition; the others may move, so the sum hides it.
    """
    stuck = []
    for name, lanes in before.items():
        for (committed, end), (committed_later, _) in zip(lanes, after[name], strict=True):
            if committed < end and committed_later == committed:
                stuck.append(name)
    return sorted(set(stuck))


def _by_what_is_left(before: Look, after: Look) -> list[str]:
    """Of what was to be read at the first look, nothing was."""
    found = set()
    for name in before:
        for n, (committed, end) in enumerate(before[name]):
            if end > committed and after[name][n][0] - committed == 0:
                found.add(name)
    return sorted(found)


Lane = tuple[int, int]  # of a partition: what the group has committed, and the topic's end


def _stands_still(before: Lane, after: Lane) -> bool:
    return before[0] == after[0] and before[0] < before[1]


def _named(is_called: Callable[[list[Lane], list[Lane]], bool]) -> Answer:
    """The answer that calls the groups of which this holds, judged by their two looks."""
    return lambda before, after: sorted(name for name in after if is_called(before[name], after[name]))


def _by_lane(is_called: Callable[[Lane, Lane], bool]) -> Answer:
    return _named(lambda before, after: any(map(is_called, before, after)))


def _lag(lanes: list[Lane]) -> int:
    return sum(end - committed for committed, end in lanes)


def _total(lanes: list[Lane]) -> int:
    return sum(committed for committed, _ in lanes)


def _alarm_cases(rng: random.Random, company: Company) -> Iterator[Case]:
    """Whose people are to be called, told by two looks at a topic and its groups."""
    one = [_looks(rng, [rng.choice(NAMES)], group) for group in GROUPS]
    two = _looks(rng, ["mail", "billing"], ("stopped", "stopped"), ("stopped", "stopped"))
    unseen = [_looks(rng, rng.sample(NAMES, 3), *rng.sample(GROUPS, 3)) for _ in range(10)]
    harmed = "whoever waits for what nobody notices, or is called at night for nothing"
    for looks in (*one, two, *unseen):
        yield Case(looks, to_call(*looks), harmed, how_much=partial(_unnoticed, *looks))


def _unnoticed(before: Look, after: Look, came: Sequence[str]) -> str | None:
    due = to_call(before, after)
    unseen = sum(_lag(after[name]) for name in due if name not in came)
    called = len(set(came) - set(due))
    return f"events unnoticed: {unseen}" if unseen else f"people called: {called}" if called else None


# What two looks see of a lane: the first one, then the second. Where it stands and how far it goes is drawn.
LANES: dict[str, Callable[[int, int], tuple[Lane, Lane]]] = {
    "idle": lambda at, step: ((at, at), (at, at)),
    "busy": lambda at, step: ((at, at + step), (at + step, at + 3 * step)),
    "far behind": lambda at, step: ((at, at + 4 * step), (at + step, at + 5 * step)),
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


ALARM = Exercise(
    "exercise-05b-alarm",
    _alarm_cases,
    right=(to_call, _by_lane(_stands_still), _by_what_is_left),
    thoughts=(
        Thought(
            "the first partition",
            "A group reads every partition: look at all of them.",
            _named(lambda before, after: _stands_still(before[0], after[0])),
        ),
        Thought(
            "as they come",
            "The names are to be in order.",
            lambda before, after: [name for name in before if name in to_call(before, after)],
        ),
        Thought(
            "any lag",
            "Whoever is behind and reads on needs nobody.",
            _by_lane(lambda before, after: after[0] < after[1]),
        ),
        Thought(
            "not done yet with what was there",
            "Whoever reads on needs nobody, however far behind.",
            _by_lane(lambda before, after: after[0] < before[1]),
        ),
        Thought(
            "only the sum",
            "One partition can stand still while the others move.",
            _named(lambda before, after: _total(before) == _total(after) and _lag(before) > 0),
        ),
        Thought(
            "unmoved is enough",
            "Whoever has read everything has nowhere to move.",
            _by_lane(lambda before, after: before[0] == after[0]),
        ),
        Thought(
            "the lag grew",
            "On a busy evening it grows while everybody works; on a quiet night it grows for nobody.",
            _named(lambda before, after: _lag(after) > _lag(before)),
        ),
        Thought(
            "what has just come",
            "What came after the first look has had no time to be read.",
            _by_lane(lambda before, after: before[0] == after[0] and after[0] < after[1]),
        ),
    ),
)


def bill_after_ms(sales_at_ms: list[int], bill_ms: int) -> list[int]:
    """How long after each sale its bill is written, in ms.

    A queue with one server (Lindley's recursion): a bill is begun when its sale has come *and* the one
    before it is written. In a quiet hour everybody waits for the own bill only; in a rush each waits for
    all before. So a promise to customers depends on the rush, not on the mean, and so does the number of
    workers (chapter 09).
    """
    late, ready = [], 0
    for at in sales_at_ms:
        ready = max(ready, at) + bill_ms
        late.append(ready - at)
    return late


def _with_a_queue(sales_at_ms: list[int], bill_ms: int) -> list[int]:
    written: list[int] = []
    for at in sales_at_ms:
        written.append(bill_ms + (at if not written or written[-1] < at else written[-1]))
    return [done - at for done, at in zip(written, sales_at_ms, strict=True)]


def _by_waits(sales_at_ms: list[int], bill_ms: int) -> list[int]:
    """What the sale before had to wait, less the time between the two."""
    waits = [0] if sales_at_ms else []
    for before, at in pairwise(sales_at_ms):
        waits.append(max(0, waits[-1] + bill_ms - (at - before)))
    return [wait + bill_ms for wait in waits]


def _one_per_moment(sales_at_ms: list[int], bill_ms: int) -> list[int]:
    """Keeps one bill for each moment, as a dict by the time of the sale does."""
    last = dict(zip(sales_at_ms, bill_after_ms(sales_at_ms, bill_ms), strict=True))
    return [last[at] for at in sales_at_ms]


def _after_the_one_before(sales_at_ms: list[int], bill_ms: int) -> list[int]:
    """As if the sale before had found the service idle."""
    gaps = [at - before for before, at in pairwise(sales_at_ms)]
    return [bill_ms + max(0, bill_ms - gap) for gap in [bill_ms, *gaps][: len(sales_at_ms)]]


def _late_cases(rng: random.Random, company: Company) -> Iterator[Case]:
    """How long after each sale one service has written its bill."""
    told = "customers whose app says in how many ms their bill comes"
    named = [([], 200), ([100], 200), ([100, 150], 200), ([100] * 3, 200), ([0, 50, 1000, 1100], 200)]
    unseen = [(_rushes(rng), rng.randrange(50, 400)) for _ in range(20)]
    for sales_at_ms, bill_ms in named + unseen:
        due = bill_after_ms(sales_at_ms, bill_ms)
        yield Case((sales_at_ms, bill_ms), due, told, how_much=partial(_broken, due))


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


LATE = Exercise(
    "exercise-05b-late",
    _late_cases,
    right=(bill_after_ms, _with_a_queue, _by_waits),
    thoughts=(
        Thought(
            "side by side",
            "So it is in the monolith; one service makes one bill at a time.",
            lambda sales_at_ms, bill_ms: [bill_ms for _ in sales_at_ms],
        ),
        Thought(
            "all came at once",
            "A sale that comes later has waited less.",
            lambda sales_at_ms, bill_ms: [n * bill_ms for n, _ in enumerate(sales_at_ms, 1)],
        ),
        Thought(
            "one per moment",
            "Two sales of the same moment have a bill each, one after the other.",
            _one_per_moment,
        ),
        Thought(
            "never idle",
            "No bill is begun before its sale has come: the service idles.",
            lambda sales_at_ms, bill_ms: [
                sales_at_ms[0] + n * bill_ms - at for n, at in enumerate(sales_at_ms, 1)
            ],
        ),
        Thought(
            "busy from the start",
            "Before the first sale there is nothing to bill.",
            lambda sales_at_ms, bill_ms: [n * bill_ms - at for n, at in enumerate(sales_at_ms, 1)],
        ),
        Thought(
            "only the one before",
            "The sale before may have waited, too: ask when its bill is written.",
            _after_the_one_before,
        ),
        Thought(
            "until it is begun",
            "The customer also waits while the own bill is being made.",
            lambda sales_at_ms, bill_ms: [late - bill_ms for late in bill_after_ms(sales_at_ms, bill_ms)],
        ),
        Thought(
            "the time of day",
            "That is when the bill is written, not how long after its sale.",
            lambda sales_at_ms, bill_ms: [
                at + late for at, late in zip(sales_at_ms, bill_after_ms(sales_at_ms, bill_ms), strict=True)
            ],
        ),
    ),
)
