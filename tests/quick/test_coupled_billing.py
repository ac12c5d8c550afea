"""The shared billing: the hurried team's own test, and the tests they did not write."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fiberlab.coupled import billing
from fiberlab.coupled.accounts import Accounts
from fiberlab.domain import Action, Actor, Plan
from fiberlab.ledger import ConflictingChargeError, Ledger

PLANS = {"Fiber 300": Plan("Fiber 300", 3999), "Fiber 1 Gig": Plan("Fiber 1 Gig", 6995)}
CUSTOMER, INSTALLER = Actor("customer", "C-1"), Actor("installer", "I-1")


class Shop:
    """The shared billing on a real database."""

    def __init__(self, database: Path) -> None:
        self.accounts, self.ledger = Accounts(database), Ledger(database)

    def bill(self, action: Action) -> int:
        return billing.bill(action, PLANS, self.accounts, self.ledger)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    shop = Shop(tmp_path / "backend.sqlite")
    yield shop
    shop.accounts.close()
    shop.ledger.close()


def sale(
    by: Actor, plan: str = "Fiber 300", *, id: str = "a-1", name: str = "purchase_plan", account: str = "A-1"
) -> Action:
    return Action(id, name, account, by, plan, datetime(2026, 3, 2, 9, tzinfo=UTC))


# What the team tested on the day of the change. Both pass.


def test_a_customers_sale_is_billed_at_the_list_price(shop):
    assert shop.bill(sale(CUSTOMER, "Fiber 300")) == 3999


def test_an_installers_sale_is_billed_at_the_discount(shop):
    assert shop.bill(sale(INSTALLER, "Fiber 300")) == 3199


# What nobody tested: the defect of chapter 2, pinned so that it stays the one that the workbook tells of.


def test_a_customer_who_upgrades_after_the_installers_visit_pays_the_discounted_rate_as_well(shop):
    shop.bill(sale(INSTALLER, "Fiber 300"))
    assert shop.bill(sale(CUSTOMER, "Fiber 1 Gig", id="a-2", name="change_plan")) == 5596  # due: 6995


def test_the_discount_stays_on_the_account_for_ever(shop):
    shop.bill(sale(INSTALLER))
    shop.bill(sale(CUSTOMER, id="a-2", name="cancel_plan"))
    assert shop.bill(sale(CUSTOMER, id="a-3")) == 3199  # due: 3999
    assert shop.bill(sale(CUSTOMER, id="a-4", name="change_plan")) == 3199  # due: 3999


def test_an_installers_visit_leaves_other_accounts_alone(shop):
    shop.bill(sale(INSTALLER))
    assert shop.bill(sale(CUSTOMER, id="a-2", account="A-2")) == 3999


def test_a_sale_before_the_installers_visit_keeps_its_price(shop):
    shop.bill(sale(CUSTOMER))
    shop.bill(sale(INSTALLER, id="a-2"))
    assert [charge.amount_cents for charge in shop.ledger.charges()] == [3999, 3199]


@pytest.mark.parametrize("name", ["browse_plan", "cancel_plan"])
def test_an_installer_who_sells_nothing_changes_no_price(shop, name):
    shop.bill(sale(INSTALLER, name=name))
    assert shop.bill(sale(CUSTOMER, id="a-2")) == 3999


def test_a_retry_is_answered_as_the_first_time_although_an_installer_came_in_between(shop):
    shop.bill(sale(CUSTOMER))
    shop.bill(sale(INSTALLER, id="a-2"))
    assert shop.bill(sale(CUSTOMER)) == 3999
    assert len(shop.ledger.charges()) == 2


def test_another_sale_under_the_same_id_is_refused_and_leaves_no_discount(shop):
    shop.bill(sale(CUSTOMER))
    with pytest.raises(ConflictingChargeError, match="choose a new id per action"):
        shop.bill(sale(INSTALLER))
    assert shop.bill(sale(CUSTOMER, id="a-2")) == 3999
