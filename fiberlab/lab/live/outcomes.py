"""What each actor was billed so far, in each design, beside the oracle."""

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from fiberlab.domain import ACTORS, Action, dollars, expected_cents
from fiberlab.lab.designs import Design
from fiberlab.lab.live.script import Script
from fiberlab.lab.live.slow import SlowLedger
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

    def owe(self, due_cents: int) -> None:
        """A sale was made that has no charge yet."""
        self.due_cents += due_cents
        self.not_billed += 1

    def bill(self, billed_cents: int, due_cents: int) -> None:
        """A sale that was owed got its charge."""
        self.not_billed -= 1
        self.billed_cents += billed_cents
        self.wrong_cents += billed_cents - due_cents
        self.right += billed_cents == due_cents
        self.wrong += billed_cents != due_cents


class Books:
    """What the designs' ledgers hold, and what it amounts to. A look reads only what is new."""

    def __init__(self, designs: Mapping[str, Design], script: Script) -> None:
        self.charges: dict[str, list[Charge]] = {name: [] for name in designs}
        self._ledgers = [
            (name, ledger) for name, design in designs.items() for ledger in design.ledgers.values()
        ]
        self._read = Counter[SlowLedger]()  # charges of each ledger that are in `charges`
        self._script, self._looked_s = script, 0.0
        self._begin()

    @property
    def outcomes(self) -> list[Outcome]:
        """An Outcome per design and actor, in this order; charges of actions not sent do not count."""
        return [self._outcome(name, actor) for name in self.charges for actor in self.sent_by]

    def charge(self, design: str, id: str) -> Charge | None:
        """What the action was charged in this design, None if it was not yet."""
        return self._billed.get((design, id))

    def look(self, every_s: float = 0) -> None:
        """Look again, unless the last look is less than so many seconds ago."""
        if time.monotonic() - self._looked_s < every_s:
            return
        self._looked_s = time.monotonic()
        new = self._new_charges()  # first: whatever is charged now, the script has handed out
        if self._script.sent is not self._sent:
            self._begin()
        for action in list(self._sent.values())[sum(self.sent_by.values()) :]:
            self._count(action)
        for name, charge in new:
            self._bill(name, charge)

    def _begin(self) -> None:
        """Nothing was sent yet in this round of the script."""
        self._sent = self._script.sent
        self.sent_by = dict.fromkeys(ACTORS, 0)  # actions handed out, by kind of actor
        self._due_cents: dict[str, int] = {}
        self._billed: dict[tuple[str, str], Charge] = {}
        self._found: dict[tuple[str, str], Outcome] = {}

    def _new_charges(self) -> list[tuple[str, Charge]]:
        found = []
        for name, ledger in self._ledgers:
            charges = ledger.charges(after=self._read[ledger])
            self._read[ledger] += len(charges)
            self.charges[name] += charges
            found += [(name, charge) for charge in charges]
        return found

    def _count(self, action: Action) -> None:
        kind, due_cents = action.actor.kind, expected_cents(action, self._script.company.plans)
        self.sent_by[kind] = self.sent_by.get(kind, 0) + 1
        if due_cents:
            self._due_cents[action.id] = due_cents
            for design in self.charges:
                self._outcome(design, kind).owe(due_cents)

    def _bill(self, design: str, charge: Charge) -> None:
        if charge.id in self._due_cents and (design, charge.id) not in self._billed:
            self._billed[design, charge.id] = charge
            kind = self._sent[charge.id].actor.kind
            self._outcome(design, kind).bill(charge.amount_cents, self._due_cents[charge.id])

    def _outcome(self, design: str, actor: str) -> Outcome:
        return self._found.setdefault((design, actor), Outcome(design, actor))
