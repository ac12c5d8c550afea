"""What the reader says about an organization: the inputs of the model, each with its meaning.

They and the measured coefficients are all that the costs are made of.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

MOST_ACTORS = 100  # the break-even is looked for among so many kinds of actors


class OrganizationError(ValueError):
    """An input that no organization can have."""


class Input(NamedTuple):
    """A number to enter: its name in Organization, its meaning, and its slider's end, steps and beginning."""

    name: str
    label: str
    most: float
    step: float
    least: float = 0

    @property
    def is_money(self) -> bool:
        """Whether it is entered in cents."""
        return self.name.endswith("_cents")

    @property
    def is_whole(self) -> bool:
        """Whether it is counted in whole numbers, as cents are."""
        return self.name not in ("changes_a_month", "slow_hours", "down_hours")


INPUTS = (
    Input("actors_now", "kinds of actors now", 12, 1, 1),
    Input("actors_later", "kinds of actors at the end of the horizon", 12, 1, 1),
    Input("changes_a_month", "changes of each actor's rule a month", 20, 0.5),
    Input("test_run_cents", "one run of one actor's tests, people and machines", 500_00, 5_00),
    Input("bills_before_noticed", "bills of each actor until a wrong one is noticed", 2_000, 10),
    Input("wrong_bill_cents", "putting one wrong bill right", 50_00, 1_00),
    Input("slow_hours", "hours a month in which billing is slow", 20, 0.5),
    Input("down_hours", "hours a month in which billing is down", 20, 0.5),
    Input("hour_cents", "an hour in which every sale waits or fails", 5_000_00, 50_00),
    Input("part_month_cents", "a month of an app, a service or a database", 1_000_00, 10_00),
    Input("broker_month_cents", "a month of the broker", 10_000_00, 100_00),
    Input("learning_cents", "learning to work with events, once", 100_000_00, 1_000_00),
    Input("horizon_months", "horizon: months over which the learning pays", 60, 1, 1),
)


@dataclass(frozen=True, kw_only=True)
class Organization:
    """The reader's organization; see INPUTS for what each number means. Raises OrganizationError."""

    name: str
    actors_now: int
    actors_later: int
    changes_a_month: float
    test_run_cents: int
    bills_before_noticed: int
    wrong_bill_cents: int
    slow_hours: float
    down_hours: float
    hour_cents: int
    part_month_cents: int
    broker_month_cents: int
    learning_cents: int
    horizon_months: int = 24
    bill_in_answer: bool = False  # the app must have the bill in its answer
    rules_have_owners: bool = True  # each actor's rule is looked after by people of its own

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name.strip():
            raise OrganizationError(f"an organization cannot be called {self.name!r}; give it a name")
        for entry in INPUTS:
            _check(entry, getattr(self, entry.name))
        for name in ("bill_in_answer", "rules_have_owners"):
            if not isinstance(getattr(self, name), bool):
                raise OrganizationError(f"{name} cannot be {getattr(self, name)!r}; give True or False")


def kinds(actors: int) -> str:
    """So many kinds of actors, as a sentence says it."""
    return "1 kind of actor" if actors == 1 else f"{actors} kinds of actors"


def _check(entry: Input, value: object) -> None:
    number = isinstance(value, int if entry.is_whole else (int, float)) and not isinstance(value, bool)
    least, most = int(entry.least), MOST_ACTORS if entry.name.startswith("actors") else math.inf
    if not number or not least <= value <= most or value == math.inf:
        limit = f"from {least} to {most}" if most < math.inf else f"of {least} or more"
        kind = "a whole number" if entry.is_whole else "a number"
        raise OrganizationError(f"{entry.name} cannot be {value!r}; give {kind} {limit} ({entry.label})")
