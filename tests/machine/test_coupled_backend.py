"""The backend over real HTTP: what was answered 200 is billed."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pytest

from classroom.world.designs import Coupled
from classroom.world.running import HttpClient, Response

SALE = {
    "id": "a-1",
    "action": "purchase_plan",
    "account_id": "A-0001",
    "actor": {"kind": "customer", "id": "C-0001"},
    "plan": "Fiber 300",
    "at": "2026-03-02T09:30:00Z",
}
INSTALLER = {"kind": "installer", "id": "I-01"}


class Backend(NamedTuple):
    design: Coupled
    http: HttpClient

    def post(self, **changes: object) -> Response:
        return self.http.post("/actions", json=SALE | changes)


@pytest.fixture
def backend(company, tmp_path: Path) -> Iterator[Backend]:
    design = Coupled(company, tmp_path)
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
    assert backend.design.charges() == []


def test_a_retried_sale_gets_the_same_answer_and_is_charged_once(backend):
    answers = [backend.post() for _ in range(3)]
    assert {answer.text for answer in answers} == {answers[0].text}
    assert len(backend.design.charges()) == 1


def test_eight_retries_at_once_are_charged_once(backend):
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: backend.post(), range(24)))
    assert {(answer.status_code, answer.text) for answer in answers} == {(200, answers[0].text)}
    assert len(backend.design.charges()) == 1


@pytest.mark.parametrize(
    "other",
    [{"plan": "Fiber 500"}, {"action": "change_plan"}, {"actor": INSTALLER}, {"at": "2026-03-02T10:30:00Z"}],
)
def test_another_sale_with_the_same_id_is_a_conflict_unless_only_its_time_differs(backend, other):
    backend.post()
    answer = backend.post(**other)
    assert answer.status_code == (200 if "at" in other else 409)
    assert ("choose a new id per action" in answer.text) == (answer.status_code == 409)
    assert [charge.amount_cents for charge in backend.design.charges()] == [3999]


def test_an_installers_sale_over_http_discounts_the_customers_next_one(backend):
    assert backend.post(actor=INSTALLER).json()["amount_cents"] == 3199
    assert backend.post(id="a-2", action="change_plan").json()["amount_cents"] == 3199  # due: 3999
