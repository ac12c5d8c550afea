"""The exercises of chapter 09, with their answers. Read it after you have tried."""

import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import NamedTuple

from kafka.partitioner import murmur2

from classroom.exercises.check import Answer, Case, Exercise, Thought
from fiberlab.domain import Company

PARTITIONS = 6


def workers(
    arrivals_a_s: list[int], handle_ms: int, busiest_percent: list[int], outage_s: int, promise_s: int
) -> int | None:
    """The least number of members that holds the promise; None if no number does.

    After an outage at the peak there is a backlog, and events go on arriving while it is worked off. The
    busiest member has to manage its share; members beyond the list have no partition, and help nobody.
    """
    needed_a_s = max(arrivals_a_s) * (1 + outage_s / promise_s)
    for members, percent in enumerate(busiest_percent, 1):
        if needed_a_s * percent / 100 * handle_ms <= 1000:
            return members
    return None


def _in_whole_numbers(
    arrivals_a_s: list[int], handle_ms: int, busiest_percent: list[int], outage_s: int, promise_s: int
) -> int | None:
    work = max(arrivals_a_s) * (promise_s + outage_s) * handle_ms
    fit = (n for n, percent in enumerate(busiest_percent, 1) if work * percent <= 100_000 * promise_s)
    return next(fit, None)


def _by_what_is_left(
    arrivals_a_s: list[int], handle_ms: int, busiest_percent: list[int], outage_s: int, promise_s: int
) -> int | None:
    peak, found = max(arrivals_a_s), []
    for members, percent in enumerate(busiest_percent, 1):
        spare_a_s = 100_000 / handle_ms / percent - peak
        if spare_a_s > 0 and peak * outage_s / spare_a_s <= promise_s:
            found.append(members)
    return found[0] if found else None


Needed = Callable[[list[int], int, int], float]  # of arrivals, outage and promise: events a second


def _with(needed: Needed) -> Answer:
    """The answer that asks for this rate instead."""
    return lambda arrivals, handle_ms, busiest, outage_s, promise_s: workers(
        [needed(arrivals, outage_s, promise_s)], handle_ms, busiest, 0, promise_s
    )


def _evenly(arrivals: list[int], handle_ms: int, busiest: list[int], *times_s: int) -> int | None:
    return workers(arrivals, handle_ms, [100 / n for n in range(1, len(busiest) + 1)], *times_s)


def _without_limit(arrivals: list[int], handle_ms: int, busiest: list[int], *times_s: int) -> int:
    even = [100 / n for n in range(len(busiest) + 1, 1000)]
    found = workers(arrivals, handle_ms, busiest, *times_s)
    return found or len(busiest) + workers(arrivals, handle_ms, even, *times_s)


def _friday_cases(rng: random.Random, company: Company) -> Iterator[Case]:
    """Fridays whose crew is as large as it has to be, and some that no crew can work off."""
    few = "whoever waits for a bill on Friday night: the crew never catches up"
    many = "whoever pays for a member that has nothing to do"
    yield _friday([100, 400, 100], 10, [100, 50, 40, 30, 30, 20], 300, 600, few)
    yield _friday([100, 150, 100], 10, [100, 60, 50, 35, 30, 25], 900, 900, many)
    for _ in range(20):
        peak = rng.randrange(50, 400)
        came = [peak, *(rng.randrange(10, peak) for _ in range(5))]
        rng.shuffle(came)
        outage_s = 60 * rng.randrange(1, 31)
        yield _friday(came, rng.randrange(3, 21), _stairs(rng), outage_s, 900, few)


def _friday(
    arrivals: list[int], handle_ms: int, busiest: list[int], outage_s: int, promise_s: int, harmed: str
) -> Case:
    arguments = (arrivals, handle_ms, busiest, outage_s, promise_s)
    return Case(arguments, _in_whole_numbers(*arguments), harmed, optional=int)


def _stairs(rng: random.Random) -> list[int]:
    """The busiest member's share, in percent, of crews of 1, 2, … up to as many as there are partitions.

    Kafka deals whole partitions, in runs: some partitions are twice as large as others.
    """
    sizes = [rng.randrange(2, 6) for _ in range(rng.randrange(3, 9))]
    return [max(_dealt(sizes, members)) * 100 // sum(sizes) for members in range(1, len(sizes) + 1)]


def _dealt(sizes: Sequence[int], members: int) -> list[int]:
    least, more = divmod(len(sizes), members)
    starts = [member * least + min(member, more) for member in range(members + 1)]
    return [sum(sizes[start:end]) for start, end in pairwise(starts)]


FRIDAY = Exercise(
    "exercise-09-friday",
    _friday_cases,
    right=(workers, _in_whole_numbers, _by_what_is_left),
    thoughts=(
        Thought(
            "the average",
            "Nobody is late on average: the crew has to manage the busiest moment.",
            _with(lambda came, outage_s, promise_s: sum(came) / len(came) * (1 + outage_s / promise_s)),
        ),
        Thought(
            "no backlog",
            "After the outage there is a backlog: a crew that only keeps up never gets rid of it.",
            _with(lambda came, outage_s, promise_s: max(came)),
        ),
        Thought(
            "nothing comes meanwhile",
            "Events go on arriving while the backlog is worked off: it takes backlog / (rate - arrivals).",
            _with(lambda came, outage_s, promise_s: max(came) * max(1, outage_s / promise_s)),
        ),
        Thought(
            "all partitions alike",
            "Keys are not spread evenly: the busiest member has to manage, not the average one.",
            _evenly,
        ),
        Thought(
            "more members than partitions",
            "A partition has one member: from as many members as partitions on, one more is idle.",
            _without_limit,
        ),
    ),
)


class Said(NamedTuple):
    """An event as far as a key can be made of it."""

    id: str
    account_id: str
    company: str  # the housing company that owns the home, "" if none does
    actor_id: str
    day: str


def key(event_id: str, account_id: str, company: str, actor_id: str, day: str) -> str:
    """The household: its events stay in order, and there are many households to share out.

    A company's households need no order among each other, so nothing is won by its name as the key.
    """
    return account_id


@dataclass(frozen=True, repr=False)
class Traffic:
    """Two days' events; shown as what they are."""

    events: tuple[Said, ...]

    def __repr__(self) -> str:
        part = sum(event.company != "" for event in self.events)
        return f"{len(self.events)} events, {100 * part // len(self.events)} % of them of Linden Homes"


class Spread(NamedTuple):
    """What a key leads to: households in more than one partition, and what six members are worth."""

    torn: int
    worth: float

    def __repr__(self) -> str:
        return f"{self.torn} households whose order is lost, and six members worth {self.worth}"


def _spread(answer: Answer, traffic: Traffic) -> object:
    """What the key leads to in a topic of PARTITIONS partitions; the key itself if it is none."""
    homes: dict[str, set[int]] = {}
    loads: Counter[int] = Counter()
    for event in traffic.events:
        made = answer(*event)
        if not isinstance(made, str):
            return made
        partition = _partition(made, PARTITIONS)
        homes.setdefault(event.account_id, set()).add(partition)
        loads[partition] += 1
    torn = sum(len(partitions) > 1 for partitions in homes.values())
    return Spread(torn, round(loads.total() / max(loads.values()), 1))


def _partition(key: str, partitions: int) -> int:
    return (murmur2(key.encode()) & 0x7FFFFFFF) % partitions


ENOUGH = 4.0  # of six members


def _key_cases(rng: random.Random, company: Company) -> Iterator[Case]:
    """A housing company makes 30 % of the traffic, with a third of the households."""
    for events in (900, 1200):
        traffic = Traffic(tuple(_said(rng, number) for number in range(events)))
        yield Case(
            (traffic,),
            f"no household whose order is lost, and six members worth {ENOUGH} or more",
            "whoever changes a plan twice, and whoever pays for six members",
            verify=_spread_problem,
            effect=True,
        )


def _said(rng: random.Random, number: int) -> Said:
    ours = rng.random() < 0.3
    household = rng.randrange(100) if ours else rng.randrange(100, 300)
    account, installer = f"A-{household:04d}", rng.random() < 0.3
    actor = f"I-{rng.randrange(6)}" if installer else f"C-{household:04d}"
    day = rng.choice(("2026-03-06", "2026-03-07"))
    return Said(f"e-{number}", account, "Linden Homes" if ours else "", actor, day)


def _spread_problem(came: object) -> str | None:
    if not isinstance(came, Spread):
        return f"of type {type(came).__name__}, not text"
    if came.torn:
        return "a household's events in two partitions are read in any order"
    return None if came.worth >= ENOUGH else "most of the work is one member's"


COMPANY_KEY = Exercise(
    "exercise-09-company-key",
    _key_cases,
    right=(
        key,
        lambda event_id, account_id, company, actor_id, day: f"{company}/{account_id}",
        lambda event_id, account_id, *others: account_id.removeprefix("A-"),
    ),
    run=_spread,
    thoughts=(
        Thought(
            "the actor",
            "An installer and a customer act on the same household: their events need one order.",
            lambda event_id, account_id, company, actor_id, day: actor_id,
        ),
        Thought(
            "the company",
            "All of the company's homes then wait for one member, and no home needs another's order.",
            lambda event_id, account_id, company, actor_id, day: company or account_id,
        ),
        Thought(
            "the event",
            "Keys that never come again share out well, and keep nothing in order.",
            lambda event_id, *others: event_id,
        ),
        Thought(
            "the household and the day",
            "At midnight the household moves to another partition, with yesterday's events unread.",
            lambda event_id, account_id, company, actor_id, day: f"{account_id}/{day}",
        ),
        Thought(
            "one key for all",
            "Everything is in order then, and five of six members are idle.",
            lambda *event: "plan-events",
        ),
    ),
)


def moved(keys: list[str], before: int, after: int) -> list[str]:
    """The keys whose partition is another one after the topic has grown.

    Kafka's producer takes murmur2 of the key's bytes, without its sign, through the number of partitions.
    """

    def partition(key: str, partitions: int) -> int:
        return (murmur2(key.encode()) & 0x7FFFFFFF) % partitions

    return [key for key in keys if partition(key, before) != partition(key, after)]


def _by_two_tables(keys: list[str], before: int, after: int) -> list[str]:
    old, new = ({key: _partition(key, size) for key in keys} for size in (before, after))
    return [key for key in keys if old[key] != new[key]]


def _by_what_stays(keys: list[str], before: int, after: int) -> list[str]:
    stays = {key for key in keys if _partition(key, before) == _partition(key, after)}
    return [key for key in keys if key not in stays]


def _moved_by(digest: Callable[[str], int]) -> Answer:
    """The answer that takes this number of a key instead."""
    return lambda keys, before, after: [key for key in keys if digest(key) % before != digest(key) % after]


def _to_new_ones(keys: list[str], before: int, after: int) -> list[str]:
    return [key for key in keys if _partition(key, after) >= before]


def _who_stays(keys: list[str], before: int, after: int) -> list[str]:
    gone = moved(keys, before, after)
    return [key for key in keys if key not in gone]


def _moves_cases(rng: random.Random, company: Company) -> Iterator[Case]:
    """Households, and topics that grow."""
    harmed = "a household whose change is read before its purchase"
    for before, after in ((4, 6), (4, 8), (3, 5), (rng.randrange(2, 6), rng.randrange(6, 12))):
        keys = [f"A-{number:04d}" for number in rng.sample(range(10_000), 12)]
        due = moved(keys, before, after)
        yield Case((keys, before, after), due, harmed, how_much=partial(_missed, due))
    yield Case((["A-0001"], 6, 6), [], "whoever prepares for a move that does not come")


def _missed(due: list[str], came: list[str]) -> str:
    return f"{len(set(due) - set(came))} not found, {len(set(came) - set(due))} named for nothing"


WHO_MOVES = Exercise(
    "exercise-09-who-moves",
    _moves_cases,
    right=(moved, _by_two_tables, _by_what_stays),
    thoughts=(
        Thought(
            "only to the new partitions",
            "Households move among the old partitions, too: the number that divides is another one.",
            _to_new_ones,
        ),
        Thought(
            "Python's hash",
            "Python's hash is another one in each process: producers agree on murmur2.",
            _moved_by(hash),
        ),
        Thought(
            "with the sign",
            "Kafka drops the highest bit of murmur2 before it divides: & 0x7FFFFFFF.",
            _moved_by(lambda key: murmur2(key.encode())),
        ),
        Thought("who stays", "Those are the households that stay where they are.", _who_stays),
    ),
)
