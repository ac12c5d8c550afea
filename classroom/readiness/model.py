"""What each design costs a month, for any number of kinds of actors: inputs times measured coefficients.

The inputs are what a reader says about an organization; they and the coefficients are all that the costs are
made of. Three organizations to compare with are made up: one is ready, one not yet, one not. What moves the
decision most is found by halving and doubling each input.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from itertools import pairwise
from typing import NamedTuple

import pandas as pd

from classroom.readiness import measurements as made
from classroom.readiness.measurements import Measurements
from classroom.world.designs import DESIGNS, EVENTS, SHARED

MOST_ACTORS = 100  # the break-even is looked for among so many kinds of actors
FURTHER = 2  # the curves go on for so many kinds of actors
FAR = 20  # a break-even beyond so many is not on the curves


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


@dataclass(frozen=True)
class Costs:
    """A month of a design in cents, by what is paid for."""

    testing_cents: int
    wrong_bills_cents: int
    waiting_cents: int
    running_cents: int
    learning_cents: int

    @property
    def total_cents(self) -> int:
        """All of it."""
        return sum(getattr(self, part.name) for part in fields(self))


def monthly_costs(design: str, actors: int, of: Organization, measured: Measurements) -> Costs:
    """What the design costs this organization a month with so many kinds of actors."""
    changes, others = of.changes_a_month * actors, actors - 1
    moved = measured[f"{design}/{made.OTHERS_BILLS}"]
    waits, fails = measured[f"{design}/{made.WAIT}"], measured[f"{design}/{made.FAIL}"]
    broker_cents, learning_cents = (
        (of.broker_month_cents, of.learning_cents / of.horizon_months) if design == EVENTS else (0, 0)
    )
    return Costs(
        testing_cents=round(changes * runs_per_change(design, actors, measured) * of.test_run_cents),
        wrong_bills_cents=round(changes * others * moved * of.bills_before_noticed * of.wrong_bill_cents),
        waiting_cents=round((waits * of.slow_hours + fails * of.down_hours) * of.hour_cents),
        running_cents=round(parts(design, actors, measured) * of.part_month_cents + broker_cents),
        learning_cents=round(learning_cents),
    )


def runs_per_change(design: str, actors: int, measured: Measurements) -> float:
    """How many runs of one actor's tests, as they are with one actor today, one change costs.

    Counted for 1 to 6 kinds of actors; beyond, the straight line through the first and the last count.
    """
    return _tests(design, actors, measured) / measured[made.tests_name(SHARED, 1)]


def is_straight(design: str, measured: Measurements) -> bool:
    """Whether the counted tests lie on a straight line, so that going on along it is fair."""
    counts = [measured[made.tests_name(design, n)] for n in range(1, made.MOST_ACTORS + 1)]
    return len({round(b - a, 6) for a, b in pairwise(counts)}) == 1


def parts(design: str, actors: int, measured: Measurements) -> float:
    """The moving parts beside the broker: those with 2 actors, and what each further one adds."""
    return measured[f"{design}/{made.PARTS}"] + (actors - 2) * measured[f"{design}/{made.PARTS_MORE}"]


def saving_cents(actors: int, of: Organization, measured: Measurements) -> int:
    """What events cost less a month than the cheaper request-reply design; negative: more."""
    totals = totals_cents(actors, of, measured)
    events = totals.pop(EVENTS)
    return min(totals.values()) - events


def totals_cents(actors: int, of: Organization, measured: Measurements) -> dict[str, int]:
    """The monthly cost of each design."""
    return {design: monthly_costs(design, actors, of, measured).total_cents for design in DESIGNS}


def cost_table(actors: int, of: Organization, measured: Measurements) -> pd.DataFrame:
    """A row per design: each part of its monthly costs and the total, in cents."""
    costs = {design: monthly_costs(design, actors, of, measured) for design in DESIGNS}
    rows = [{**vars(cost), "total_cents": cost.total_cents} for cost in costs.values()]
    return pd.DataFrame(rows, index=pd.Index(costs, name=f"with {kinds(actors)}"))


def break_even(of: Organization, measured: Measurements) -> int | None:
    """The least number of kinds of actors, at least 2, from which on events never cost more.

    Compared with the cheaper request-reply design, up to MOST_ACTORS; None if there is no such number. It
    does not depend on how many kinds of actors there are now.
    """
    found = None
    for actors in range(MOST_ACTORS, 1, -1):
        if saving_cents(actors, of, measured) < 0:
            break
        found = actors
    return found


class Curves(NamedTuple):
    """What each design costs a month for 1, 2, … kinds of actors, and where on these curves who stands."""

    name: str  # the organization's
    cents: pd.DataFrame  # a row per number of kinds of actors, a column per design
    moments: dict[str, int]  # "now", "in 24 months": how many kinds of actors there are then
    break_even: int | None


def curves(of: Organization, measured: Measurements) -> Curves:
    """The costs a bit further than the organization goes, and than its break-even if that is near."""
    found = break_even(of, measured)
    last = max(of.actors_now, of.actors_later, min(found or 0, FAR)) + FURTHER
    cents = pd.DataFrame({n: totals_cents(n, of, measured) for n in range(1, last + 1)}).T
    moments = {"now": of.actors_now, f"in {of.horizon_months} months": of.actors_later}
    return Curves(of.name, cents, moments, found)


def _tests(design: str, actors: int, measured: Measurements) -> float:
    most = made.MOST_ACTORS
    if actors <= most:
        return measured[made.tests_name(design, actors)]
    first, last = (measured[made.tests_name(design, n)] for n in (1, most))
    return last + (actors - most) * (last - first) / (most - 1)


HERD_FIBER = Organization(
    name="Herd Fiber",  # customers and installers; resellers, landlords and support agents are planned
    actors_now=2,
    actors_later=5,
    changes_a_month=3,
    test_run_cents=60_00,
    bills_before_noticed=100,
    wrong_bill_cents=8_00,
    slow_hours=3,
    down_hours=1,
    hour_cents=300_00,
    part_month_cents=80_00,
    broker_month_cents=900_00,
    learning_cents=24_000_00,
)
HARBOR_PARCELS = Organization(
    name="Harbor Parcels",  # senders, merchants, couriers, depots, customs, recipients, claims
    actors_now=7,
    actors_later=9,
    changes_a_month=4,
    test_run_cents=90_00,
    bills_before_noticed=200,
    wrong_bill_cents=6_00,
    slow_hours=4,
    down_hours=2,
    hour_cents=300_00,
    part_month_cents=100_00,
    broker_month_cents=2_500_00,
    learning_cents=60_000_00,
)
WILLOW_DENTAL = Organization(
    name="Willow Dental",  # patients book in an app; the front desk may get one of its own
    actors_now=1,
    actors_later=2,
    changes_a_month=1,
    test_run_cents=30_00,
    bills_before_noticed=20,
    wrong_bill_cents=10_00,
    slow_hours=1,
    down_hours=0.5,
    hour_cents=60_00,
    part_month_cents=40_00,
    broker_month_cents=500_00,
    learning_cents=12_000_00,
)
EXAMPLES = (HARBOR_PARCELS, HERD_FIBER, WILLOW_DENTAL)


FACTORS = {"half": 0.5, "twice": 2}


def halved_and_doubled(of: Organization) -> Iterator[tuple[str, Input, Organization]]:
    """Each input but the numbers of actors, halved and then doubled: how, which, and the organization so.

    Whole numbers stay whole, and a horizon has at least one month.
    """
    for entry in INPUTS:
        if not entry.name.startswith("actors"):
            for how, factor in FACTORS.items():
                yield how, entry, replace(of, **{entry.name: _times(of, entry, factor)})


class Moves(NamedTuple):
    """What moves the monthly saving by events, with the kinds of actors at the end of the horizon.

    `table` has a row per input that moves anything, what moves the most money first. Columns: input; for half
    and twice of it half_cents and twice_cents, the saving then; half_break_even and twice_break_even
    (missing: never).
    """

    name: str  # the organization's
    actors: int
    saving_cents: int  # as it is
    table: pd.DataFrame


def what_moves_it(of: Organization, measured: Measurements) -> Moves:
    """What halving and doubling each input does to the saving and to the break-even."""
    rows: dict[str, dict[str, object]] = {}
    for how, entry, other in halved_and_doubled(of):
        row = rows.setdefault(entry.label, {"input": entry.label})
        row[f"{how}_cents"] = saving_cents(of.actors_later, other, measured)
        row[f"{how}_break_even"] = break_even(other, measured)
    table = pd.DataFrame(rows.values()).astype({f"{how}_break_even": "Int64" for how in FACTORS})
    table = table.assign(moved=(table.twice_cents - table.half_cents).abs()).query("moved > 0")
    table = table.sort_values("moved", ascending=False, kind="stable", ignore_index=True)
    saved = saving_cents(of.actors_later, of, measured)
    return Moves(of.name, of.actors_later, saved, table.drop(columns="moved"))


def _times(of: Organization, entry: Input, factor: float) -> float:
    scaled = getattr(of, entry.name) * factor
    return max(int(entry.least), round(scaled)) if entry.is_whole else scaled
