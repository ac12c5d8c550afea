"""The price list's rules, the oracle that judges both designs, and what may be done by whom."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fiberlab.domain import (
    ACTIONS,
    SALES,
    Account,
    Action,
    Actor,
    Company,
    NotAllowedError,
    Plan,
    UnknownNameError,
    discounted_cents,
    dollars,
    expected_cents,
)

CUSTOMER, INSTALLER = Actor("customer", "C-1"), Actor("installer", "I-1")
COMPANY = Company(
    plans={"Fiber 300": Plan("Fiber 300", 3999), "Fiber 1 Gig": Plan("Fiber 1 Gig", 6995)},
    accounts={"A-1": Account("A-1", "C-1", "Ada"), "A-2": Account("A-2", "C-2", "Ben")},
    installers=("I-1", "I-2"),
)
MONEY = st.integers(min_value=0, max_value=10**12)
PERCENT = st.integers(min_value=0, max_value=100)


def action(
    name: str = "purchase_plan", by: Actor = CUSTOMER, plan: str = "Fiber 300", account: str = "A-1"
) -> Action:
    return Action("a-1", name, account, by, plan, datetime(2026, 3, 2, 9, tzinfo=UTC))


@given(MONEY, PERCENT)
def test_a_discounted_price_is_the_exact_price_rounded_down_to_the_cent(price_cents, percent):
    hundredths_of_a_cent = price_cents * (100 - percent)
    assert 0 <= hundredths_of_a_cent - 100 * discounted_cents(price_cents, percent) < 100


@given(MONEY, PERCENT)
def test_a_discounted_price_is_whole_cents_between_nothing_and_the_full_price(price_cents, percent):
    discounted = discounted_cents(price_cents, percent)
    assert type(discounted) is int
    assert 0 <= discounted <= price_cents


@given(MONEY, MONEY, PERCENT)
def test_the_dearer_plan_is_never_the_cheaper_one_after_the_discount(one, other, percent):
    cheap, dear = sorted((one, other))
    assert discounted_cents(cheap, percent) <= discounted_cents(dear, percent)


@given(MONEY, PERCENT, PERCENT)
def test_a_larger_discount_never_costs_more(price_cents, one, other):
    small, large = sorted((one, other))
    assert discounted_cents(price_cents, large) <= discounted_cents(price_cents, small)


@pytest.mark.parametrize("percent", [-1, 101, 12.5, 20.0, float("nan"), "20", None])
def test_an_impossible_discount_is_refused_with_its_value(percent):
    with pytest.raises(ValueError, match="give a whole number from 0 to 100") as caught:
        discounted_cents(3999, percent)
    assert repr(percent) in str(caught.value)


@given(st.integers())
def test_dollars_can_be_read_back_as_cents(cents):
    assert int(dollars(cents).replace("$", "").replace(",", "").replace(".", "")) == cents


@pytest.mark.parametrize(
    ("cents", "shown"),
    [
        (0, "$0.00"),
        (5, "$0.05"),
        (-5, "-$0.05"),
        (-320, "-$3.20"),
        (124000, "$1,240.00"),
        (10**9, "$10,000,000.00"),
    ],
)
def test_dollars_are_shown_as_people_write_them(cents, shown):
    assert dollars(cents) == shown


@pytest.mark.parametrize("name", SALES)
@pytest.mark.parametrize(
    ("by", "plan", "cents"),
    [
        (CUSTOMER, "Fiber 300", 3999),
        (CUSTOMER, "Fiber 1 Gig", 6995),
        (INSTALLER, "Fiber 300", 3199),  # 3199.2, rounded down
        (INSTALLER, "Fiber 1 Gig", 5596),
    ],
)
def test_a_sale_costs_the_list_price_in_the_app_and_a_fifth_less_on_site(name, by, plan, cents):
    assert expected_cents(action(name, by, plan), COMPANY.plans) == cents


@pytest.mark.parametrize("name", sorted(set(ACTIONS) - set(SALES)))
@pytest.mark.parametrize("by", [CUSTOMER, INSTALLER])
def test_browsing_and_cancelling_cost_nothing(name, by):
    assert expected_cents(action(name, by), COMPANY.plans) == 0


@pytest.mark.parametrize("name", ACTIONS)
@pytest.mark.parametrize("by", [CUSTOMER, INSTALLER, Actor("installer", "I-2")])
def test_a_customer_at_home_and_any_installer_may_do_every_action(name, by):
    COMPANY.check(action(name, by))


@pytest.mark.parametrize(
    ("wrong", "value", "next_step"),
    [
        (action(plan="Fiber 9"), "plan 'Fiber 9'", "choose one of Fiber 300, Fiber 1 Gig"),
        (action(account="A-9"), "account 'A-9'", "choose one of A-1, A-2"),
        (action("steal_plan"), "action 'steal_plan'", "choose one of browse_plan, purchase_plan"),
        (action(by=Actor("robot", "C-1")), "kind of actor 'robot'", "choose one of customer, installer"),
        (action(by=Actor("installer", "I-9")), "installer 'I-9'", "choose one of I-1, I-2"),
    ],
)
def test_an_unknown_name_is_refused_with_the_name_and_what_to_choose_from(wrong, value, next_step):
    with pytest.raises(UnknownNameError) as caught:
        COMPANY.check(wrong)
    assert value in str(caught.value)
    assert next_step in str(caught.value)


def test_of_a_hundred_accounts_none_is_listed_in_an_error():
    accounts = {f"A-{n}": Account(f"A-{n}", f"C-{n}", "Ada") for n in range(100)}
    company = Company(COMPANY.plans, accounts, COMPANY.installers)
    with pytest.raises(UnknownNameError, match=r"^account 'A-100' is not known; check the account's id$"):
        company.check(action(account="A-100"))


def test_a_customer_may_not_act_on_somebody_elses_account():
    with pytest.raises(
        NotAllowedError, match="'C-1' does not hold account 'A-2'; send the id of the customer who does"
    ):
        COMPANY.check(action(account="A-2"))


def test_an_installers_id_does_not_make_a_customer():
    with pytest.raises(NotAllowedError, match="'I-1'"):
        COMPANY.check(action(by=Actor("customer", "I-1")))
