"""python -m classroom.change.rebill DESIGN: bill the shipped day by this copy's code, printed as JSON.

It runs inside a copy of the package, in a process of its own. The rules are what is measured, so the day goes
straight to them: no HTTP, and events are encoded and decoded, but not sent.
"""

import json
import sys
import tempfile
from collections import Counter
from importlib import import_module
from pathlib import Path

from classroom.world import company as days
from fiberlab.domain import Action, Company
from fiberlab.ledger import Charge, Ledger


def coupled(day: tuple[Action, ...], company: Company, database: Path) -> list[Charge]:
    """What the shared module charges."""
    from fiberlab.coupled import accounts, billing

    known = accounts.Accounts(database)
    with Ledger(database) as ledger:
        for action in day:
            billing.bill(action, company.plans, known, ledger)
        known.close()
        return ledger.charges()


def monolith(day: tuple[Action, ...], company: Company, database: Path) -> list[Charge]:
    """What the modular monolith charges."""
    from fiberlab.monolith import billing

    with Ledger(database) as ledger:
        for action in day:
            billing.bill(action, company.plans, ledger)
        return ledger.charges()


def eventdriven(day: tuple[Action, ...], company: Company, database: Path) -> list[Charge]:
    """What the billing services charge, each in a ledger of its own."""
    from fiberlab.eventdriven import events

    messages = [events.encode(events.happened(action, company.plans)) for action in day]
    charges = []
    for file in sorted(Path(events.__file__).parent.glob("*_billing.py")):
        service = import_module(f"fiberlab.eventdriven.{file.stem}")
        with Ledger(database.with_name(f"{file.stem}.sqlite")) as ledger:
            for message in messages:
                service.handle(events.decode(message.headers.items(), message.key, message.value), ledger)
            charges += ledger.charges()
    return charges


def main(folder: str) -> None:
    """Print {action id: cents}; an action that two services charge costs both."""
    with tempfile.TemporaryDirectory() as place:
        bill = {"coupled": coupled, "monolith": monolith, "eventdriven": eventdriven}[folder]
        charges = bill(days.shipped_day(), days.company(), Path(place, "ledger.sqlite"))
        billed = Counter[str]()
        for charge in charges:
            billed[charge.id] += charge.amount_cents
        print(json.dumps(billed))


if __name__ == "__main__":
    main(sys.argv[1])
