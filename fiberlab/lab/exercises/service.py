"""The second exercise of chapter 06: what it must do, and who is harmed if it does not.

Read it after you have tried.
"""

import functools
import random
from collections.abc import Callable, Collection
from pathlib import Path

from fiberlab.domain import SALES, Action, dollars
from fiberlab.eventdriven import customer_billing, marketing
from fiberlab.eventdriven.events import Event
from fiberlab.lab.cases import Case, Misconception
from fiberlab.lab.chapter import Chapter
from fiberlab.lab.checks import check
from fiberlab.lab.exercise import Answer, exercise
from fiberlab.lab.exercises.households import Household, exercise_topic, heard, lived
from fiberlab.lab.exercises.own_service import (
    Kept,
    Looks,
    Service,
    kept,
    seen_beside_billing,
    town,
    unbilled_cents,
)
from fiberlab.lab.outcomes import Outcome
from fiberlab.ledger import Ledger

LOOK = "browse_plan"
HISTORIES = (
    (LOOK,),
    (LOOK, LOOK),
    (LOOK, "purchase_plan"),
    (LOOK, LOOK, "change_plan", LOOK),
    ("purchase_plan", LOOK, "cancel_plan"),
)


def _service(
    group: str = "win-back",
    memory: bool = True,
    ends: Collection[str] = SALES,
    key: Callable[[Event], str] = lambda event: event.account_id,
    stays: bool = False,
) -> Service:
    """The service with one thing thought in another way; as it stands here, the right one."""

    def handle(event: Event, looks: Looks, seen: set) -> None:
        if memory and event.id in seen:
            return
        seen.add(event.id)
        if event.ACTION == LOOK:
            looks[key(event)] = looks.get(key(event), 0) + 1
        elif event.ACTION in ends:
            looks.pop(key(event), None)
            looks.update({key(event): 0} if stays else {})

    return lambda: (group, handle)


def _thought(name: str, told: str, service: Service) -> Misconception:
    return Misconception(name, told, functools.partial(kept, service))


SERVICE_MISCONCEPTIONS = (
    _thought(
        "another service's group",
        "A group id says who listens: a new service needs a name that nobody has.",
        _service(group=customer_billing.GROUP),
    ),
    _thought(
        "counts what comes again",
        "After a crash the last events come again: note in `seen` what you have dealt with.",
        _service(memory=False),
    ),
    _thought("nothing ends a wish", "Whoever has bought needs no call.", _service(ends=())),
    _thought("a 0 on the list", "Whoever bought is not on the list, not even with 0.", _service(stays=True)),
    _thought("only a purchase is a sale", "A change of plan is a sale, too.", _service(ends=SALES[:1])),
    _thought(
        "a list of actors",
        "Who looks may be an installer in somebody else's home: the event says whose.",
        _service(key=lambda event: event.actor.id),
    ),
    _thought(
        "a cancellation ends a wish, too",
        "Who cancels has bought nothing.",
        _service(ends=(*SALES, "cancel_plan")),
    ),
)


@exercise("exercise-06-own-service")
def check_service(function: Answer, chapter: Chapter, rng: random.Random) -> Outcome:
    """Chapter 06: a service of the reader's own, beside the others on a real topic."""
    accounts = rng.sample(list(chapter.company.accounts.values()), len(HISTORIES))
    actions = lived(rng, chapter.company, accounts, HISTORIES)

    @functools.wraps(function)
    def list_of(household: Household) -> object:
        return kept(function, household)

    with exercise_topic(chapter) as topic, Ledger(Path(":memory:")) as ledger:
        households = heard(chapter, topic, actions, (marketing.GROUP, "support"))
        cases = [_case(household) for household in households.values()]
        beside = _beside_others(chapter, topic, households, actions, ledger)
        return check(list_of, [*cases, beside], SERVICE_MISCONCEPTIONS)


def _case(household: Household) -> Case:
    due = kept(_service(), household)
    harmed = f"household {household.account_id}, and whoever calls it"

    def how_much(came: Kept) -> str:
        off = sum(came.looks.values()) - sum(due.looks.values())
        looks = f"{abs(off)} look{'s' * (abs(off) != 1)} too {'many' if off > 0 else 'few'}"
        return looks if off else "an account on it that does not belong there"

    return Case((household,), repr(due), harmed, lambda came: _problem(due, came), how_much, effect=True)


def _problem(due: Kept, came: object) -> str | None:
    if not isinstance(came, Kept):
        wanted = "the group's name (some text) and the function that handles an event"
        return f"of type {type(came).__name__}, not {wanted}"
    return None if came.looks == due.looks else "the list is wrong"


def _beside_others(
    chapter: Chapter, topic: str, households: dict[str, Household], actions: list[Action], ledger: Ledger
) -> Case:
    """The case in which all others listen, too: who reads under another's name takes its events."""
    everybody = town(households)
    due = kept(_service(), everybody)

    def problem(came: object) -> str | None:
        if wrong := _problem(due, came):
            return wrong
        seen, billing = seen_beside_billing(chapter, topic, came.group, ledger)
        told = (
            f"as the group {came.group!r} it saw {seen} of {len(actions)} events, and billing then {billing}"
        )
        return None if seen == billing == len(actions) else told

    def how_much(_: Kept) -> str:
        return f"{dollars(unbilled_cents(chapter, actions, ledger))} never billed"

    harmed = "whoever has the name already, and misses what the other one reads"
    return Case((everybody,), f"{due!r}, and all bills", harmed, problem, how_much, effect=True)
