"""A service of the reader's own, on a real topic beside both billings."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from fiberlab.domain import Action, expected_cents
from fiberlab.lab.chapter import Chapter
from fiberlab.lab.exercises.own_service import seen_beside_billing, unbilled_cents
from fiberlab.lab.kafka_lessons import read_on, write
from fiberlab.ledger import Ledger


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    with Ledger(Path(":memory:")) as ledger:
        yield ledger


def sold(chapter: Chapter, topic: str) -> list[Action]:
    sales = [action for action in chapter.day if expected_cents(action, chapter.company.plans)][:12]
    write(chapter, topic, sales)
    assert {sale.actor.kind for sale in sales} == {"customer", "installer"}
    return sales


def test_a_group_of_its_own_sees_every_event_and_billing_bills_as_ever(chapter, ledger):
    sales = sold(chapter, topic := chapter.topic("sales"))
    assert seen_beside_billing(chapter, topic, "win-back", ledger) == (12, 12)
    assert unbilled_cents(chapter, sales, ledger) == 0


def test_under_billings_name_it_takes_the_events_that_billing_then_never_sees(chapter, ledger):
    sales = sold(chapter, topic := chapter.topic("sales"))
    assert seen_beside_billing(chapter, topic, "customer-billing", ledger) == (12, 0)
    customers = [sale for sale in sales if sale.actor.kind == "customer"]
    due = sum(expected_cents(sale, chapter.company.plans) for sale in customers)
    assert unbilled_cents(chapter, sales, ledger) == due > 0


def test_under_the_name_of_a_group_that_was_there_before_it_sees_nothing_of_the_past(chapter, ledger):
    sold(chapter, topic := chapter.topic("sales"))
    read_on(chapter, topic, f"email-marketing.{topic}")
    assert seen_beside_billing(chapter, topic, "email-marketing", ledger) == (0, 12)


def test_whoever_reads_on_gets_each_event_once_and_in_order(chapter):
    topic, read = chapter.topic("sales", partitions=1), []
    for actions in (chapter.day[:3], chapter.day[3:5], ()):
        write(chapter, topic, actions)
        read.append([record.offset for record in read_on(chapter, topic, "reader")])
    assert read == [[0, 1, 2], [3, 4], []]
