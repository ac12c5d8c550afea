"""What every billing owes: it charges its own actors, once per action, and ignores others."""

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import pytest

from fiberlab.coupled import billing as coupled
from fiberlab.coupled.accounts import Accounts
from fiberlab.domain import ACTIONS, SALES, Action, Actor, Plan
from fiberlab.eventdriven import customer_billing, installer_billing
from fiberlab.eventdriven.events import happened
from fiberlab.ledger import Charge, ConflictingChargeError, Ledger
from fiberlab.monolith import billing as monolith

pytestmark = pytest.mark.embedded

PLANS = {"Fiber 300": Plan("Fiber 300", 3999), "Fiber 1 Gig": Plan("Fiber 1 Gig", 6995)}
CUSTOMER, INSTALLER = Actor("customer", "C-1"), Actor("installer", "I-1")
STRANGERS = Actor("reseller", "R-1"), Actor("Customer", "C-1"), Actor("Installer", "I-1")
PAYS = {"customer": 3999, "installer": 3199}  # for Fiber 300
FREE = sorted(set(ACTIONS) - set(SALES))


class Billing(NamedTuple):
    """A billing on a real ledger: what it makes of an action, whom it charges, and on whose word."""

    bill: Callable[[Action], object]
    ledger: Ledger
    charges: tuple[Actor, ...]
    source: str

    def amounts(self) -> list[int]:
        return [charge.amount_cents for charge in self.ledger.charges()]


LISTENERS = {"customers": (customer_billing, CUSTOMER), "installers": (installer_billing, INSTALLER)}


@pytest.fixture(params=["coupled", "monolith", *LISTENERS])
def billing(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Billing]:
    database = tmp_path / "ledger.sqlite"
    with Ledger(database) as ledger, closing(Accounts(database)) as accounts:
        if request.param in LISTENERS:
            listener, actor = LISTENERS[request.param]
            yield Billing(partial(hear, listener, ledger), ledger, (actor,), "/herd-fiber/gateway")
        else:
            shared = partial(coupled.bill, plans=PLANS, accounts=accounts, ledger=ledger)
            modular = partial(monolith.bill, plans=PLANS, ledger=ledger)
            bill = shared if request.param == "coupled" else modular
            yield Billing(bill, ledger, (CUSTOMER, INSTALLER), "/herd-fiber/backend")


def hear(listener: ModuleType, ledger: Ledger, action: Action) -> None:
    listener.handle(happened(action, PLANS), ledger)


def sale(
    by: Actor, plan: str = "Fiber 300", *, id: str = "a-1", name: str = "purchase_plan", account: str = "A-1"
) -> Action:
    return Action(id, name, account, by, plan, datetime(2026, 3, 2, 9, tzinfo=UTC))


@pytest.mark.parametrize("name", SALES)
def test_the_charge_says_who_is_charged_how_much_for_what(billing: Billing, name: str):
    for by in billing.charges:
        billing.bill(sale(by, id=f"a-{by.kind}", name=name, account=f"A-{by.kind}"))
    assert billing.ledger.charges() == [
        Charge(billing.source, f"a-{by.kind}", f"A-{by.kind}", by.kind, name, "Fiber 300", PAYS[by.kind])
        for by in billing.charges
    ]


@pytest.mark.parametrize("name", FREE)
def test_browsing_and_cancelling_are_not_charged(billing: Billing, name: str):
    assert {billing.bill(sale(by, name=name)) for by in billing.charges} <= {0, None}
    assert billing.ledger.charges() == []


def test_a_repeated_sale_is_charged_once_and_answered_as_the_first_time(billing: Billing):
    for by in billing.charges:
        assert len({billing.bill(sale(by, id=by.id)) for _ in range(3)}) == 1
    assert len(billing.ledger.charges()) == len(billing.charges)


@pytest.mark.parametrize("other", [{"plan": "Fiber 1 Gig"}, {"name": "change_plan"}, {"account": "A-2"}])
def test_another_sale_under_the_same_id_is_a_conflict_and_changes_nothing(
    billing: Billing, other: dict[str, str]
):
    by = billing.charges[0]
    billing.bill(sale(by))
    with pytest.raises(ConflictingChargeError, match="choose a new id per action"):
        billing.bill(sale(by, **other))
    assert billing.amounts() == [PAYS[by.kind]]


@pytest.mark.parametrize("name", ACTIONS)
@pytest.mark.parametrize("billing", LISTENERS, indirect=True)
def test_what_others_do_is_none_of_a_listeners_business(billing: Billing, name: str):
    for by in {CUSTOMER, INSTALLER, *STRANGERS} - set(billing.charges):
        billing.bill(sale(by, name=name))
    assert billing.ledger.charges() == []


@pytest.mark.parametrize("billing", ["monolith", *LISTENERS], indirect=True)
def test_what_others_sold_on_the_account_changes_no_price(billing: Billing):
    sold = [INSTALLER, CUSTOMER, INSTALLER, CUSTOMER]
    for number, by in enumerate(sold):
        billing.bill(sale(by, id=f"a-{number}"))
    assert billing.amounts() == [PAYS[by.kind] for by in sold if by in billing.charges]
