"""What the apps and tablets will do: a fixed day, or one generated day after another without end."""

import random
import threading
from collections.abc import Sequence
from dataclasses import replace

from fiberlab.domain import Action, Actor, Company
from fiberlab.lab.days import OPENS, generated_day

CHUNK = 600  # actions of each generated day


class Script:
    """The next action, again and again. `sent` holds what was handed out since the last reset, by id.

    A fixed day ends; a second round has ids of its own, or nothing of it would be billed.
    """

    def __init__(self, company: Company, day: Sequence[Action] | None, seed: int = 1) -> None:
        self.company, self.day = company, day
        self.installer_percent = 20
        self.sent: dict[str, Action] = {}
        self.round = 1
        self._seed, self._position, self._by_hand = seed, 0, 0
        self._chunk: Sequence[Action] = day or ()
        self._lock = threading.Lock()

    @property
    def exhausted(self) -> bool:
        """Whether a fixed day has no further action."""
        return self.day is not None and self._position >= len(self.day)

    def next(self) -> Action | None:
        """The next action, or None at the end of a fixed day."""
        with self._lock:
            if self.day is None and self._position >= len(self._chunk):
                self._seed, self._position = self._seed + 1, 0
                self._generate()
            if self.exhausted:
                return None
            self._position += 1
            return self._hand_out(self._chunk[self._position - 1])

    def by_hand(self, kind: str) -> Action:
        """A purchase by this kind of actor, for a household chosen by its number, with an id of its own."""
        with self._lock:
            self._by_hand += 1
            rng = random.Random(self._by_hand)
            account = rng.choice(list(self.company.accounts.values()))
            who = rng.choice(self.company.installers) if kind == "installer" else account.customer_id
            plan = rng.choice(list(self.company.plans))
            at = self._chunk[max(0, self._position - 1)].at if self._chunk else OPENS
            id = f"by-hand-{self._by_hand}"
            return self._hand_out(Action(id, "purchase_plan", account.account_id, Actor(kind, who), plan, at))

    def share(self, percent: float) -> None:
        """From now on so many percent of the visits are installers'; a fixed day stays as it is."""
        with self._lock:
            self.installer_percent = percent
            if self.day is None and self._chunk:
                self._generate()  # the same seed: what is done stays, only who does it changes

    def reset(self) -> None:
        """Begin again: nothing is sent yet, and ids do not repeat."""
        with self._lock:
            self.round += 1
            self.sent = {}
            self._position = 0

    def _generate(self) -> None:
        self._chunk = generated_day(self.company, self._seed, CHUNK, self.installer_percent)

    def _hand_out(self, action: Action) -> Action:
        if self.round > 1:
            action = replace(action, id=f"{action.id}.{self.round}")
        self.sent[action.id] = action
        return action
