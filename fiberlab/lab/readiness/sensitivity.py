"""What moves the decision most: each input halved and doubled, all others as they were."""

from collections.abc import Iterator
from dataclasses import replace

import pandas as pd

from fiberlab.lab.measurements import Measurements
from fiberlab.lab.readiness.costs import break_even, saving_cents
from fiberlab.lab.readiness.organization import INPUTS, Input, Organization

FACTORS = {"half": 0.5, "twice": 2}


def halved_and_doubled(of: Organization) -> Iterator[tuple[str, Input, Organization]]:
    """Each input but the numbers of actors, halved and then doubled: how, which, and the organization so.

    Whole numbers stay whole, and a horizon has at least one month.
    """
    for entry in INPUTS:
        if not entry.name.startswith("actors"):
            for how, factor in FACTORS.items():
                yield how, entry, replace(of, **{entry.name: _times(of, entry, factor)})


def what_moves_it(of: Organization, measured: Measurements) -> pd.DataFrame:
    """A row per input that moves anything, what moves the most money first.

    Columns: input; for half and twice of it half_cents and twice_cents, the monthly saving by events with the
    actors of the end of the horizon; half_break_even and twice_break_even (missing: never).
    """
    rows: dict[str, dict[str, object]] = {}
    for how, entry, other in halved_and_doubled(of):
        row = rows.setdefault(entry.label, {"input": entry.label})
        row[f"{how}_cents"] = saving_cents(of.actors_later, other, measured)
        row[f"{how}_break_even"] = break_even(other, measured)
    table = pd.DataFrame(rows.values()).astype({f"{how}_break_even": "Int64" for how in FACTORS})
    table = table.assign(moved=(table.twice_cents - table.half_cents).abs()).query("moved > 0")
    return table.sort_values("moved", ascending=False, kind="stable", ignore_index=True).drop(columns="moved")


def _times(of: Organization, entry: Input, factor: float) -> float:
    scaled = getattr(of, entry.name) * factor
    return max(int(entry.least), round(scaled)) if entry.is_whole else scaled
