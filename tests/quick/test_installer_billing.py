"""Installer billing charges what installers buy, and nothing else."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fiberlab.domain import ACTIONS, SALES, Action, Actor, Plan
from fiberlab.eventdriven import installer_billing
from fiberlab.eventdriven.events import Event, happened
from fiberlab.ledger import Charge, ConflictingChargeError, Ledger

pytestmark = pytest.mark.embedded

PLANS = {"Fiber 300": Plan("Fiber 300", 3999), "Fiber 500": Plan("Fiber 500", 5499)}
INSTALLER = Actor("installer", "I-1")
OTHERS = [Actor("customer", "C-1"), Actor("reseller", "R-1"), Actor("Installer", "I-1")]


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        yield ledger


def event(
    name: str = "purchase_plan", by: Actor = INSTALLER, plan: str = "Fiber 300", id: str = "a-1"
) -> Event:
    return happened(Action(id, name, "A-1", by, plan, datetime(2026, 3, 2, 9, tzinfo=UTC)), PLANS)


@pytest.mark.parametrize("name", SALES)
def test_a_installers_sale_is_charged_the_list_price_less_the_discount(ledger, name):
    installer_billing.handle(event(name), ledger)
    assert ledger.charges() == [
        Charge("/herd-fiber/gateway", "a-1", "A-1", "installer", name, "Fiber 300", 3199)
    ]


@pytest.mark.parametrize("name", ACTIONS)
@pytest.mark.parametrize("by", OTHERS)
def test_what_others_do_is_ignored(ledger, name, by):
    installer_billing.handle(event(name, by), ledger)
    assert ledger.charges() == []


@pytest.mark.parametrize("name", sorted(set(ACTIONS) - set(SALES)))
def test_browsing_and_cancelling_are_not_charged(ledger, name):
    installer_billing.handle(event(name), ledger)
    assert ledger.charges() == []


def test_what_others_sold_on_the_account_changes_nothing(ledger):
    for number, by in enumerate([*OTHERS, INSTALLER, *OTHERS, INSTALLER]):
        installer_billing.handle(event(by=by, id=f"a-{number}"), ledger)
    assert [charge.amount_cents for charge in ledger.charges()] == [3199, 3199]


def test_a_redelivered_event_is_charged_once(ledger):
    for _ in range(3):
        installer_billing.handle(event(), ledger)
    assert len(ledger.charges()) == 1


def test_another_sale_under_the_same_id_is_a_conflict_and_changes_nothing(ledger):
    installer_billing.handle(event(), ledger)
    with pytest.raises(ConflictingChargeError, match="choose a new id per action"):
        installer_billing.handle(event(plan="Fiber 500"), ledger)
    assert [charge.amount_cents for charge in ledger.charges()] == [3199]
