"""Where every coefficient of the model comes from: its value per design, the experiment, and whose run."""

from collections.abc import Sequence

import pandas as pd

from fiberlab.lab import coefficients as made
from fiberlab.lab.coupling.features import DESIGNS
from fiberlab.lab.measurements import Measurement, Measurements

COUNTED = f"{made.TESTS}, 1 to {made.MOST_ACTORS} actors"
USED = (made.OTHERS_BILLS, made.WAIT, made.FAIL, made.PARTS, made.PARTS_MORE, made.BILL)


def sources(measured: Measurements) -> pd.DataFrame:
    """A row per coefficient that the model uses: its value in each design, unit, chapters, whose run, how."""
    names = {COUNTED: [coefficient for coefficient in made.SOURCES if coefficient.startswith(made.TESTS)]}
    names |= {coefficient: [coefficient] for coefficient in USED}
    rows = {name: _row(coefficients, measured) for name, coefficients in names.items()}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("measured")


def _row(coefficients: Sequence[str], measured: Measurements) -> dict[str, str]:
    found = {design: [measured.of(f"{design}/{name}") for name in coefficients] for design in DESIGNS}
    every = [measurement for row in found.values() for measurement in row]
    return {
        **{design: ", ".join(f"{m.value:g}" for m in row) for design, row in found.items()},
        "unit": every[0].unit,
        "chapters": _each(every, "chapter"),
        "whose run": "yours" if all(m.own for m in every) else "partly yours" if any(m.own for m in every)
        else "shipped",
        "how": every[0].how,
    }  # fmt: skip


def _each(measurements: Sequence[Measurement], field: str) -> str:
    return ", ".join(dict.fromkeys(getattr(m, field) for m in measurements))
