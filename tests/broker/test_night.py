"""The night: seven ways to go on, to the cent, on whichever Kafka; and the alarm for what nobody bills."""

from dataclasses import replace

import pytest

from classroom.experiments.night import TICKS, seven_nights
from classroom.world.running import wait_until
from fiberlab.domain import Actor
from fiberlab.eventdriven.events import encode, happened

IN_THE_MORNING = {
    "crash and restart": (19, 136465, 3004, 19),
    "try again": (19, 136465, 3004, 19),
    "pause the partition": (5, 37987, 0, 5),
    "skip": (2, 19998, 0, 0),
    "dead letters": (2, 19998, 0, 0),
    "retry topic": (1, 9999, 3004, 0),
    "hold the household": (1, 9999, 0, 0),
}
AFTER_THE_FIX = {
    "crash and restart": (0, 0, 0),
    "try again": (0, 0, 0),
    "pause the partition": (0, 0, 0),
    "skip": (2, 0, 0),
    "dead letters": (0, 3004, 19998),
    "retry topic": (0, 3004, 9999),
    "hold the household": (0, 0, 9999),
}


@pytest.mark.timeout(120)
def test_the_night_comes_out_the_same_everywhere(chapter):
    nights = seven_nights(chapter)
    night = nights.table[["unbilled", "unbilled_cents", "line_off_cents", "lag"]]
    assert {name: tuple(map(int, row)) for name, *row in night.itertuples()} == IN_THE_MORNING
    later = nights.table[["later_unbilled", "later_line_off_cents", "double_cents"]]
    assert {name: tuple(map(int, row)) for name, *row in later.itertuples()} == AFTER_THE_FIX
    assert nights.lag.shape == (TICKS, 7)
    assert list(nights.lag.iloc[-1]) == list(nights.table.lag)


def test_the_alarm_names_the_sales_that_every_billing_has_read_and_none_has_charged(chapter):
    design = chapter.event_driven()
    sales = [action for action in chapter.day if action.name == "purchase_plan"][:4]
    resold = replace(sales[0], id="r-1", actor=Actor("reseller", "R-1"))
    with chapter.cluster.producer() as producer:
        for action in (*sales, resold):
            message = encode(happened(action, chapter.company.plans))
            headers = list(message.headers.items())
            producer.send(design.topic, message.value, message.key.encode(), headers).get(timeout=10)
    design.settle()
    assert [event.id for event in design.unbilled()] == ["r-1"]
    assert set(design.states().values()) == {"running"}


def test_the_alarm_does_not_ring_for_what_is_only_late(chapter):
    design = chapter.event_driven()
    design.stop("customer-billing")
    action = next(action for action in chapter.day if action.name == "purchase_plan")
    with chapter.cluster.producer() as producer:
        message = encode(happened(action, chapter.company.plans))
        headers = list(message.headers.items())
        producer.send(design.topic, message.value, message.key.encode(), headers).get(timeout=10)
    wait_until(lambda: design.lag()["installer-billing"] == 0, "the other service to read it", every_s=0.1)
    assert design.unbilled() == []
