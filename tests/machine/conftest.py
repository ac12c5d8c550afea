"""Copies of the package to change, and the event-driven design with a dependency planted in it."""

from pathlib import Path

import pytest

from classroom.change.edits import Change, Edit, copy_of_package

CUSTOMER = "eventdriven/customer_billing.py"
READS_THE_INSTALLERS_DISCOUNT = Change(
    (
        Edit(
            CUSTOMER,
            "from fiberlab.eventdriven.events",
            "from fiberlab.domain import discounted_cents as less\n"
            "from fiberlab.eventdriven import installer_billing\n"
            "from fiberlab.eventdriven.events",
        ),
        Edit(
            CUSTOMER,
            "        ledger.write(",
            '        if event.plan.name == "Fiber 5 Gig":\n'
            "            percent = installer_billing.DISCOUNT_PERCENT\n"
            "            return ledger.write(charge(event, less(event.plan.list_price_cents, percent)))\n"
            "        ledger.write(",
        ),
    )
)


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A copy of the package."""
    return copy_of_package(tmp_path)


@pytest.fixture
def planted(package: Path) -> Path:
    """A copy in which customers buy the largest plan at the installers' price: one service uses another."""
    READS_THE_INSTALLERS_DISCOUNT.apply(package)
    return package
