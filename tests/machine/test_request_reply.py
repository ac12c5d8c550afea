"""Both request-reply designs over real HTTP: what was answered 200 is billed, and billed once."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pytest

from classroom.world.bills import bills
from classroom.world.company import shipped_day
from classroom.world.designs import Coupled, Monolith
from classroom.world.running import HttpClient, Response
from classroom.world.traffic import replay
from tests.facts import SALE

INSTALLER = {"kind": "installer", "id": "I-01"}


class Backend(NamedTuple):
    design: Coupled
    http: HttpClient

    def post(self, **changes: object) -> Response:
        return self.http.post("/actions", json=SALE | changes)

    def amounts(self) -> list[int]:
        return [charge.amount_cents for charge in self.design.charges()]


@pytest.fixture(params=[Coupled, Monolith])
def backend(request: pytest.FixtureRequest, company, tmp_path: Path) -> Iterator[Backend]:
    design = request.param(company, tmp_path)
    with HttpClient(design.url) as http:
        yield Backend(design, http)
    design.close()


def test_a_sale_is_answered_200_with_its_bill_and_is_in_the_ledger_by_then(backend):
    answer = backend.post()
    assert (answer.status_code, answer.json()) == (200, {"action_id": "a-1", "amount_cents": 3999})
    assert [(charge.id, charge.amount_cents) for charge in backend.design.charges()] == [("a-1", 3999)]


@pytest.mark.parametrize("action", ["browse_plan", "cancel_plan"])
def test_browsing_and_cancelling_are_answered_with_a_bill_over_nothing(backend, action):
    answer = backend.post(action=action)
    assert (answer.status_code, answer.json()["amount_cents"]) == (200, 0)
    assert backend.amounts() == []


def test_eight_retries_at_once_are_charged_once(backend):
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: backend.post(), range(24)))
    assert {(answer.status_code, answer.text) for answer in answers} == {(200, answers[0].text)}
    assert backend.amounts() == [3999]


@pytest.mark.parametrize(
    "other",
    [{"plan": "Fiber 500"}, {"action": "change_plan"}, {"actor": INSTALLER}, {"at": "2026-03-02T10:30:00Z"}],
)
def test_another_sale_with_the_same_id_is_a_conflict_unless_only_its_time_differs(backend, other):
    backend.post()
    answer = backend.post(**other)
    assert answer.status_code == (200 if "at" in other else 409)
    assert ("choose a new id per action" in answer.text) == (answer.status_code == 409)
    assert backend.amounts() == [3999]


def test_a_ledger_that_is_down_is_answered_503_and_the_retry_is_charged_once(backend):
    backend.design.ledger.down = True
    answer = backend.post()
    assert answer.status_code == 503
    assert "write it again later" in answer.json()["detail"]
    backend.design.ledger.down = False
    assert backend.post().status_code == 200
    assert backend.amounts() == [3999]


@pytest.mark.parametrize("backend", [Monolith], indirect=True)
def test_the_modular_monolith_bills_the_shipped_day_right(backend, company):
    assert replay(shipped_day(), backend.design.url, resend_percent=5).failed == []
    table = bills(shipped_day(), backend.design.charges(), company)
    assert (table.wrong_cents == 0).all()
    assert (table.expected_cents != 0).sum() == len(backend.design.charges())


@pytest.mark.parametrize("backend", [Coupled], indirect=True)
def test_an_installers_sale_over_http_discounts_the_customers_next_one(backend):
    assert backend.post(actor=INSTALLER).json()["amount_cents"] == 3199
    assert backend.post(id="a-2", action="change_plan").json()["amount_cents"] == 3199  # due: 3999
