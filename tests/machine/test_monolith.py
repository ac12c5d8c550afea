"""The modular monolith over real HTTP: every bill is right, one actor's rule is one module."""

import pytest

from classroom.world.bills import bills_of
from classroom.world.company import shipped_day
from classroom.world.designs import Monolith
from classroom.world.running import Response
from classroom.world.traffic import replay
from tests.facts import answer_from

SALE = {
    "id": "a-1",
    "action": "purchase_plan",
    "account_id": "A-0001",
    "actor": {"kind": "customer", "id": "C-0001"},
    "plan": "Fiber 300",
    "at": "2026-03-02T09:30:00Z",
}


@pytest.fixture
def monolith(company, tmp_path):
    design = Monolith(company, tmp_path)
    yield design
    design.close()


def post(design: Monolith, **changes: object) -> Response:
    return answer_from(f"{design.url}/actions", "POST", json=SALE | changes)


def test_every_bill_of_the_shipped_day_is_right(monolith, company):
    assert replay(shipped_day(), monolith.url, resend_percent=5).failed == []
    table = bills_of(monolith, shipped_day(), company)
    assert (table.wrong_cents == 0).all()
    assert (table.expected_cents != 0).sum() == len(monolith.charges())


def test_a_customer_pays_the_list_price_after_an_installers_visit(monolith):
    visit = {"kind": "installer", "id": "I-01"}
    assert post(monolith, actor=visit).json() == {"action_id": "a-1", "amount_cents": 3199}
    assert post(monolith, id="a-2").json() == {"action_id": "a-2", "amount_cents": 3999}


@pytest.mark.parametrize("action", ["browse_plan", "cancel_plan"])
def test_browsing_and_cancelling_cost_nothing(monolith, action):
    assert post(monolith, action=action).json()["amount_cents"] == 0
    assert monolith.charges() == []


def test_a_retried_sale_is_charged_once_and_another_with_its_id_is_refused(monolith):
    assert post(monolith).json() == post(monolith).json()
    assert post(monolith, plan="Fiber 500").status_code == 409
    assert [charge.amount_cents for charge in monolith.charges()] == [3999]


def test_a_ledger_that_is_down_is_answered_503_and_the_retry_is_charged_once(monolith):
    monolith.ledger.down = True
    answer = post(monolith)
    assert answer.status_code == 503
    assert "write it again later" in answer.json()["detail"]
    monolith.ledger.down = False
    assert post(monolith).status_code == 200
    assert len(monolith.charges()) == 1
