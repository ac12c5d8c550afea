"""The exercise of chapter 05: what it must do, and who is harmed if it does not.

Read it after you have tried.
"""

import functools
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from fiberlab.domain import Action
from fiberlab.eventdriven.events import Event, happened
from fiberlab.lab.cases import Case, Misconception
from fiberlab.lab.chapter import Chapter
from fiberlab.lab.checks import check
from fiberlab.lab.days import generated_day
from fiberlab.lab.exercise import Answer, cents_off, exercise
from fiberlab.lab.outcomes import Outcome


@dataclass(frozen=True, repr=False)
class Heard:
    """An event, shown as what happened and who did it."""

    event: Event

    def __repr__(self) -> str:
        actor = self.event.actor
        return f"{type(self.event).__name__} of {self.event.plan.name} by {actor.kind} {actor.id}"


def _commission_cents(event: Event) -> int | None:
    if event.ACTION == "purchase_plan" and event.actor.kind == "installer":
        return event.plan.list_price_cents * 5 // 100
    return None


def _thought(name: str, told: str, commission_cents: Callable[[Event], int | None]) -> Misconception:
    return Misconception(name, told, lambda heard: commission_cents(heard.event))


COMMISSION_MISCONCEPTIONS = (
    _thought(
        "whatever an installer does",
        "Only a purchase earns a commission.",
        lambda event: event.plan.list_price_cents * 5 // 100 if event.actor.kind == "installer" else None,
    ),
    _thought(
        "whoever purchases",
        "Look at who did it.",
        lambda event: event.plan.list_price_cents * 5 // 100 if event.ACTION == "purchase_plan" else None,
    ),
    _thought(
        "0 for nothing to do",
        "An event that is none of your business gets None: 0 would write a charge of nothing.",
        lambda event: _commission_cents(event) or 0,
    ),
    _thought(
        "rounded up",
        "Round down to the cent.",
        lambda event: _commission_cents(event) and -(-event.plan.list_price_cents * 5 // 100),
    ),
)


@exercise("exercise-05-listener")
def check_commission(function: Answer, chapter: Chapter, rng: random.Random) -> Outcome:
    """Chapter 05: the rule of a new listener, on real events."""
    unseen = generated_day(chapter.company, rng.randrange(1, 10_000), 300, installer_percent=50)

    @functools.wraps(function)
    def commission_cents(heard: Heard) -> object:
        return function(heard.event)

    cases = [
        _case(happened(action, chapter.company.plans)) for action in _one_of_each((*chapter.day, *unseen))
    ]
    return check(commission_cents, cases, COMMISSION_MISCONCEPTIONS)


def _case(event: Event) -> Case:
    due_cents = _commission_cents(event)
    if due_cents is None:
        harmed = "Herd Fiber, which pays for what earns no commission"
        return Case((Heard(event),), None, harmed, how_much=cents_off(0))
    harmed = "the installer who sold it: the commission is 5 % of the list price, rounded down"
    return Case((Heard(event),), due_cents, harmed, how_much=cents_off(due_cents))


def _one_of_each(day: Sequence[Action]) -> list[Action]:
    kinds = {(action.name, action.actor.kind, action.plan): action for action in day}
    return list(kinds.values())
