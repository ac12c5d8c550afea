"""Bills judged by the oracle: each action once, wrong by the cent, and no charge unexplained."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from classroom.world.bills import UnaccountedChargeError, bills, outcome, wrong_bills
from fiberlab.domain import Account, Action, Actor, AmountError, Company, Plan, dollars
from fiberlab.ledger import Charge

pytestmark = pytest.mark.embedded

COMPANY = Company(
    {"Fiber 300": Plan("Fiber 300", 3999), "Fiber 5 Gig": Plan("Fiber 5 Gig", 149_999)},
    {"A-1": Account("A-1", "C-1", "Ada Adams"), "A-2": Account("A-2", "C-2", "Ben Bauer")},
    ("I-1",),
)
CUSTOMER, INSTALLER = Actor("customer", "C-1"), Actor("installer", "I-1")
OPENS = datetime(2026, 3, 2, 7, tzinfo=UTC)
COLUMNS = [
    "action_id",
    "at",
    "account_id",
    "name",
    "actor",
    "action",
    "plan",
    "billed_cents",
    "expected_cents",
    "wrong_cents",
    "waits_for",
]


def action(number, name="purchase_plan", by=CUSTOMER, plan="Fiber 300"):
    return Action(f"a-{number}", name, "A-1", by, plan, OPENS + timedelta(minutes=number))


def charge(action, cents):
    return Charge("/x", action.id, action.account_id, action.actor.kind, action.name, action.plan, cents)


BROWSE, SOLD, ON_SITE, UPGRADE = DAY = (
    action(1, "browse_plan"),
    action(2),
    action(3, by=INSTALLER),
    action(4, "change_plan", plan="Fiber 5 Gig"),
)
RIGHT = [charge(SOLD, 3999), charge(ON_SITE, 3199), charge(UPGRADE, 149_999)]


def test_there_is_a_row_per_action_in_the_order_of_the_day_and_with_the_promised_columns():
    table = bills(DAY, RIGHT, COMPANY)
    assert list(table.columns) == COLUMNS
    assert list(table.action_id) == [a.id for a in DAY]
    assert list(table["at"]) == [a.at for a in DAY]
    assert set(table.name) == {"Ada Adams"}


def test_right_bills_are_wrong_by_nothing():
    table = bills(DAY, RIGHT, COMPANY)
    assert list(table.billed_cents) == list(table.expected_cents) == [0, 3999, 3199, 149_999]
    assert list(table.wrong_cents) == [0, 0, 0, 0]
    assert wrong_bills(table).empty


def test_what_was_not_charged_is_the_companys_loss_and_what_was_overcharged_the_customers():
    table = bills(DAY, [charge(BROWSE, 5), charge(SOLD, 4000), charge(ON_SITE, 3199)], COMPANY)
    assert list(table.wrong_cents) == [5, 1, 0, -149_999]


def test_the_order_of_the_charges_does_not_matter():
    assert bills(DAY, RIGHT[::-1], COMPANY).equals(bills(DAY, RIGHT, COMPANY))


def test_a_charge_that_no_action_explains_is_an_error():
    with pytest.raises(UnaccountedChargeError, match=r"'a-9'.* belongs to no action of this day"):
        bills(DAY, [*RIGHT, replace(RIGHT[0], id="a-9")], COMPANY)


def test_an_action_charged_twice_is_an_error_even_if_by_two_services():
    with pytest.raises(UnaccountedChargeError, match=r"'a-2'.* is billed twice"):
        bills(DAY, [*RIGHT, replace(RIGHT[0], source="/other")], COMPANY)


def test_wrong_bills_are_shown_worst_first_and_in_dollars():
    table = bills(DAY, [charge(SOLD, 3199), charge(ON_SITE, 4000), charge(UPGRADE, 119_999)], COMPANY)
    assert wrong_bills(table).to_dict("list") == {
        "account_id": ["A-1"] * 3,
        "name": ["Ada Adams"] * 3,
        "actor": ["customer", "customer", "installer"],
        "action": ["change_plan", "purchase_plan", "purchase_plan"],
        "plan": ["Fiber 5 Gig", "Fiber 300", "Fiber 300"],
        "billed": ["$1,199.99", "$31.99", "$40.00"],
        "should be": ["$1,499.99", "$39.99", "$31.99"],
        "wrong by": ["-$300.00", "-$8.00", "$8.01"],
    }


def test_the_outcome_sums_up_each_actors_sales():
    table = outcome(
        bills(DAY, [charge(SOLD, 3199), charge(ON_SITE, 3199), charge(UPGRADE, 149_999)], COMPANY)
    )
    assert table.loc["customer"].to_dict() == {
        "bills": 2,
        "wrong bills": 1,
        "billed": "$1,531.98",
        "should be": "$1,539.98",
        "wrong by": "-$8.00",
    }
    assert table.loc["installer"].to_dict() == {
        "bills": 1,
        "wrong bills": 0,
        "billed": "$31.99",
        "should be": "$31.99",
        "wrong by": "$0.00",
    }


def test_a_sale_that_nobody_charged_counts_as_a_wrong_bill():
    assert outcome(bills((SOLD,), [], COMPANY)).loc["customer", "wrong bills"] == 1


UNREAD = {"customer-billing": [BROWSE.id, SOLD.id], "installer-billing": [SOLD.id, ON_SITE.id, UPGRADE.id]}


def test_a_bill_that_a_service_has_yet_to_read_of_is_late_and_not_wrong():
    table = bills(DAY, [charge(UPGRADE, 149_998)], COMPANY, UNREAD)
    customers, installers = (f"{name} ({len(ids)} events behind)" for name, ids in UNREAD.items())
    assert list(table.waits_for) == ["", f"{customers} and {installers}", installers, ""]
    assert list(table.wrong_cents) == [0, 0, 0, -1]
    assert len(wrong_bills(table)) == 1
    assert list(outcome(table)["not billed yet"]) == [1, 1]


def test_a_bill_that_everybody_has_read_of_and_nobody_made_is_wrong_though_others_are_late():
    table = bills(DAY, [charge(UPGRADE, 149_999)], COMPANY, {"installer-billing": [ON_SITE.id]})
    assert list(table.wrong_cents) == [0, -3999, 0, 0]
    assert list(outcome(table)["wrong bills"]) == [1, 0]


@pytest.mark.parametrize("day", [(), (BROWSE,)])
def test_a_day_without_a_sale_has_no_bill_and_no_error(day):
    table = bills(day, [], COMPANY)
    assert list(table.columns) == COLUMNS
    assert wrong_bills(table).empty
    assert outcome(table).empty


def test_sums_that_no_machine_integer_holds_are_right_in_dollars():
    huge = 2**63 - 1
    frame = pd.DataFrame(
        {
            "actor": ["customer"] * 3,
            "billed_cents": huge,
            "expected_cents": 0,
            "wrong_cents": huge,
            "waits_for": "",
        }
    )
    (row,) = outcome(frame).itertuples(index=False)
    assert row[2] == dollars(3 * huge)


def test_a_price_whose_sums_would_not_fit_is_no_price():
    with pytest.raises(AmountError, match=r"list_price_cents 1000000000001 is not whole cents from 0 to"):
        Plan("Fiber", 10**12 + 1)
    day_of_dear_plans = pd.Series([10**12] * 10**6)
    assert day_of_dear_plans.sum() == 10**18
