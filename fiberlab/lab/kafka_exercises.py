"""The exercises of chapter 04: what each must do, and who is harmed if it does not.

Read it after you have tried.
"""

import dataclasses
import functools
import random
from collections.abc import Callable, Sequence
from itertools import islice

from fiberlab.domain import Action
from fiberlab.lab.cases import Case, Misconception
from fiberlab.lab.chapter import Chapter
from fiberlab.lab.checks import check
from fiberlab.lab.days import generated_day
from fiberlab.lab.exercise import Answer, exercise
from fiberlab.lab.kafka_lessons import look, write_keys
from fiberlab.lab.outcomes import Outcome

Read = dict[str, set[tuple[int, int]]]  # per service the events it saw: partition and offset


class Actions(tuple[Action, ...]):
    """Some of a day's actions; shown as their number."""

    def __repr__(self) -> str:
        return f"{len(self)} actions"


def _key(name: str, told: str, key_of: Callable[[Action], object]) -> Misconception:
    return Misconception(name, told, lambda actions: [key_of(action) for action in actions])


KEY_MISCONCEPTIONS = (
    _key(
        "a key per event", "Each action has another id, so nothing stays together.", lambda action: action.id
    ),
    _key("a key per plan", "A household changes its plan.", lambda action: action.plan),
    _key(
        "a key per kind of action", "A household's actions are of several kinds.", lambda action: action.name
    ),
    _key(
        "a key per actor",
        "A household's actions are done by its customer and by installers.",
        lambda action: action.actor.id,
    ),
    _key(
        "a key per kind of actor",
        "A household's actions are done by its customer and by installers.",
        lambda action: action.actor.kind,
    ),
)


@exercise("exercise-04-key")
def check_key(function: Answer, chapter: Chapter, rng: random.Random) -> Outcome:
    """Chapter 04: a key that keeps each account's events in order, tried on a real topic."""
    households = dict(islice(chapter.company.accounts.items(), 8))
    village = dataclasses.replace(chapter.company, accounts=households)
    actions = Actions(generated_day(village, rng.randrange(1, 10_000), 120, installer_percent=50))

    @functools.wraps(function)
    def keys(actions: Actions) -> list[object]:
        return [function(action) for action in actions]

    expected = "a text per action, the same for all actions of an account, and not one for all accounts"
    harmed = "the customer whose cancellation overtakes her purchase, or all who wait behind one partition"
    case = Case((actions,), expected, harmed, functools.partial(_key_problem, chapter, actions))
    return check(keys, [case], KEY_MISCONCEPTIONS)


def _key_problem(chapter: Chapter, actions: Sequence[Action], keys: Sequence[object]) -> str | None:
    wrong = [key for key in keys if not isinstance(key, str)]
    if wrong:
        printed = ", and nothing was returned: use return, not print" if wrong[0] is None else ""
        return f"a key must be text, not of type {type(wrong[0]).__name__}{printed}"
    topic = chapter.topic("exercise-key")
    try:
        write_keys(
            chapter, topic, [(key, action.account_id) for key, action in zip(keys, actions, strict=True)]
        )
        records = look(chapter, topic)[0]
    finally:
        chapter.cluster.delete_topic(topic)
    partitions = records.groupby("label").partition.nunique()
    if (partitions > 1).any():
        account = partitions.idxmax()
        return f"account {account}'s events went to {partitions[account]} partitions: no order among them"
    if records.partition.nunique() == 1:
        return "all accounts' events went to one partition: one worker has to do everything"
    return None


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
    cases = [Case((reads,), _sharing(reads), missed) for reads in named + unseen]
    return check(function, cases, GROUP_MISCONCEPTIONS)


def _observed(rng: random.Random, partitions: int, sharing: int, slow: bool) -> Read:
    """What services saw of a topic: some share a group, one is slow, and one has a group to itself."""
    events = {n: [(n, offset) for offset in range(rng.randrange(2, 4))] for n in range(partitions)}
    names = rng.sample(["audit", "billing", "mail", "marketing", "reports", "support"], sharing + slow + 1)
    reads: Read = {name: set() for name in names}
    for n, lane in events.items():
        reads[names[-1]].update(lane)
        if sharing:
            reads[names[n % sharing]].update(lane)
        if slow:
            reads[names[sharing]].update(lane[:1])
    return reads
