"""How much sooner does the gateway answer than a backend while billing is slow, and who loses sales?

One app sends the same sales to each design in turn, one after the other: no answer waits for another.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import pandas as pd

from classroom.chapter import Chapter
from classroom.experiments.waiting import DOWN, HEALTHY, SLOW, SLOW_S, who_waits
from classroom.world.designs import DESIGNS, EVENTS
from fiberlab.domain import SALES

TARGET_RATIO = 20


def measure(sales: int, runs: int) -> pd.DataFrame:
    """The rows of who_waits for this many sales, of all runs."""
    chapter = Chapter.open("05", {}, kafka=False)
    day = [action for action in chapter.day if action.name in SALES][:sales]
    try:
        return pd.concat([who_waits(chapter, day=day, clients=1) for _ in range(runs)])
    finally:
        chapter.close()


def answers(measured: pd.DataFrame, condition: str) -> pd.DataFrame:
    """Median and 99th percentile of the answers by design, in ms."""
    of = measured[measured.condition == condition].groupby("design").answer_s
    return pd.DataFrame({"median": of.median(), "p99": of.quantile(0.99)}).loc[list(DESIGNS)] * 1000


def fates(measured: pd.DataFrame) -> pd.DataFrame:
    """Sales sent, accepted, lost and billed in the end by design, while billing is down."""
    of = measured[measured.condition == DOWN].groupby("design")
    counted = of.agg(sent=("sale", "sum"), accepted=("accepted", "sum"), billed=("billed", "sum"))
    return counted.assign(lost=counted.sent - counted.billed).loc[list(DESIGNS)]


def main() -> None:
    """Print the tables, and the ratio beside its target."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--sales", type=int, default=50)
    arguments = parser.parse_args()
    measured = measure(arguments.sales, arguments.runs)
    print(
        f"{arguments.runs} runs, the designs in turn, {arguments.sales} sales each, one app; answers in ms\n"
    )
    for condition, title in ((HEALTHY, "healthy billing"), (SLOW, f"a bill takes {SLOW_S * 1000:.0f} ms")):
        print(f"{title}\n{answers(measured, condition).round(1).to_string()}\n")
    print(f"billing is down\n{fates(measured).to_string()}\n")
    medians = answers(measured, SLOW)["median"]
    for design in DESIGNS[:-1]:
        ratio = medians[design] / medians[EVENTS]
        print(f"{EVENTS} answers {ratio:.0f} times sooner than {design}; target: at least {TARGET_RATIO}")
    print(f"{EVENTS} lost {fates(measured).lost[EVENTS]} sales; target: 0")


if __name__ == "__main__":
    main()
