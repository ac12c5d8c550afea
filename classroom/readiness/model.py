"""What each design costs a month, for any number of kinds of actors: inputs times measured coefficients."""

from dataclasses import dataclass, fields
from itertools import pairwise

import pandas as pd

from fiberlab.lab import coefficients as made
from fiberlab.lab.coupling.features import DESIGNS, EVENTS, SHARED
from fiberlab.lab.measurements import Measurements
from fiberlab.lab.readiness.organization import MOST_ACTORS, Organization, kinds


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


def _tests(design: str, actors: int, measured: Measurements) -> float:
    most = made.MOST_ACTORS
    if actors <= most:
        return measured[made.tests_name(design, actors)]
    first, last = (measured[made.tests_name(design, n)] for n in (1, most))
    return last + (actors - most) * (last - first) / (most - 1)
