"""What each exercise must do, and who is harmed if it does not. Read it after you have tried."""

import functools
import math
from collections.abc import Callable, Sequence

from fiberlab.domain import Action
from fiberlab.eventdriven.events import Event, happened
from fiberlab.lab.chapter import Chapter
from fiberlab.lab.checks import Case, Outcome, check
from fiberlab.lab.kafka_lessons import look, write_keys
from fiberlab.lab.marketing import Handle, Trial, due_a_letter, tried


def check_customer_price(function: Callable[[str, int], int]) -> Outcome:
    """Chapter 01: what an action in the app costs, in cents."""
    paid = "the customer, billed for something other than a sale at its list price"
    unpaid = "Herd Fiber: a sale went out unpaid or at another price"
    return check(
        function,
        [
            Case(("purchase_plan", 3999), 3999, unpaid),
            Case(("change_plan", 14999), 14999, unpaid),
            Case(("browse_plan", 6995), 0, paid),
            Case(("cancel_plan", 6995), 0, paid),
        ],
    )


def check_wrongly_billed(function: Callable[[list[str]], list[int]]) -> Outcome:
    """Chapter 02: which of one account's sales the shared billing gets wrong."""
    missed = "Herd Fiber: a customer's sale at the installer's price is not found"
    accused = "whoever has to write a correction for a bill that is right"
    c, i = "customer", "installer"
    return check(
        function,
        [
            Case(([c],), [], accused),
            Case(([i],), [], accused),
            Case(([c, i],), [], accused),
            Case(([i, c],), [1], missed),
            Case(([i, c, c],), [1, 2], missed),
            Case(([c, i, c, i, c],), [2, 4], missed),
        ],
    )


def check_minutes_down(function: Callable[[list[float]], float]) -> Outcome:
    """Chapter 03: how long a chain of parts is down in a month of 30 days, in minutes."""
    harmed = "whoever was promised more: a sale needs every part of the chain at the same moment"
    chains = ([99.9], [100.0, 99.5], [99.9, 99.9], [99.5] * 5, [50.0, 50.0, 90.0])
    return check(
        function,
        [
            Case(
                (chain,),
                f"about {_down_minutes(chain):.2f} minutes",
                harmed,
                verify=functools.partial(_down_problem, chain),
            )
            for chain in chains
        ],
    )


MONTH_MINUTES = 30 * 24 * 60


def _down_minutes(percents: Sequence[float]) -> float:
    return MONTH_MINUTES * (1 - math.prod(percent / 100 for percent in percents))


def _down_problem(percents: Sequence[float], found: object) -> str | None:
    if isinstance(found, bool) or not isinstance(found, int | float):
        return "minutes must be a number"
    down = [1 - percent / 100 for percent in percents]
    mistakes = {
        sum(down): "a minute in which two parts are down is one minute, not two",
        max(down): "the chain is also down while any other part than the worst one is",
        math.prod(down): "these are the minutes in which all parts are down at once; one is enough",
    }
    near = (reason for share, reason in mistakes.items() if abs(found - MONTH_MINUTES * share) < 0.01)
    right = abs(found - _down_minutes(percents)) < 0.01
    return None if right else next(near, "the chain is up only while every part is")


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


def check_break_even(function: Callable[[list[int], list[int]], int | None]) -> Outcome:
    """Chapter 10: from how many kinds of actors on events never cost more."""
    early = "whoever pays for a broker that is dearer again with the next actor, or with the present ones"
    late = "whoever goes on paying more for releases that are tied together"
    return check(
        function,
        [
            Case(([100, 200, 300, 400], [250, 250, 250, 250]), 3, late),
            Case(([100, 250, 500], [200, 250, 300]), 2, late),
            Case(([300, 300], [100, 100]), 2, "a team with one actor, which has nobody to keep apart"),
            Case(([100, 100, 100], [200, 200, 200]), None, early),
            Case(([100, 300, 200, 400], [250, 250, 250, 250]), 4, early),
        ],
    )
