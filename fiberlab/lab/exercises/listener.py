"""The exercise of chapter 05: what it must do, and who is harmed if it does not.

Read it after you have tried.
"""

import random
from collections.abc import Sequence

from fiberlab.domain import Action
from fiberlab.eventdriven.events import Event, happened
from fiberlab.lab.cases import Case, Misconception
from fiberlab.lab.chapter import Chapter
from fiberlab.lab.checks import check
from fiberlab.lab.days import generated_day
from fiberlab.lab.exercise import Answer, exercise
from fiberlab.lab.outcomes import Outcome


def _commission_cents(event: Event) -> int | None:
    if event.ACTION == "purchase_plan" and event.actor.kind == "installer":
        return event.plan.list_price_cents * 5 // 100
    return None


COMMISSION_MISCONCEPTIONS = (
    Misconception(
        "whatever an installer does",
        "Only a purchase earns a commission.",
        lambda event: event.plan.list_price_cents * 5 // 100 if event.actor.kind == "installer" else None,
    ),
    Misconception(
        "whoever purchases",
        "Look at who did it.",
        lambda event: event.plan.list_price_cents * 5 // 100 if event.ACTION == "purchase_plan" else None,
    ),
    Misconception(
        "0 for nothing to do",
        "An event that is none of your business gets None: 0 would write a charge of nothing.",
        lambda event: _commission_cents(event) or 0,
    ),
    Misconception(
        "rounded up",
        "Round down to the cent.",
        lambda event: _commission_cents(event) and -(-event.plan.list_price_cents * 5 // 100),
    ),
)


@exercise("exercise-05-listener")
def check_commission(function: Answer, chapter: Chapter, rng: random.Random) -> Outcome:
    """Chapter 05: the rule of a new listener, on real events."""
    harmed = {
        "installer": "the installer who sold it: the commission is 5 % of the list price, rounded down",
        "customer": "Herd Fiber: nobody earns a commission on what a customer does in the app",
    }
    unseen = generated_day(chapter.company, rng.randrange(1, 10_000), 300, installer_percent=50)
    cases = [
        Case((event,), _commission_cents(event), harmed[event.actor.kind])
        for event in (
            happened(action, chapter.company.plans) for action in _one_of_each((*chapter.day, *unseen))
        )
    ]
    return check(function, cases, COMMISSION_MISCONCEPTIONS)


def _one_of_each(day: Sequence[Action]) -> list[Action]:
    kinds = {(action.name, action.actor.kind, action.plan): action for action in day}
    return list(kinds.values())
