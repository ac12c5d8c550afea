"""The test suite that is there before marketing comes: each actor's billing, and the app that is called."""

from collections.abc import Sequence
from pathlib import Path

from fiberlab.lab.coupling.features import EVENTS, SHARED
from fiberlab.lab.coupling.impact import run_written_suite
from fiberlab.lab.coupling.suites import write_suite

_APP = {
    SHARED: """
from fiberlab.coupled import backend
from fiberlab.coupled.accounts import Accounts
from fiberlab.ledger import Ledger


def answer(folder, action):
    accounts = Accounts(folder / "app.sqlite")
    with Ledger(folder / "app.sqlite") as ledger:
        try:
            return backend.create(days.company(), accounts, ledger).routes[-1].endpoint(action)
        finally:
            accounts.close()
""",
    EVENTS: """
from unittest.mock import Mock

from fiberlab.eventdriven import gateway


def answer(folder, action):
    return gateway.create(days.company(), Mock(), "topic").routes[-1].endpoint(action)
""",
}
_TESTS = """
import pytest

from fiberlab.api import ActionRequest, body
from fiberlab.domain import UnknownNameError
from fiberlab.lab import days
{app}

def request(name, **changes):
    first = next(action for action in days.shipped_day() if action.name == name)
    return ActionRequest(**(body(first) | changes))


def test_browsing_is_answered(tmp_path):
    assert answer(tmp_path, request("browse_plan")).action_id


def test_a_purchase_is_answered(tmp_path):
    assert answer(tmp_path, request("purchase_plan")).action_id


def test_a_change_is_answered(tmp_path):
    assert answer(tmp_path, request("change_plan")).action_id


def test_a_cancellation_is_answered(tmp_path):
    assert answer(tmp_path, request("cancel_plan")).action_id


def test_an_unknown_plan_is_refused(tmp_path):
    with pytest.raises(UnknownNameError):
        answer(tmp_path, request("browse_plan", plan="Fiber 9000"))
"""


def run(design: str, actors: Sequence[str], package: Path) -> None:
    """Return once the suite of this design has run in this copy; raises CopyFailedError if a test fails."""
    suite = write_suite(design, actors, package.parent)
    tests = _TESTS.replace("{app}", _APP[design])
    (suite / "test_app.py").write_text(tests.lstrip(), encoding="utf-8", newline="\n")
    run_written_suite(package)
