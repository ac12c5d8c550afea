"""The exercises of chapter 04, with their answers. Read it after you have tried."""

import dataclasses
import random
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import islice, permutations

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
Read = dict[str, set[tuple[int, int]]]  # per service the events it saw: partition and offset


def sharing(reads: dict[str, set[tuple[int, int]]]) -> list[str]:
    """The services that use one group id, sorted by name.

    Within a group each partition belongs to one member, so two that share saw no event in common. A service
    that is only slow saw some of the events that the others saw.
    """
    return sorted(
        name
        for name, seen in reads.items()
        if any(seen.isdisjoint(others) for other, others in reads.items() if other != name)
    )


def _nothing_in_common(reads: Read) -> list[str]:
    return [
        name
        for name in sorted(reads)
        if not all(reads[name].intersection(seen) for other, seen in reads.items() if other != name)
    ]


def _in_pairs(reads: Read) -> list[str]:
    apart = (pair for pair in permutations(reads, 2) if not reads[pair[0]] & reads[pair[1]])
    return sorted({name for pair in apart for name in pair})


def _all(reads: Read) -> set[tuple[int, int]]:
    return set().union(*reads.values())


def _group_cases(rng: random.Random, company: Company) -> Iterator[Case]:
    """Which services use one group id, told by what each of them saw."""
    named = [_observed(rng, 2, 2, False), _observed(rng, 4, 2, True), _observed(rng, 4, 0, True)]
    unseen = [_observed(rng, 4, rng.choice([0, 2, 3]), rng.random() < 0.5) for _ in range(10)]
    missed = "whoever waits for the mail, or the bill, that a service never heard of"
    for reads in named + unseen:
        yield Case((reads,), sharing(reads), missed, how_much=partial(_unheard, reads))


def _unheard(reads: Read, came: Sequence[str]) -> str:
    due = sharing(reads)
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


GROUP = Exercise(
    "exercise-04-group",
    _group_cases,
    right=(sharing, _nothing_in_common, _in_pairs),
    thoughts=(
        Thought("nobody shares", "Did every service see every event?", lambda reads: []),
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
