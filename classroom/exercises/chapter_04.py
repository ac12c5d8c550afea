"""The exercises of chapter 04, with their answers. Read it after you have tried."""

import dataclasses
import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain, combinations, islice

from classroom.exercises.check import Answer, Case, Exercise, Thought
from classroom.exercises.topic import Topic
from classroom.world.company import generated_day
from fiberlab.domain import Action, Company


def key_of(action: Action) -> str:
    """The account: the thing whose history must stay in order, and there are many of them.

    The key is hashed to a partition, and order is kept within it. The action's id or the plan would scatter
    one household's events; the actor's id would part what its installer did from what its customer did.
    """
    return action.account_id


class Actions(tuple[Action, ...]):
    """Some of a day's actions; shown as their number."""

    def __repr__(self) -> str:
        return f"{len(self)} actions"


def _keys(answer: Answer, actions: Actions) -> list[object]:
    return [answer(action) for action in actions]


def _key_cases(rng: random.Random, company: Company, topic: Topic) -> Iterator[Case]:
    """A key that keeps each account's events in order, tried on a real topic."""
    households = dict(islice(company.accounts.items(), 8))
    village = dataclasses.replace(company, accounts=households)
    actions = Actions(generated_day(village, rng.randrange(1, 10_000), 120, installer_percent=50))
    expected = "a text per action, the same for all actions of an account, and not one for all accounts"
    harmed = "the customer whose cancellation overtakes her purchase, or all who wait behind one partition"
    problem, how_much = (partial(judge, topic, actions) for judge in (_key_problem, _key_harm))
    yield Case((actions,), expected, harmed, problem, how_much)


def _key_problem(topic: Topic, actions: Sequence[Action], keys: Sequence[object]) -> str | None:
    wrong = [key for key in keys if not isinstance(key, str)]
    if wrong:
        printed = ", and nothing was returned: use return, not print" if wrong[0] is None else ""
        return f"a key must be text, not of type {type(wrong[0]).__name__}{printed}"
    places = _places(topic, actions, keys)
    account = max(sorted(places), key=lambda account: len(places[account]))
    if len(places[account]) > 1:
        went = f"account {account}'s events went to {len(places[account])} partitions"
        return f"{went}: no order among them"
    if len(set().union(*places.values())) == 1:
        return "all accounts' events went to one partition: one worker has to do everything"
    return None


def _key_harm(topic: Topic, actions: Sequence[Action], keys: Sequence[str]) -> str:
    places = _places(topic, actions, keys)
    torn = sum(len(partitions) > 1 for partitions in places.values())
    return f"{torn} of {len(places)} accounts" if torn else f"{len(keys)} events one after the other"


def _places(topic: Topic, actions: Sequence[Action], keys: Sequence[str]) -> Mapping[str, set[int]]:
    """In which partitions the events of each account are that were written with these keys."""
    places: dict[str, set[int]] = {}
    for action, partition in zip(actions, topic.partitions(keys), strict=True):
        places.setdefault(action.account_id, set()).add(partition)
    return places


KEY = Exercise(
    "exercise-04-key",
    _key_cases,
    right=(
        key_of,
        lambda action: action.account_id[2:],
        lambda action: f"household {action.account_id}",
    ),
    run=_keys,
    on_topic=True,
    thoughts=(
        Thought(
            "a key per event",
            "Each action has another id, so nothing stays together.",
            lambda action: action.id,
        ),
        Thought("a key per plan", "A household changes its plan.", lambda action: action.plan),
        Thought(
            "a key per kind of action",
            "A household's actions are of several kinds.",
            lambda action: action.name,
        ),
        Thought(
            "a key per actor",
            "A household's actions are done by its customer and by installers.",
            lambda action: action.actor.id,
        ),
        Thought(
            "a key per kind of actor",
            "A household's actions are done by its customer and by installers.",
            lambda action: action.actor.kind,
        ),
    ),
)

NAMES = ("audit", "billing", "mail", "marketing", "reports", "support")  # of services, and of their groups
Offset = tuple[int, int]  # an event: partition and offset
Read = dict[str, set[Offset]]  # per service the events it saw


def sharing(reads: dict[str, set[tuple[int, int]]]) -> list[str]:
    """The services that use one group id, sorted by name.

    Within a group each partition belongs to one member: those that share saw every event together, and none
    twice. To have nothing in common is not enough: so have a slow service and whoever reads what it has not
    come to, and one that has read nothing has nothing in common with anybody.
    """
    everything = sorted(set().union(*reads.values()))
    readers = sorted(name for name, seen in reads.items() if seen)
    for size in range(2, len(readers) + 1):
        for some in combinations(readers, size):
            if sorted(event for name in some for event in reads[name]) == everything:
                return list(some)
    return []


def _by_elimination(reads: Read) -> list[str]:
    """Takes a service and looks for others that saw all the rest, each event once."""

    def completing(missing: set[tuple[int, int]], names: Sequence[str]) -> list[str] | None:
        if not missing:
            return []
        for n, name in enumerate(names):
            if reads[name] and reads[name] <= missing:
                others = completing(missing - reads[name], names[n + 1 :])
                if others is not None:
                    return [name, *others]
        return None

    found = completing(_all(reads), sorted(name for name in reads if reads[name] != _all(reads)))
    return found or []


def _by_counting(reads: Read) -> list[str]:
    """Those that share are apart, and their events together are as many as there are."""
    names, events = sorted(filter(reads.get, reads)), len(_all(reads))
    groups = (some for size in range(2, len(names) + 1) for some in combinations(names, size))
    apart = (some for some in groups if all(reads[a].isdisjoint(reads[b]) for a, b in combinations(some, 2)))
    return next((list(some) for some in apart if sum(len(reads[name]) for name in some) == events), [])


def _all(reads: Read) -> set[tuple[int, int]]:
    return set().union(*reads.values())


def _in_a_pair(are_suspicious: Callable[[set, set], bool]) -> Answer:
    """The answer that names both of every two services whose events make them suspicious."""
    return lambda reads: sorted(
        {name for pair in combinations(reads, 2) if are_suspicious(*map(reads.get, pair)) for name in pair}
    )


def _misses_a_partition(reads: Read) -> list[str]:
    partitions = {n for n, _ in _all(reads)}
    return sorted(name for name, seen in reads.items() if {n for n, _ in seen} != partitions)


def _group_cases(rng: random.Random, company: Company) -> Iterator[Case]:
    """Which services use one group id, told by what each of them saw."""
    named = [(sharers, others) for sharers in (0, 2, 3) for others in ("", "b", "p", "q", "n", "bp")]
    unseen = [(rng.choice((0, 2, 3)), rng.choice(("b", "p", "q", "bn", "qn"))) for _ in range(6)]
    missed = "whoever waits for the mail, or the bill, that a service never heard of"
    drawn = [_observed(rng, *of, rng.sample(NAMES, 6)) for of in (*named, *unseen)]
    slow_first = [_observed(rng, 3, other, (*NAMES[1:5], NAMES[0])) for other in ("q", "h")]
    two = {"mail": {(0, 0)}, "billing": {(1, 0)}, "audit": {(0, 0), (1, 0)}}
    for reads in (*drawn, *slow_first, two):
        yield Case((reads,), sharing(reads), missed, how_much=partial(_unheard, reads))


def _unheard(reads: Read, came: Sequence[str]) -> str | None:
    due = sharing(reads)
    events = sum(len(_all(reads) - reads[name]) for name in due if name not in came)
    blamed = len(set(came) - set(due))
    blame = f"services changed for nothing: {blamed}" if blamed else None
    return f"events unheard: {events}" if events else blame


# What a service that reads alone has read so far, of the lanes of a topic.
READ: dict[str, Callable[[Sequence[Sequence[Offset]]], Iterable[Offset]]] = {
    "a": chain.from_iterable,  # everything
    "b": lambda lanes: (lane[0] for lane in lanes),  # the beginning of each partition
    "p": lambda lanes: lanes[0],  # one partition
    "q": lambda lanes: [*lanes[0], *lanes[1]],  # two, of two that may share
    "h": lambda lanes: lanes[1][:1],  # the beginning of one
    "n": lambda lanes: (),  # nothing
}


def _observed(rng: random.Random, sharers: int, others: str, names: Sequence[str]) -> Read:
    """What services saw of four partitions: some share a group, others are slow, and one saw everything.

    A slow one has begun with the first partition, of somebody who has two: only those that share complete
    each other.
    """
    lanes = [[(n, offset) for offset in range(rng.randrange(2, 4))] for n in rng.sample(range(4), 4)]
    shared = [list(chain.from_iterable(lanes[first::sharers])) for first in range(sharers)]
    seen = [*shared, *(READ[other](lanes) for other in f"a{others}")]
    return dict(zip(names, map(set, seen), strict=False))


GROUP = Exercise(
    "exercise-04-group",
    _group_cases,
    right=(sharing, _by_elimination, _by_counting),
    thoughts=(
        Thought("nobody shares", "Did every service see every event?", lambda reads: []),
        Thought(
            "nothing in common",
            "A service that has read nothing has nothing in common with anybody, and shares nothing.",
            _in_a_pair(lambda one, other: not one & other),
        ),
        Thought(
            "nothing in common though both have read",
            "A slow service and whoever reads what it has not come to have nothing in common, either: "
            "those that share saw everything together.",
            _in_a_pair(lambda one, other: bool(one and other and not one & other)),
        ),
        Thought(
            "whoever misses a partition",
            "A slow service may not have come to every partition yet.",
            _misses_a_partition,
        ),
        Thought(
            "whoever missed an event",
            "A slow service has not read everything yet, and shares nothing.",
            lambda reads: sorted(name for name, seen in reads.items() if seen != _all(reads)),
        ),
        Thought(
            "whoever saw the same",
            "Services of groups of their own all see the same events.",
            lambda reads: sorted(name for name, seen in reads.items() if seen == _all(reads)),
        ),
        Thought("everybody", "One service saw everything.", sorted),
    ),
)
