"""The second exercise of chapter 04: what it must do, and who is harmed if it does not.

Read it after you have tried.
"""

import random
from collections.abc import Sequence
from functools import partial

from fiberlab.lab.cases import Case, Misconception
from fiberlab.lab.chapter import Chapter
from fiberlab.lab.checks import check
from fiberlab.lab.exercise import Answer, exercise
from fiberlab.lab.outcomes import Outcome

NAMES = ("audit", "billing", "mail", "marketing", "reports", "support")  # of services, and of their groups
Read = dict[str, set[tuple[int, int]]]  # per service the events it saw: partition and offset


def _all(reads: Read) -> set[tuple[int, int]]:
    return set().union(*reads.values())


def _sharing(reads: Read) -> list[str]:
    return sorted(
        name
        for name, seen in reads.items()
        if any(seen and other and seen.isdisjoint(other) for other in reads.values())
    )


GROUP_MISCONCEPTIONS = (
    Misconception("nobody shares", "Did every service see every event?", lambda reads: []),
    Misconception(
        "whoever missed an event",
        "A slow service has not read everything yet, and shares nothing.",
        lambda reads: sorted(name for name, seen in reads.items() if seen != _all(reads)),
    ),
    Misconception(
        "whoever saw the same",
        "Services of groups of their own all see the same events.",
        lambda reads: sorted(name for name, seen in reads.items() if seen == _all(reads)),
    ),
    Misconception("everybody", "One service saw everything.", sorted),
)


@exercise("exercise-04-group")
def check_sharing(function: Answer, chapter: Chapter, rng: random.Random) -> Outcome:
    """Chapter 04: which services use one group id, told by what each of them saw."""
    named = [_observed(rng, 2, 2, False), _observed(rng, 4, 2, True), _observed(rng, 4, 0, True)]
    unseen = [_observed(rng, 4, rng.choice([0, 2, 3]), rng.random() < 0.5) for _ in range(10)]
    missed = "whoever waits for the mail, or the bill, that a service never heard of"
    cases = [
        Case((reads,), _sharing(reads), missed, how_much=partial(_unheard, reads)) for reads in named + unseen
    ]
    return check(function, cases, GROUP_MISCONCEPTIONS)


def _unheard(reads: Read, came: Sequence[str]) -> str:
    due = _sharing(reads)
    events = sum(len(_all(reads) - reads[name]) for name in due if name not in came)
    blamed = len(set(came) - set(due))
    return f"events unheard: {events}" if events else f"services changed for nothing: {blamed}"


def _observed(rng: random.Random, partitions: int, sharing: int, slow: bool) -> Read:
    """What services saw of a topic: some share a group, one is slow, and one has a group to itself."""
    events = {n: [(n, offset) for offset in range(rng.randrange(2, 4))] for n in range(partitions)}
    names = rng.sample(NAMES, sharing + slow + 1)
    reads: Read = {name: set() for name in names}
    for n, lane in events.items():
        reads[names[-1]].update(lane)
        if sharing:
            reads[names[n % sharing]].update(lane)
        if slow:
            reads[names[sharing]].update(lane[:1])
    return reads
