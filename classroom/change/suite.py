"""The test suites whose tests are counted: the same five tests for each actor's rule, in every design.

They are written into a copy of the package and run there. A service has one test more: it must ignore what
others do.
"""

from collections.abc import Sequence
from pathlib import Path

from classroom.change.edits import DISCOUNTS
from classroom.world.designs import EVENTS, MODULAR, SHARED

LIST_PRICE_CENTS = 3999

_COMMON = f"""
from datetime import UTC, datetime
from importlib import import_module

from fiberlab.domain import Action, Actor, Plan
from fiberlab.ledger import Ledger

PLANS = {{"Fiber 300": Plan("Fiber 300", {LIST_PRICE_CENTS})}}


def action(kind, name):
    return Action("a-1", name, "A-0001", Actor(kind, "X-1"), "Fiber 300", datetime(2026, 3, 2, tzinfo=UTC))


def billed(folder, kind, name, times=1, by=None):
    \"\"\"What the billing of `kind` charges for the action, sent so often; `by` another actor if given.\"\"\"
    with Ledger(folder / "ledger.sqlite") as ledger:
        for _ in range(times):
            bill(kind, action(by or kind, name), ledger, folder)
        return [charge.amount_cents for charge in ledger.charges()]
"""

_BILL = {
    SHARED: """
from fiberlab.coupled import accounts, billing

def bill(kind, action, ledger, folder):
    known = accounts.Accounts(folder / "ledger.sqlite")
    billing.bill(action, PLANS, known, ledger)
    known.close()
""",
    MODULAR: """
from fiberlab.monolith import billing

def bill(kind, action, ledger, folder):
    billing.bill(action, PLANS, ledger)
""",
    EVENTS: """
from fiberlab.eventdriven.events import happened

def bill(kind, action, ledger, folder):
    import_module(f"fiberlab.eventdriven.{kind}_billing").handle(happened(action, PLANS), ledger)
""",
}

_TESTS = """
from suite import billed


def test_a_purchase_by_a_{kind}_costs_the_price(tmp_path):
    assert billed(tmp_path, "{kind}", "purchase_plan") == [{price_cents}]


def test_a_change_by_a_{kind}_costs_the_price(tmp_path):
    assert billed(tmp_path, "{kind}", "change_plan") == [{price_cents}]


def test_browsing_by_a_{kind}_costs_nothing(tmp_path):
    assert billed(tmp_path, "{kind}", "browse_plan") == []


def test_cancelling_by_a_{kind}_costs_nothing(tmp_path):
    assert billed(tmp_path, "{kind}", "cancel_plan") == []


def test_a_sale_by_a_{kind}_that_is_sent_twice_is_charged_once(tmp_path):
    assert billed(tmp_path, "{kind}", "purchase_plan", times=2) == [{price_cents}]
"""

_IGNORES = """

def test_{kind}_billing_ignores_what_others_do(tmp_path):
    assert billed(tmp_path, "{kind}", "purchase_plan", by="somebody else") == []
"""


def write_suite(design: str, actors: Sequence[str], folder: Path) -> Path:
    """The folder of the suite, written beside the copy of the package in `folder`."""
    suite = folder / "suite"
    suite.mkdir()
    _write(suite / "suite.py", _COMMON + _BILL[design])
    for kind in actors:
        price_cents = LIST_PRICE_CENTS * (100 - DISCOUNTS[kind]) // 100
        tests = _TESTS + (_IGNORES if design == EVENTS else "")
        _write(suite / f"test_{kind}.py", tests.format(kind=kind, price_cents=price_cents))
    return suite


def _write(file: Path, text: str) -> None:
    file.write_text(text.lstrip(), encoding="utf-8", newline="\n")
