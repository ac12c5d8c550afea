"""Who waits for billing, and whose sales are lost, in each design, over real HTTP and on both brokers."""

import os
from collections import Counter

import pandas as pd
import pytest

from classroom.chapter import Chapter
from classroom.experiments import waiting
from classroom.experiments.waiting import CONDITIONS, DOWN, HEALTHY, SLOW, SLOW_S, small_day, who_waits
from classroom.world.designs import DESIGNS, EVENTS, MODULAR, SHARED, UnknownDesignError
from fiberlab.domain import SALES

TIMER_S = 0.01  # by so much a delay may end early: two clocks measure it


@pytest.fixture
def chapter():
    opened = Chapter.open("05", os.environ, kafka=False)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def measured() -> pd.DataFrame:
    chapter = Chapter.open("05", os.environ, kafka=False)
    try:
        return who_waits(chapter)
    finally:
        chapter.close()


def sales(measured: pd.DataFrame, condition: str, *designs: str) -> pd.DataFrame:
    chosen = measured.sale & (measured.condition == condition) & measured.design.isin(designs or DESIGNS)
    return measured[chosen]


def test_the_small_day_has_ten_sales_half_of_them_by_installers(company):
    by = Counter(action.actor.kind for action in small_day(company) if action.name in SALES)
    assert by == {"customer": 5, "installer": 5}


def test_every_action_has_a_row_per_design_and_condition(measured, company):
    rows = measured.groupby(["design", "condition"]).action_id.nunique()
    assert len(rows) == len(DESIGNS) * len(CONDITIONS)
    assert set(rows) == {len(small_day(company))}
    assert set(sales(measured, HEALTHY).groupby("design").size()) == {10}


def test_only_sales_are_billed_and_browsing_waits_for_billing_in_no_design(measured):
    others = measured[~measured.sale]
    assert others.accepted.all()
    assert not others.billed.any()
    assert others.bill_s.isna().all()


def test_healthy_and_slow_billing_bills_every_sale_in_every_design(measured):
    for condition in (HEALTHY, SLOW):
        assert sales(measured, condition).accepted.all()
        assert sales(measured, condition).billed.all()
        assert (sales(measured, condition).bill_s > 0).all()


def test_whoever_asks_a_backend_waits_for_a_slow_bill(measured):
    assert (sales(measured, SLOW, SHARED, MODULAR).answer_s > SLOW_S - TIMER_S).all()


def test_a_slow_bill_is_late_in_the_event_driven_design_too(measured):
    assert (sales(measured, SLOW, EVENTS).bill_s > SLOW_S - TIMER_S).all()


def test_the_gateway_answers_before_a_slow_bill_is_written(chapter, monkeypatch):
    monkeypatch.setattr(waiting, "SLOW_S", 1)  # long enough for a slow machine; the services' waits are short
    day = [action for action in small_day(chapter.company) if action.name in SALES][:2]
    slow = sales(who_waits(chapter, [EVENTS], day), SLOW)
    assert (slow.answer_s < slow.bill_s).all()


def test_a_backend_whose_billing_is_down_loses_every_sale(measured):
    down = sales(measured, DOWN, SHARED, MODULAR)
    assert len(down) == 20
    assert not down.accepted.any()
    assert not down.billed.any()
    assert down.bill_s.isna().all()


def test_the_gateway_loses_none_and_all_are_billed_after_the_recovery(measured):
    down = sales(measured, DOWN, EVENTS)
    assert len(down) == 10
    assert down.accepted.all()
    assert down.billed.all()


def test_a_day_without_a_sale_stops_no_service(chapter):
    browsing = [action for action in small_day(chapter.company) if action.name not in SALES]
    assert who_waits(chapter, [EVENTS], browsing[:8]).accepted.all()


def test_billing_is_healthy_when_all_is_measured(chapter):
    who_waits(chapter, [SHARED, EVENTS], small_day(chapter.company)[:1])
    ledgers = [ledger for design in chapter._running.values() for ledger in design.ledgers.values()]
    assert [(ledger.down, ledger.delay_s) for ledger in ledgers] == [(False, 0)] * 3


def test_the_backends_alone_need_no_kafka(chapter):
    day = small_day(chapter.company)[:1]
    assert set(who_waits(chapter, [SHARED, MODULAR], day).design) == {SHARED, MODULAR}
    assert "cluster" not in vars(chapter)


def test_an_unknown_design_is_named_before_anything_starts(chapter):
    with pytest.raises(UnknownDesignError, match="'mainframe'"):
        who_waits(chapter, [SHARED, "mainframe"])
    assert chapter._running == {}
