"""One story, told on both designs by real HTTP: what they share, and where the coupled one goes wrong.

Both are judged by the oracle. Where the coupled design must be wrong is computed here, from the story
alone: a customer's sale on an account where an installer sold earlier.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import chain

import pandas as pd
import pytest

from classroom.world.bills import bills_of
from classroom.world.company import SHIPPED_SEED, generated_day, shipped_day
from classroom.world.designs import Coupled, Design, EventDriven
from classroom.world.traffic import replay
from fiberlab.domain import Action, Actor, Company, expected_cents

BOTH = ("coupled", "event-driven")
BUYS = ("purchase_plan", "change_plan")
DISCOUNT_PERCENT = 20
Tell = Callable[..., pd.DataFrame]

# What takes long, in one place: which days (seeds by share of installers in percent), and how long they are.
# Few households make a short day dense.
DAYS = {5: range(1, 6), 20: range(6, 11), 35: range(11, 16), 50: range(16, 21)}
ACTIONS = 150
HOUSEHOLDS = 6

CUSTOMER, INSTALLER = Actor("customer", "C-0001"), Actor("installer", "I-01")
FOUR_ACTIONS = (
    ("browse_plan", CUSTOMER, "Fiber 300"),
    ("purchase_plan", CUSTOMER, "Fiber 300"),
    ("change_plan", INSTALLER, "Fiber 1 Gig"),
    ("change_plan", CUSTOMER, "Fiber 2 Gig"),
)


@pytest.fixture
def tell(company, tmp_path, cluster) -> Tell:
    """Tell a day to a fresh design with empty ledgers; its bills."""

    def opened(design: str, company: Company) -> Design:
        return Coupled(company, tmp_path) if design == "coupled" else EventDriven(company, tmp_path, cluster)

    def tell(design: str, day: Sequence[Action], company: Company = company, **how: float) -> pd.DataFrame:
        system = opened(design, company)
        try:
            sent = replay(day, system.url, **how)
            assert sent.failed == []
            system.settle()
            table = bills_of(system, day, company)
            assert not table.waits_for.any()
            return table
        finally:
            system.close()

    return tell


def wrong(table: pd.DataFrame) -> dict[str, int]:
    """The cents by which actions were billed wrong, by action id."""
    return {row.action_id: row.wrong_cents for row in table.itertuples() if row.wrong_cents}


def undercharged(day: Sequence[Action], company: Company) -> dict[str, int]:
    """What the story says of the coupled design: whose bill is wrong, and by how many cents."""
    visited, found = set(), {}
    for action in (action for action in day if action.name in BUYS):
        price = company.plans[action.plan].list_price_cents
        if action.actor.kind == "installer":
            visited.add(action.account_id)
        elif action.account_id in visited:
            found[action.id] = price * (100 - DISCOUNT_PERCENT) // 100 - price
    return found


def sales(day: Sequence[Action], kind: str) -> int:
    return sum(action.name in BUYS and action.actor.kind == kind for action in day)


@pytest.mark.parametrize("design", BOTH)
def test_while_only_customers_act_both_designs_bill_what_is_due_to_the_cent(tell, company, design):
    day = generated_day(company, seed=SHIPPED_SEED, installer_percent=0)
    table = tell(design, day)
    assert sales(day, "customer") > 100
    assert wrong(table) == {}
    assert table.billed_cents.sum() == sum(expected_cents(action, company.plans) for action in day) > 0


def test_with_installers_the_event_driven_design_bills_every_actor_what_is_due(tell):
    day = shipped_day()
    table = tell("event-driven", day)
    assert min(sales(day, "customer"), sales(day, "installer")) > 10
    assert wrong(table) == {}


def test_with_installers_the_coupled_design_is_wrong_exactly_where_the_story_says(tell, company):
    day = shipped_day()
    expected = undercharged(day, company)
    assert expected
    assert wrong(tell("coupled", day)) == expected


@pytest.mark.parametrize("design", BOTH)
def test_resent_actions_change_no_bill(tell, company, design):
    day = shipped_day()[:600]
    expected = undercharged(day, company) if design == "coupled" else {}
    assert wrong(tell(design, day, resend_percent=20)) == expected


@pytest.fixture
def village(company) -> Company:
    return replace(company, accounts=dict(list(company.accounts.items())[:HOUSEHOLDS]))


@pytest.mark.parametrize("share", DAYS)
def test_on_any_day_the_coupled_design_is_wrong_where_the_story_says(tell, village, share):
    for seed in DAYS[share]:
        day = generated_day(village, seed, ACTIONS, share)
        assert wrong(tell("coupled", day, village)) == undercharged(day, village), seed


@pytest.mark.parametrize("share", DAYS)
def test_on_any_day_the_event_driven_design_is_never_wrong(tell, village, share):
    days = [generated_day(village, seed, ACTIONS, share) for seed in DAYS[share]]
    assert (
        wrong(tell("event-driven", tuple(chain(*days)), village)) == {}
    )  # one gateway, one ledger, all days


def test_most_of_these_days_would_do_harm(village):
    days = [generated_day(village, seed, ACTIONS, share) for share in DAYS for seed in DAYS[share]]
    assert sum(bool(undercharged(day, village)) for day in days) > len(days) * 3 / 4


def test_a_customer_after_the_installers_visit_in_four_actions(tell, company):
    day = tuple(
        replace(shipped_day()[0], id=f"s-{number}", name=name, actor=actor, plan=plan, account_id="A-0001")
        for number, (name, actor, plan) in enumerate(FOUR_ACTIONS)
    )
    coupled, event_driven = (tell(design, day) for design in BOTH)
    assert list(coupled.billed_cents) == [0, 3999, 5596, 7999]
    assert list(event_driven.billed_cents) == [0, 3999, 5596, 9999]


@pytest.mark.parametrize("name", ["customer-billing", "installer-billing"])
def test_what_a_stopped_service_has_not_billed_is_late_until_it_is_started_again_and_never_wrong(
    name, company, tmp_path, cluster
):
    design = EventDriven(company, tmp_path, cluster)
    day = generated_day(company, seed=3, actions=60, installer_percent=50)
    try:
        design.stop(name)
        replay(day, design.url)
        design.settle()
        late = bills_of(design, day, company)
        design.start(name)
        design.settle()
        made = bills_of(design, day, company)
    finally:
        design.close()
    due = late.expected_cents != 0
    its_own = due & (late.actor == name.removesuffix("-billing"))
    assert its_own.any()
    assert (late.waits_for == f"{name} (60 events behind)").equals(its_own)
    assert wrong(late) == wrong(made) == {}
    assert not made.waits_for.any()
