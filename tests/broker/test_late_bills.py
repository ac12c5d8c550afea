"""How late a bill is: what chapter 05b's exercise says, beside a billing service that is really slow."""

from dataclasses import replace

import pytest

from classroom.exercises.chapter_05b import bill_after_ms
from classroom.world.traffic import replay
from fiberlab.domain import SALES

pytestmark = pytest.mark.embedded
SLOW_MS = 50


@pytest.mark.parametrize(
    ("said_ms", "told"),
    [
        (0, "promises broken: 1 of 1, by up to 200 ms"),
        (900, "told to wait too long: 1 of 1, by up to 700 ms"),
    ],
)
def test_a_promise_that_is_broken_is_told_from_waiting_that_nobody_needs(chapter, said_ms, told):
    outcome = chapter.check("05b-late", lambda sales, bill_ms: [said_ms] * len(sales), seed=1)
    assert told in repr(outcome)


def test_no_bill_of_a_slow_service_is_earlier_than_the_exercise_says(chapter):
    design = chapter.event_driven()
    for ledger in design.ledgers.values():
        ledger.delay_s = (SLOW_MS + 1) / 1000  # the wall clock, by which bills are dated, may be corrected
    sale = next(action for action in chapter.day if action.name in SALES and action.actor.kind == "customer")
    sales = [replace(sale, id=f"sale-{n}") for n in range(8)]  # of one household: read as they were sent
    sent = replay(sales, design.url)
    design.settle()
    written = design.written_at_s()
    assert sorted(written, key=written.__getitem__) == [action.id for action in sales]
    sent_at_ms = [int(answer.sent_at_s * 1000) for answer in sent.answers]
    for at, late, action in zip(sent_at_ms, bill_after_ms(sent_at_ms, SLOW_MS), sales, strict=True):
        assert written[action.id] * 1000 >= at + late
