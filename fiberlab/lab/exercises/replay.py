"""The first exercise of chapter 06: what it must do, and who is harmed if it does not.

Read it after you have tried.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial, update_wrapper
from pathlib import Path
from typing import NamedTuple

from fiberlab.domain import ACTIONS
from fiberlab.lab.cases import Case, Misconception
from fiberlab.lab.chapter import Chapter
from fiberlab.lab.checks import check
from fiberlab.lab.days import contacts
from fiberlab.lab.exercise import Answer, exercise
from fiberlab.lab.exercises.households import Household, exercise_topic, heard, lived
from fiberlab.lab.mailbox import Mailbox
from fiberlab.lab.marketing import Handle
from fiberlab.lab.outcomes import Outcome
from fiberlab.mailing import Contact, Mailing, letter

FULL_ONCE = "read twice, the mail server full at first"
HISTORIES = (
    ("browse_plan",),
    ("browse_plan", "browse_plan", "browse_plan"),
    ("purchase_plan", "browse_plan", "cancel_plan"),
)


class Letters(NamedTuple):
    """The subjects of the letters on the first reading, and on the second; shown as their number."""

    first: tuple[str, ...]
    again: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"{_counted(self.first)} on the first reading and {len(self.again)} on the second"


def _counted(letters: Sequence[object]) -> str:
    return f"{len(letters)} letter{'s' * (len(letters) != 1)}"


def _due(household: Household, names: Sequence[str] = ("browse_plan",)) -> tuple[str, ...]:
    events = [event for event in household.readings[0] if event.ACTION in names]
    return tuple(letter("", event.plan.name)["Subject"] for event in events)


def _unmet(household: Household) -> int:
    """How many of its events came when the mail server was full."""
    return int(household.delivered == FULL_ONCE)


MARKETING_MISCONCEPTIONS = (
    Misconception(
        "no memory",
        "A topic may be read again at any time: ask mailing.remembers first.",
        lambda household: Letters(_due(household), _due(household)),
    ),
    Misconception(
        "once per household",
        "A household may look at many plans; what comes again is an event, by its source and id.",
        lambda household: Letters(_due(household)[:1]),
    ),
    Misconception(
        "once per plan",
        "Who looks at a plan again is interested again: that is another event, with an id of its own.",
        lambda household: Letters(tuple(dict.fromkeys(_due(household)))),
    ),
    Misconception(
        "remembered though not mailed",
        "Remember only what was mailed: the service that failed begins at the same event again.",
        lambda household: Letters(_due(household)[_unmet(household) :]),
    ),
    Misconception(
        "the error kept quiet",
        "Let the mail server's error out: a service that hears of none commits, and goes on.",
        lambda household: Letters(_due(household)[_unmet(household) :], _due(household)[: _unmet(household)]),
    ),
    Misconception(
        "about every event",
        "Only browsing is marketing's business.",
        lambda household: Letters(_due(household, ACTIONS)),
    ),
)


@exercise("exercise-06-replay")
def check_marketing(function: Answer, chapter: Chapter, rng: random.Random) -> Outcome:
    """Chapter 06: marketing that survives a replay, on events of a real topic, with a real mail server."""
    agreed = {contact.account_id: contact for contact in contacts() if contact.consent}
    accounts = [chapter.company.accounts[name] for name in rng.sample(sorted(agreed), len(HISTORIES))]
    actions = lived(rng, chapter.company, accounts, HISTORIES)
    with exercise_topic(chapter) as topic:
        households = list(heard(chapter, topic, actions, ("first", "again")).values())
    unlucky = replace(households[0], delivered=FULL_ONCE)
    cases = [_case(household) for household in (*households, unlucky)]
    with Mailbox("mailbox of the exercise") as box:
        letters = update_wrapper(partial(_letters, function, agreed, box), function)
        return check(letters, cases, MARKETING_MISCONCEPTIONS)


def _letters(handle: Handle, agreed: dict[str, Contact], box: Mailbox, household: Household) -> Letters:
    """The letters of two readings, with one memory. A service that fails begins at the same event again."""
    box.letters.clear()
    readings, letters = [list(reading) for reading in household.readings], []
    with Mailing(Path(":memory:"), box.server, [agreed[household.account_id]]) as mailing:
        if _unmet(household) and not _fails(box, partial(handle, readings[0][0], mailing)):
            readings[0].pop(0)  # no error: it is committed
        for reading in readings:
            for event in reading:
                handle(event, mailing)
            letters.append(tuple(received.subject for received in box.letters))
            box.letters.clear()
    return Letters(*letters)


def _fails(box: Mailbox, work: Callable[[], None]) -> bool:
    """Whether it raises while the mail server takes no letter."""
    box.full = True
    try:
        work()
    except Exception:  # it comes again, and what is wrong with it, too
        return True
    finally:
        box.full = False
    return False


def _case(household: Household) -> Case:
    due, harmed = Letters(_due(household)), f"household {household.account_id}"

    def how_much(came: Letters) -> str:
        more, fewer = len(came.first + came.again) - len(due.first), len(due.first) - len(came.first)
        if fewer > 0:
            return f"{_counted(range(fewer))} too few"
        return f"{_counted(range(more))} too many" if more else "a letter about something else"

    return Case((household,), repr(due), harmed, lambda came: _problem(due, came), how_much, effect=True)


def _problem(due: Letters, came: Letters) -> str | None:
    if came == due:
        return None
    if len(came.first) < len(due.first):
        return "a letter is missing"
    return "the second reading mailed again" if came.again else "it mails about more than browsed plans"
