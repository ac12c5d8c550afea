"""The shipped company and day, and days made to order: seeded, possible, and like a day at Herd Fiber."""

import subprocess
import sys
from collections import Counter
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classroom.world import company as days
from fiberlab.domain import ACTIONS, SALES

pytestmark = pytest.mark.embedded

SHARES = (0, 10, 25, 50, 75, 100)


def what(day):
    """What was done, without who did it."""
    return [(a.id, a.name, a.account_id, a.plan, a.at) for a in day]


def by_installers(day):
    return {a.id for a in day if a.actor.kind == "installer"}


@pytest.fixture(scope="module", params=["shipped", "generated"])
def day(request, company):
    return days.shipped_day() if request.param == "shipped" else days.generated_day(company, seed=8)


def test_a_day_has_at_least_a_thousand_actions_all_with_an_id_of_their_own(day):
    assert len(day) >= 1000
    assert len({a.id for a in day}) == len(day)


def test_every_action_of_a_day_is_possible(company, day):
    for action in day:
        company.check(action)


def test_a_day_has_every_action_by_both_actors(day):
    seen = Counter((a.name, a.actor.kind) for a in day)
    assert {(name, kind) for name in ACTIONS for kind in ("customer", "installer")} == set(seen)


def test_customers_browse_far_more_than_they_buy(day):
    seen = Counter(a.name for a in day if a.actor.kind == "customer")
    assert seen["browse_plan"] > 5 * sum(seen[name] for name in SALES)


def test_a_day_is_in_order_of_time_within_one_calendar_day(day):
    assert all(one.at <= other.at for one, other in pairwise(day))
    assert {a.at.date() for a in day} == {days.OPENS.date()}
    assert day[0].at >= days.OPENS
    assert {a.at.utcoffset().total_seconds() for a in day} == {0}


def test_a_household_does_one_thing_after_the_other(day):
    for account_id in {a.account_id for a in day}:
        times = [a.at for a in day if a.account_id == account_id]
        assert all(one < other for one, other in pairwise(times))


def test_a_household_changes_and_cancels_only_the_plan_it_has(day):
    has = {}
    for a in (a for a in day if a.name != "browse_plan"):
        held = has.get(a.account_id)
        assert (held is None) == (a.name == "purchase_plan")
        assert (held == a.plan) == (a.name == "cancel_plan")
        has[a.account_id] = None if a.name == "cancel_plan" else a.plan


def test_some_customers_buy_after_an_installer_sold_to_their_household(day):
    sold, after = set(), 0
    for a in (a for a in day if a.name in SALES):
        after += a.actor.kind == "customer" and a.account_id in sold
        sold |= {a.account_id} if a.actor.kind == "installer" else set()
    assert after > 0


def test_the_same_seed_gives_the_same_day_also_in_another_process(company):
    here = days.generated_day(company, seed=3)
    assert here == days.generated_day(company, seed=3)
    script = "from classroom.world import company as days; print("
    script += "*(a.actor.id + a.plan for a in days.generated_day(days.company(), seed=3)), sep='|')"
    root = days.DATA.parent
    there = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=root, timeout=30
    )
    assert there.stdout.strip().split("|") == [a.actor.id + a.plan for a in here], there.stderr


def test_another_seed_gives_another_day(company):
    assert what(days.generated_day(company, seed=1)) != what(days.generated_day(company, seed=2))


@pytest.mark.parametrize("seed", range(3))
def test_the_share_of_installers_changes_only_who_acts(company, seed):
    made = [days.generated_day(company, seed, installer_percent=share) for share in SHARES]
    assert all(what(day) == what(made[0]) for day in made)


@pytest.mark.parametrize("seed", range(3))
def test_an_installer_who_came_at_a_smaller_share_comes_at_a_larger_one_too(company, seed):
    made = [days.generated_day(company, seed, installer_percent=share) for share in SHARES]
    actors = [{a.id: a.actor for a in day} for day in made]
    for smaller, larger, before, after in zip(made, made[1:], actors, actors[1:], strict=False):
        assert by_installers(smaller) < by_installers(larger)
        assert all(before[id] == after[id] for id in by_installers(smaller))
    assert by_installers(made[0]) == set()
    assert by_installers(made[-1]) == {a.id for a in made[-1]}


def test_about_the_asked_share_of_the_actions_are_by_installers(company):
    made = [days.generated_day(company, seed, installer_percent=25) for seed in range(10)]
    assert 0.22 < sum(len(by_installers(day)) for day in made) / sum(map(len, made)) < 0.28


@pytest.mark.parametrize("actions", [0, 1, 2, 5, 49, 60, 151, 5000])
def test_a_day_has_exactly_as_many_actions_as_asked_for(company, actions):
    assert len(days.generated_day(company, seed=1, actions=actions)) == actions


def test_a_day_busier_than_its_few_households_is_still_in_order(company):
    few = replace(company, accounts=dict(list(company.accounts.items())[:2]))
    day = days.generated_day(few, seed=1, actions=2000)
    assert len(day) == 2000
    test_a_household_does_one_thing_after_the_other(day)


@settings(max_examples=20, deadline=None)
@given(st.integers(), st.floats(0, 100), st.integers(1, 300))
def test_any_seed_share_and_length_give_a_possible_day(seed, share, actions):
    company = days.company()
    for action in days.generated_day(company, seed, actions, share):
        company.check(action)


@pytest.mark.parametrize("share", [-1, 100.5, float("nan")])
def test_an_impossible_share_is_refused_with_its_value(company, share):
    with pytest.raises(ValueError, match="give 0 to 100") as caught:
        days.generated_day(company, seed=1, installer_percent=share)
    assert repr(share) in str(caught.value)


def test_a_written_day_is_read_back_as_it_was(company, tmp_path):
    day = days.generated_day(company, seed=5)
    days.write_rows(tmp_path / "day.csv", days.ACTION_COLUMNS, map(days.action_row, day))
    assert days.shipped_day(tmp_path) == day


def test_the_company_has_plans_accounts_and_installers_that_fit_the_story(company):
    assert list(company.plans) == ["Fiber 300", "Fiber 500", "Fiber 1 Gig", "Fiber 2 Gig", "Fiber 5 Gig"]
    prices = [plan.list_price_cents for plan in company.plans.values()]
    assert prices == sorted(prices)
    assert prices[0] > 0
    assert len({account.customer_id for account in company.accounts.values()}) == len(company.accounts) == 100
    assert len({account.name for account in company.accounts.values()}) == 100
    assert len(set(company.installers)) == len(company.installers) == 6


def test_every_account_has_one_mail_address_and_some_have_not_agreed(company):
    known = days.contacts()
    assert [contact.account_id for contact in known] == list(company.accounts)
    assert len({contact.email for contact in known}) == len(known)
    assert all(contact.email.endswith("@customers.example") for contact in known)
    assert {contact.consent for contact in known} == {True, False}
