"""Chapter 06: marketing that survives a replay. A service runs the answers, on a real topic and real mail."""

from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from fiberlab.commands.series import NOTEBOOKS
from fiberlab.eventdriven.events import Event, PlanBrowsed
from fiberlab.lab.chapter import Chapter, close_open_chapter
from fiberlab.lab.marketing_exercises import check_marketing
from fiberlab.mailing import Mailing, MailServerDownError

pytestmark = pytest.mark.embedded
SOLUTION = NOTEBOOKS / "solutions" / "exercise-06-replay.py"


@pytest.fixture(scope="module")
def chapter() -> Iterator[Chapter]:
    yield Chapter.open("test")
    close_open_chapter()


def without_a_memory(event: Event, mailing: Mailing) -> None:
    if isinstance(event, PlanBrowsed):
        mailing.mail(event.account_id, event.plan.name)


def once_per_household(event: Event, mailing: Mailing) -> None:
    if isinstance(event, PlanBrowsed) and not mailing.remembers(event.source, event.account_id):
        mailing.mail(event.account_id, event.plan.name)
        mailing.remember(event.source, event.account_id)


def remembered_too_early(event: Event, mailing: Mailing) -> None:
    if isinstance(event, PlanBrowsed) and not mailing.remembers(event.source, event.id):
        mailing.remember(event.source, event.id)
        mailing.mail(event.account_id, event.plan.name)


def error_swallowed(event: Event, mailing: Mailing) -> None:
    with suppress(MailServerDownError):
        remembered_too_early(event, mailing)


def about_every_event(event: Event, mailing: Mailing) -> None:
    if not mailing.remembers(event.source, event.id):
        mailing.mail(event.account_id, event.plan.name)
        mailing.remember(event.source, event.id)


WRONG: list[tuple[Callable[[Event, Mailing], None], str]] = [
    (without_a_memory, "the replay mailed"),
    (once_per_household, "got no letter"),
    (remembered_too_early, "is lost"),
    (error_swallowed, "is lost"),
    (about_every_event, "more than browsed plans"),
]


@pytest.mark.parametrize(("answer", "word"), WRONG)
def test_a_wrong_answer_is_not_yet_and_is_told_why(answer: object, word: str, chapter: Chapter):
    outcome = check_marketing(answer, chapter)
    assert outcome.status == "not yet"
    assert word in repr(outcome)


def test_the_starter_is_not_attempted_and_the_solution_is_correct(chapter: Chapter):
    def starter(event: Event, mailing: Mailing) -> None:
        raise NotImplementedError

    names: dict[str, Callable[[Event, Mailing], None]] = {}
    exec(SOLUTION.read_text(encoding="utf-8"), names)
    assert check_marketing(starter, chapter).status == "not attempted"
    assert check_marketing(names["handle"], chapter).status == "correct"
