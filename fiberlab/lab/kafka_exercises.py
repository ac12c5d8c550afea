"""What the exercises on Kafka must do, tried on real topics. Read it after you have tried."""

import functools
from collections.abc import Callable, Sequence

from fiberlab.domain import Action
from fiberlab.eventdriven.events import Event, happened
from fiberlab.lab.chapter import Chapter
from fiberlab.lab.checks import Case, Outcome, check
from fiberlab.lab.kafka_lessons import look, write_keys
from fiberlab.lab.marketing import Handle, Trial, due_a_letter, tried


class Actions(tuple[Action, ...]):
    """Some of the day's actions; shown as their number."""

    def __repr__(self) -> str:
        return f"{len(self)} actions"


def check_key(function: Callable[[Action], str], chapter: Chapter) -> Outcome:
    """Chapter 04: a key that keeps each account's events in order, tried on a real topic."""
    sales = Actions(action for action in chapter.day if action.name != "browse_plan")

    @functools.wraps(function)
    def keys(actions: Actions) -> list[str]:
        return [function(action) for action in actions]

    def on_topic(found: object) -> str | None:
        return _key_problem(chapter, sales, found)

    expected = "a text per action, the same for all actions of an account, and not one for all accounts"
    harmed = (
        "the customer whose cancellation overtakes her purchase, or everybody who waits behind one partition"
    )
    return check(keys, [Case((sales,), expected, harmed, verify=on_topic)])


def _key_problem(chapter: Chapter, actions: Sequence[Action], keys: object) -> str | None:
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        return "a key must be text"
    topic = chapter.topic("exercise-key")
    write_keys(chapter, topic, [(key, action.account_id) for key, action in zip(keys, actions, strict=True)])
    records = look(chapter, topic)[0]
    partitions = records.groupby("label").partition.nunique()
    if (partitions > 1).any():
        account = partitions.idxmax()
        return f"account {account}'s events went to {partitions[account]} partitions: no order among them"
    if records.partition.nunique() == 1:
        return "all accounts' events went to one partition: one worker has to do everything"
    return None


def check_commission(function: Callable[[Event], int | None], chapter: Chapter) -> Outcome:
    """Chapter 05: the rule of a new listener, on real events."""
    harmed = {
        "installer": "the installer who sold it: the commission is 5 % of the list price, rounded down",
        "customer": "Herd Fiber: nobody earns a commission on what a customer does in the app",
    }
    cases = [
        Case((event,), _commission_cents(event), harmed[event.actor.kind])
        for event in (happened(action, chapter.company.plans) for action in _one_of_each(chapter.day))
    ]
    return check(function, cases)


def check_marketing(function: Handle, chapter: Chapter) -> Outcome:
    """Chapter 06: marketing that survives a replay, tried on a real topic and a real mail server."""
    actions = Actions(chapter.day[:30])
    due = len(due_a_letter(actions))

    @functools.wraps(function)
    def letters(actions: Actions) -> Trial:
        return tried(chapter, function, actions)

    expected = f"{due} letters on the first reading, none on the replay, and 1 after the outage"
    harmed = "households that are mailed twice, or about nothing, and marketing where a letter is lost"
    return check(letters, [Case((actions,), expected, harmed, lambda found: _marketing_problem(found, due))])


def _marketing_problem(found: Trial, due: int) -> str | None:
    if found.after_outage != 1:
        return "the letter about an event that came while the mail server was down is lost"
    if found.first > due:
        return "it mails about more than browsed plans"
    if found.first < due:
        return "some of the browsed plans got no letter"
    return f"the replay mailed {found.replayed} letters again" if found.replayed else None


def _one_of_each(day: Sequence[Action]) -> list[Action]:
    kinds = {(action.name, action.actor.kind, action.plan): action for action in day}
    return list(kinds.values())


def _commission_cents(event: Event) -> int | None:
    if event.ACTION == "purchase_plan" and event.actor.kind == "installer":
        return event.plan.list_price_cents * 5 // 100
    return None
