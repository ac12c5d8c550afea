"""Whose bills move is computed by the code as it stands: a dependency that is planted moves them."""

import pytest

from classroom.change.blast import CopyFailedError, blast_radius
from classroom.change.edits import Change, Edit, StaleChangeError
from classroom.world.company import shipped_day
from classroom.world.designs import DESIGNS, EVENTS, MODULAR, SHARED, UnknownDesignError
from fiberlab.domain import SALES, discounted_cents, expected_cents
from tests.machine.conftest import CUSTOMER

pytestmark = pytest.mark.embedded

THE_INSTALLERS_RULE = ("installer", "customer")  # the changed rule, and whose bills are looked at


def moved(radius):
    return {(row.rule, row.actor): row.moved_bills for row in radius.itertuples()}


@pytest.mark.parametrize("design", DESIGNS)
def test_a_rule_moves_all_bills_of_its_own_actor(design, company):
    sold = [action for action in shipped_day() if expected_cents(action, company.plans)]
    radius = blast_radius(design)
    for kind in ("customer", "installer"):
        number = sum(action.actor.kind == kind for action in sold)
        assert moved(radius)[kind, kind] == number
        assert set(radius[radius.actor == kind].bills) == {number}


def test_in_the_shared_module_the_installers_rule_moves_customers_bills():
    radius = blast_radius(SHARED).set_index(["rule", "actor"])
    assert radius.moved_bills[THE_INSTALLERS_RULE] == 17  # the bills that chapter 02 finds wrong
    assert radius.moved_cents[THE_INSTALLERS_RULE] > 0
    assert radius.moved_bills["customer", "installer"] == 0


@pytest.mark.parametrize("design", [MODULAR, EVENTS])
def test_with_a_rule_per_actor_nobody_elses_bills_move(design):
    radius = blast_radius(design)
    assert not radius[radius.rule != radius.actor][["moved_bills", "moved_cents"]].any(axis=None)


def test_a_planted_dependency_of_a_service_is_seen_off_the_diagonal(planted):
    customers_largest = [
        action
        for action in shipped_day()
        if action.plan == "Fiber 5 Gig" and action.actor.kind == "customer" and action.name in SALES
    ]
    radius = blast_radius(EVENTS, planted).set_index(["rule", "actor"])
    each_cents = discounted_cents(14999, 20) - discounted_cents(14999, 25)
    assert radius.moved_bills[THE_INSTALLERS_RULE] == len(customers_largest) > 0
    assert radius.moved_cents[THE_INSTALLERS_RULE] == len(customers_largest) * each_cents


def test_a_sale_that_two_services_charge_counts_twice(package):
    everybody = Edit(CUSTOMER, 'event.actor.kind == "customer" and ', "")
    Change((everybody,)).apply(package)
    assert moved(blast_radius(EVENTS, package))["customer", "installer"] == 28


def test_a_change_that_no_longer_fits_says_where(package):
    Change(
        (Edit("monolith/installer_billing.py", "\nDISCOUNT_PERCENT = 20", "\nDISCOUNT_PERCENT = 21"),)
    ).apply(package)
    with pytest.raises(
        StaleChangeError, match=r"monolith/installer_billing.py holds '\\nDISCOUNT_PERCENT = 20"
    ):
        blast_radius(MODULAR, package)


def test_a_copy_that_does_not_run_says_why(package):
    Change((Edit("monolith/billing.py", "import customer_billing, ", "import "),)).apply(package)
    with pytest.raises(
        CopyFailedError, match=r"rebill monolith ended with 1; it said(.|\n)*'customer_billing'"
    ):
        blast_radius(MODULAR, package)


def test_there_is_no_fourth_design():
    with pytest.raises(UnknownDesignError, match="'microservices'; choose one of shared module"):
        blast_radius("microservices")
