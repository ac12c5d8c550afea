"""What the real listeners make of an event that somebody else built."""

from collections.abc import Callable
from typing import Any

import pytest

from fiberlab.domain import Action
from fiberlab.eventdriven.events import happened
from fiberlab.lab.chapter import Chapter
from fiberlab.lab.exercises.said_events import Listened, Moment, Said, listened


def sale(chapter: Chapter) -> Action:
    return next(action for action in chapter.day if action.name == "purchase_plan")


def heard(chapter: Chapter, change: Callable[[dict[str, Any]], object]) -> Listened:
    """What is heard of a sale whose right event was changed like this."""

    def event_of(action: Action, plans: dict) -> dict[str, Any]:
        event = happened(action, plans)
        data = event.model_dump(include={"account_id", "actor", "plan"})
        said = {"type": event.TYPE, "source": event.source, "id": event.id, "time": event.time}
        said |= {"partitionkey": event.account_id, "data": data}
        change(said)
        return said

    said = Said.by(event_of, Moment(sale(chapter), chapter.company.plans))
    return listened(chapter, chapter.topic("said"), said)


def test_the_right_event_is_heard_twice_and_billed_once(chapter):
    came = heard(chapter, lambda said: None)
    assert came.is_right(happened(sale(chapter), chapter.company.plans))
    assert len(came.heard) == 2
    assert came.billed_cents == chapter.company.plans[sale(chapter).plan].list_price_cents


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda said: said.pop("type"), "no record can be made of it"),
        (lambda said: said.update(data={1, 2}), "not an event of ours"),
        (lambda said: said["data"].pop("actor"), "not an event of ours"),
        (lambda said: said.update(type="charge.customer"), "not an event of ours"),
    ],
)
def test_what_no_listener_can_read_says_why_and_is_not_billed(chapter, change, word):
    came = heard(chapter, change)
    assert not came.is_right(happened(sale(chapter), chapter.company.plans))
    assert word in came.reason
    assert came.billed_cents == 0


def test_an_event_under_another_key_is_not_right(chapter):
    came = heard(chapter, lambda said: said.update(partitionkey="everybody"))
    assert not came.is_right(happened(sale(chapter), chapter.company.plans))
