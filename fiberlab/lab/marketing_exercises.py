"""The exercise of chapter 06: what it must do, and who is harmed if not. Read it after you have tried."""

import functools

from fiberlab.lab.cases import Case
from fiberlab.lab.chapter import Chapter
from fiberlab.lab.checks import check
from fiberlab.lab.kafka_exercises import Actions
from fiberlab.lab.marketing import Handle, Trial, due_a_letter, tried
from fiberlab.lab.outcomes import Outcome

TRIAL_S = 30  # two readings of a topic and an outage, on a slow machine


def check_marketing(function: Handle, chapter: Chapter) -> Outcome:
    """Chapter 06: marketing that survives a replay, tried on a real topic and a real mail server."""
    actions = Actions(chapter.day[:30])
    due = len(due_a_letter(actions))

    @functools.wraps(function)
    def letters(actions: Actions) -> Trial:
        return tried(chapter, function, actions)

    expected = f"{due} letters on the first reading, none on the replay, and 1 after the outage"
    harmed = "households that are mailed twice, or about nothing, and marketing where a letter is lost"
    case = Case((actions,), expected, harmed, lambda found: _marketing_problem(found, due))
    return check(letters, [case], within_s=TRIAL_S)


def _marketing_problem(found: Trial, due: int) -> str | None:
    if found.after_outage != 1:
        return "the letter about an event that came while the mail server was down is lost"
    if found.first > due:
        return "it mails about more than browsed plans"
    if found.first < due:
        return "some of the browsed plans got no letter"
    return f"the replay mailed {found.replayed} letters again" if found.replayed else None
