"""What becomes of a record whose handler raises: it is set aside only where no retry can help."""

from types import SimpleNamespace

import pytest

from classroom.world.company import OPENS
from fiberlab.database import DatabaseDownError
from fiberlab.domain import Action, Actor, AmountError, Company, UnknownNameError
from fiberlab.eventdriven.events import Event, UnreadableEventError, encode, happened
from fiberlab.eventdriven.service import HandlerError, attempt
from fiberlab.ledger import ConflictingChargeError

pytestmark = pytest.mark.embedded

SALE = Action("a-1", "purchase_plan", "A-0001", Actor("customer", "C-0001"), "Fiber 300", OPENS)
NO_RETRY_HELPS = UnreadableEventError, ConflictingChargeError
A_CURE_HELPS = (
    DatabaseDownError,
    AmountError,
    UnknownNameError,
    KeyError,
    ValueError,
    TypeError,
    ZeroDivisionError,
    TimeoutError,
    RuntimeError,
)


@pytest.fixture
def record(company: Company) -> SimpleNamespace:
    written = encode(happened(SALE, company.plans))
    said = {"headers": written.headers.items(), "key": written.key, "value": written.value}
    return SimpleNamespace(partition=3, offset=7, **said)


def raising(error: type[Exception]):
    def handle(event: Event) -> None:
        raise error("the tax rate")

    return handle


@pytest.mark.parametrize("error", A_CURE_HELPS)
def test_an_error_of_the_handler_stops_the_service_whatever_it_is(record, error):
    with pytest.raises(HandlerError, match=r"billing stopped at partition 3, offset 7: .*the tax rate"):
        attempt("billing", raising(error), record)


@pytest.mark.parametrize("error", NO_RETRY_HELPS)
def test_what_no_retry_can_help_is_a_reason_to_set_the_record_aside(record, error):
    assert attempt("billing", raising(error), record) == "the tax rate"
