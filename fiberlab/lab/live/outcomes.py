"""What each actor was billed so far, in each design, beside the oracle."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from fiberlab.domain import ACTORS, Action, Company, dollars, expected_cents
from fiberlab.lab.designs import Design
from fiberlab.lab.live.script import Script
from fiberlab.ledger import Charge


@dataclass
class Outcome:
    """An actor's bills in one design, in cents. A sale without a charge is neither right nor wrong yet."""

    design: str
    actor: str
    billed_cents: int = 0
    due_cents: int = 0
    wrong_cents: int = 0  # of the charges there are: billed less due
    right: int = 0
    wrong: int = 0
    not_billed: int = 0

    @property
    def said(self) -> str:
        """The outcome in words, without design and actor."""
        bills = self.right + self.wrong
        told = f"billed {dollars(self.billed_cents)} of {dollars(self.due_cents)}, "
        told += f"{self.wrong:,} of {bills:,} wrong" if self.wrong else f"all {bills:,} right"
        return told + (f", {self.not_billed:,} not billed yet" if self.not_billed else "")


class Books:
    """What the designs' ledgers hold, and what it amounts to, as it was at the last look."""

    def __init__(self, designs: Mapping[str, Design], script: Script) -> None:
        self.charges: dict[str, list[Charge]] = {}
        self.outcomes: list[Outcome] = []
        self.sent_by: dict[str, int] = {}  # actions handed out, by kind of actor
        self._designs, self._script, self._looked_s = designs, script, 0.0

    def look(self, every_s: float = 0) -> None:
        """Look again, unless the last look is less than so many seconds ago."""
        if time.monotonic() - self._looked_s < every_s:
            return
        self._looked_s = time.monotonic()
        self.charges = {name: design.charges() for name, design in self._designs.items()}
        self.outcomes = outcomes(self._script.sent, self.charges, self._script.company)
        self.sent_by = dict.fromkeys(ACTORS, 0)
        for action in list(self._script.sent.values()):
            self.sent_by[action.actor.kind] = self.sent_by.get(action.actor.kind, 0) + 1


def outcomes(
    sent: Mapping[str, Action], charges: Mapping[str, Iterable[Charge]], company: Company
) -> list[Outcome]:
    """An Outcome per design and actor, in the order of the designs; charges of other actions do not count."""
    due = {id: expected_cents(action, company.plans) for id, action in list(sent.items())}
    due = {id: cents for id, cents in due.items() if cents}
    actors = [*ACTORS, *sorted({sent[id].actor.kind for id in due} - set(ACTORS))]
    found = {(design, actor): Outcome(design, actor) for design in charges for actor in actors}
    for design, written in charges.items():
        billed = {charge.id: charge.amount_cents for charge in written if charge.id in sent}
        for id, due_cents in due.items():
            _count(found[design, sent[id].actor.kind], billed.get(id), due_cents)
    return list(found.values())


def _count(outcome: Outcome, billed_cents: int | None, due_cents: int) -> None:
    outcome.due_cents += due_cents
    if billed_cents is None:
        outcome.not_billed += 1
        return
    outcome.billed_cents += billed_cents
    outcome.wrong_cents += billed_cents - due_cents
    outcome.right += billed_cents == due_cents
    outcome.wrong += billed_cents != due_cents
