"""Customer billing charges what customers buy, and nothing else."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fiberlab.domain import ACTIONS, SALES, Action, Actor, Plan
from fiberlab.eventdriven import customer_billing
from fiberlab.eventdriven.events import Event, happened
from fiberlab.ledger import Charge, ConflictingChargeError, Ledger

pytestmark = pytest.mark.embedded

PLANS = {"Fiber 300": Plan("Fiber 300", 3999), "Fiber 500": Plan("Fiber 500", 5499)}
CUSTOMER = Actor("customer", "C-1")
OTHERS = [Actor("installer", "I-1"), Actor("reseller", "R-1"), Actor("Customer", "C-1")]


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        yield ledger


def event(
    name: str = "purchase_plan", by: Actor = CUSTOMER, plan: str = "Fiber 300", id: str = "a-1"
) -> Event:
    return happened(Action(id, name, "A-1", by, plan, datetime(2026, 3, 2, 9, tzinfo=UTC)), PLANS)


@pytest.mark.parametrize("name", SALES)
def test_a_customers_sale_is_charged_the_list_price(ledger, name):
    customer_billing.handle(event(name), ledger)
    assert ledger.charges() == [
        Charge("/herd-fiber/gateway", "a-1", "A-1", "customer", name, "Fiber 300", 3999)
    ]


@pytest.mark.parametrize("name", ACTIONS)
@pytest.mark.parametrize("by", OTHERS)
def test_what_others_do_is_ignored(ledger, name, by):
    customer_billing.handle(event(name, by), ledger)
    assert ledger.charges() == []


@pytest.mark.parametrize("name", sorted(set(ACTIONS) - set(SALES)))
def test_browsing_and_cancelling_are_not_charged(ledger, name):
    customer_billing.handle(event(name), ledger)
    assert ledger.charges() == []


def test_what_others_sold_on_the_account_changes_nothing(ledger):
    for number, by in enumerate([*OTHERS, CUSTOMER, *OTHERS, CUSTOMER]):
        customer_billing.handle(event(by=by, id=f"a-{number}"), ledger)
    assert [charge.amount_cents for charge in ledger.charges()] == [3999, 3999]


def test_a_redelivered_event_is_charged_once(ledger):
    for _ in range(3):
        customer_billing.handle(event(), ledger)
    assert len(ledger.charges()) == 1


def test_another_sale_under_the_same_id_is_a_conflict_and_changes_nothing(ledger):
    customer_billing.handle(event(), ledger)
    with pytest.raises(ConflictingChargeError, match="choose a new id per action"):
        customer_billing.handle(event(plan="Fiber 500"), ledger)
    assert [charge.amount_cents for charge in ledger.charges()] == [3999]
