"""The second exercise of chapter 05: what it must do, and who is harmed if it does not.

Read it after you have tried.
"""

import functools
import random
from collections.abc import Callable, Mapping
from typing import Any
from uuid import uuid4

from fiberlab.domain import Action, Plan, dollars, expected_cents
from fiberlab.eventdriven.events import happened
from fiberlab.lab.cases import Case, Misconception
from fiberlab.lab.chapter import Chapter
from fiberlab.lab.checks import check
from fiberlab.lab.days import generated_day
from fiberlab.lab.exercise import Answer, cents_off, exercise
from fiberlab.lab.exercises.households import exercise_topic
from fiberlab.lab.exercises.said_events import Moment, Said, listened
from fiberlab.lab.outcomes import Outcome

WHO_DID_WHAT = (
    ("change_plan", "installer"),
    ("browse_plan", "customer"),
    ("cancel_plan", "customer"),
    ("purchase_plan", "customer"),
)


def _right(action: Action, plans: Mapping[str, Plan]) -> dict[str, Any]:
    event = happened(action, plans)
    data = event.model_dump(include={"account_id", "actor", "plan"})
    attributes = {"type": event.TYPE, "source": event.source, "id": event.id, "time": event.time}
    return {**attributes, "partitionkey": event.account_id, "data": data}


def _thought(name: str, told: str, change: Callable[[dict[str, Any], Action], object]) -> Misconception:
    def event_of(action: Action, plans: Mapping[str, Plan]) -> dict[str, Any]:
        event = _right(action, plans)
        change(event, action)
        return event

    return Misconception(name, told, functools.partial(Said.by, event_of))


def _as_billed(event: dict[str, Any], action: Action) -> None:
    plan = event["data"]["plan"]
    price_list = {action.plan: Plan(action.plan, plan["list_price_cents"])}
    plan["list_price_cents"] = expected_cents(action, price_list) or plan["list_price_cents"]


EVENT_MISCONCEPTIONS = (
    _thought(
        "a command",
        "Say what happened, as a type that listeners know. Who tells somebody to charge decides who bills.",
        lambda event, _: event.update(type="com.herdfiber.customer.charge"),
    ),
    _thought(
        "no actor",
        "Without the actor no listener can know whether the event is its business.",
        lambda event, _: event["data"].pop("actor"),
    ),
    _thought(
        "no price",
        "A listener would have to ask for the price, and a replay would bill another day's.",
        lambda event, _: event["data"]["plan"].pop("list_price_cents"),
    ),
    _thought(
        "a new id each time",
        "An action that an app sends again is the same event: keep the id that the app has chosen.",
        lambda event, _: event.update(id=str(uuid4())),
    ),
    _thought(
        "keyed by something else",
        "Only one key keeps an account's purchase before its cancellation: the account.",
        lambda event, action: event.update(partitionkey=action.id),
    ),
    _thought(
        "the bill instead of the price",
        "The discount is installer billing's rule: it would be given twice.",
        _as_billed,
    ),
)


@exercise("exercise-05-event")
def check_event(function: Answer, chapter: Chapter, rng: random.Random) -> Outcome:
    """Chapter 05: the event that says an action happened, read by the real listeners on a real topic."""
    unseen = generated_day(chapter.company, rng.randrange(1, 10_000), 200, installer_percent=50)
    actions = {(action.name, action.actor.kind): action for action in (*chapter.day, *unseen)}

    @functools.wraps(function)
    def event_of(moment: Moment) -> object:
        return Said.by(function, moment)

    with exercise_topic(chapter) as topic:
        moments = [Moment(actions[pair], chapter.company.plans) for pair in WHO_DID_WHAT]
        return check(event_of, [_case(chapter, topic, moment) for moment in moments], EVENT_MISCONCEPTIONS)


def _case(chapter: Chapter, topic: str, moment: Moment) -> Case:
    action, due = moment.action, Said.by(_right, moment)
    due_cents = expected_cents(action, moment.plans)
    bill = f"one bill of {dollars(due_cents)}" if due_cents else "no bill"

    def problem(said: object) -> str | None:
        if not isinstance(said, Said):
            return f"a value of type {type(said).__name__}, not a dict"
        heard = listened(chapter, topic, said)
        return (
            None if heard.is_right(happened(action, moment.plans)) else said.difference(due) or heard.reason
        )

    def how_much(said: Said) -> str:
        billed_cents = listened(chapter, topic, said).billed_cents
        if billed_cents != due_cents:
            return f"billed {cents_off(due_cents)(billed_cents)}"
        return "billed rightly, but listeners hear something wrong, or in another order"

    expected = f"an event that every listener can read, and {bill} though it is sent twice"
    return Case((moment,), expected, f"account {action.account_id}", problem, how_much)
