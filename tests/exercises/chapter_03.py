"""Chapter 03: the availability of a chain."""

import math

from fiberlab.lab.cost_exercises import check_minutes_down
from tests.exercises.proof import Proof


def part_by_part(percents: list[float]) -> float:
    up_minutes = 43200.0
    for percent in percents:
        up_minutes *= percent / 100
    return 43200 - up_minutes


def by_logarithms(percents: list[float]) -> float:
    return 43200 * -math.expm1(sum(math.log(percent / 100) for percent in percents))


PROOFS = {
    "exercise-03-chain": Proof(
        check_minutes_down,
        right=(part_by_part, by_logarithms),
        wrong={
            "added up": (lambda percents: sum(432 * (100 - p) for p in percents), "one minute, not two"),
            "only the worst part": (lambda percents: 432 * (100 - min(percents)), "than the worst one"),
            "all at once": (
                lambda percents: 43200 * math.prod(1 - p / 100 for p in percents),
                "all parts are down at once",
            ),
            "a share, not minutes": (
                lambda percents: 1 - math.prod(p / 100 for p in percents),
                "up only while every part is",
            ),
            "with its unit": (lambda percents: f"{432 * (100 - min(percents))} min", "must be a number"),
        },
    ),
}
