"""The ledger is append-only, and writing the same charge again changes nothing."""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from fiberlab.domain import MOST_CENTS, AmountError
from fiberlab.ledger import Charge, ConflictingChargeError, Ledger

CHARGE = Charge("/gateway", "a-1", "A-1", "customer", "purchase_plan", "Fiber 300", 3999)
COPY = "INTO charges SELECT source, id, account_id, actor_kind, action, plan, 1, written_at_s FROM charges"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.sqlite"


@pytest.fixture
def ledger(path: Path) -> Iterator[Ledger]:
    with Ledger(path) as ledger:
        yield ledger


def test_a_new_ledger_is_empty(ledger):
    assert ledger.charges() == []
    assert ledger.written_at_s() == {}
    assert ledger.find("/gateway", "a-1") is None


def test_what_was_written_can_be_read_and_found(ledger):
    assert ledger.write(CHARGE)
    assert ledger.charges() == [CHARGE]
    assert ledger.find("/gateway", "a-1") == CHARGE


def test_charges_keep_the_order_in_which_they_were_written(ledger):
    written = [replace(CHARGE, id=f"a-{number}") for number in (5, 3, 9, 1, 7)]
    for charge in written:
        ledger.write(charge)
    ledger.write(written[0])
    assert ledger.charges() == written
    assert [ledger.charges(after=read) for read in (0, 3, 5)] == [written, written[3:], []]


def test_a_redelivered_charge_changes_nothing_not_even_its_time(ledger):
    ledger.write(CHARGE)
    first_at_s = ledger.written_at_s()
    assert not ledger.write(CHARGE)
    assert ledger.charges() == [CHARGE]
    assert ledger.written_at_s() == first_at_s


def test_of_eight_threads_with_the_same_charge_one_writes_it(ledger):
    with ThreadPoolExecutor(8) as pool:
        new = list(pool.map(ledger.write, [CHARGE] * 200))
    assert new.count(True) == 1
    assert ledger.charges() == [CHARGE]


def test_a_new_file_may_be_opened_from_eight_threads_at_once(tmp_path):
    def open_and_write(number: int) -> bool:
        with Ledger(tmp_path / f"{number // 8}.sqlite") as ledger:
            return ledger.write(CHARGE)

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(open_and_write, range(50 * 8))).count(True) == 50


def test_of_eight_ledgers_on_one_file_with_the_same_charges_one_writes_each(path):
    charges = [replace(CHARGE, id=f"a-{number}") for number in range(25)]

    def write_all(_: int) -> int:
        with Ledger(path) as ledger:
            return sum(ledger.write(charge) for charge in charges)

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(write_all, range(8))) == 25
    with Ledger(path) as ledger:
        assert sorted(charge.id for charge in ledger.charges()) == sorted(charge.id for charge in charges)


def test_another_process_sees_the_charge_and_does_not_write_it_again(ledger, path):
    ledger.write(CHARGE)
    script = f"from fiberlab.ledger import *; print(Ledger({str(path)!r}).write({CHARGE!r}))"
    root = Path(__file__).parents[2]
    answer = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=root, timeout=30
    )
    assert answer.stdout.strip() == "False", answer.stderr
    assert ledger.charges() == [CHARGE]


def test_the_same_id_from_another_source_is_another_charge(ledger):
    other = replace(CHARGE, source="/backend")
    assert ledger.write(CHARGE)
    assert ledger.write(other)
    assert ledger.charges() == [CHARGE, other]


@pytest.mark.parametrize(
    "change",
    [
        {"account_id": "A-2"},
        {"actor_kind": "installer"},
        {"action": "change_plan"},
        {"plan": "Fiber 500"},
        {"amount_cents": 3199},
    ],
)
def test_another_charge_under_the_same_id_is_refused_and_both_are_shown(ledger, change):
    ledger.write(CHARGE)
    other = replace(CHARGE, **change)
    with pytest.raises(ConflictingChargeError, match="choose a new id per action") as caught:
        ledger.write(other)
    assert repr(CHARGE) in str(caught.value)
    assert repr(other) in str(caught.value)
    assert ledger.charges() == [CHARGE]


@pytest.mark.parametrize("amount", [-1, 39.99, 3999.0, float("nan"), True, "3999", None, MOST_CENTS + 1])
def test_an_amount_that_is_not_whole_cents_is_refused_with_its_value(amount):
    with pytest.raises(AmountError, match="is not whole cents from 0") as caught:
        replace(CHARGE, amount_cents=amount)
    assert repr(amount) in str(caught.value)


@pytest.mark.parametrize("amount", [0, MOST_CENTS])
def test_the_smallest_and_the_largest_amount_come_back_as_they_were(ledger, amount):
    ledger.write(replace(CHARGE, amount_cents=amount))
    assert ledger.charges()[0].amount_cents == amount


@pytest.mark.parametrize(
    "statement",
    ["UPDATE charges SET amount_cents = 1", "DELETE FROM charges", "UPDATE OR REPLACE charges SET id = 'x'"],
)
def test_the_database_itself_refuses_to_change_or_delete_a_charge(ledger, path, statement):
    ledger.write(CHARGE)
    with (
        closing(sqlite3.connect(path)) as anybody,
        pytest.raises(sqlite3.IntegrityError, match="append-only"),
    ):
        anybody.execute(statement)
    assert ledger.charges() == [CHARGE]


@pytest.mark.parametrize(
    "statement", [f"INSERT OR REPLACE {COPY}", f"REPLACE {COPY}", f"INSERT OR IGNORE {COPY}"]
)
def test_the_database_itself_ignores_who_would_replace_a_charge(ledger, path, statement):
    ledger.write(CHARGE)
    with closing(sqlite3.connect(path, isolation_level=None)) as anybody:
        anybody.execute(statement)
    assert ledger.charges() == [CHARGE]


@pytest.mark.parametrize("amount", [-1, 39.99, "a lot"])
def test_the_database_itself_refuses_an_amount_that_is_not_whole_cents(ledger, path, amount):
    insert = f"INSERT INTO charges VALUES ({', '.join('?' * 8)})"
    with (
        closing(sqlite3.connect(path)) as anybody,
        pytest.raises(sqlite3.IntegrityError, match="amount_cents"),
    ):
        anybody.execute(insert, ("/x", "x", "A-1", "customer", "purchase_plan", "Fiber 300", amount, 0.0))
    assert ledger.charges() == []


def test_charges_outlive_the_ledger_that_wrote_them(path):
    with Ledger(path) as ledger:
        ledger.write(CHARGE)
    with Ledger(path) as ledger:
        assert ledger.charges() == [CHARGE]


def test_closing_twice_is_fine(ledger):
    ledger.close()
    ledger.close()
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        ledger.charges()
