"""What only Apache Kafka can show: there it happens as the notebook runs, elsewhere a recording is shown.

A recording is a table in data/recorded/; `data/record.py` makes it, and a test on Apache Kafka makes it again
and compares. Which of the two a reader sees is told in a line and in the picture, and nowhere else.
"""

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from classroom.chapter import Chapter
from classroom.place import DATA
from classroom.world.running import progress

RECORDED_ON = "Apache Kafka 4.4.0"
FOLDER = DATA / "recorded"


def recorded(name: str, folder: Path = FOLDER) -> pd.DataFrame:
    """The table that was recorded under this name."""
    return pd.read_csv(folder / f"{name}.csv")


def record(name: str, table: pd.DataFrame, folder: Path = FOLDER) -> None:
    """Keep the table under this name, in place of an earlier one."""
    folder.mkdir(exist_ok=True)
    table.to_csv(folder / f"{name}.csv", index=False, lineterminator="\n")


def live_or_recorded(
    chapter: Chapter, name: str, experiment: Callable[[Chapter], pd.DataFrame]
) -> tuple[pd.DataFrame, str]:
    """The experiment's table and where it was seen: on this Kafka now, or as it was recorded."""
    with progress(1, "experiment on Apache Kafka, live or recorded"):
        if chapter.cluster.broker.isolates:
            return experiment(chapter), "seen live, on this Kafka"
        return recorded(name), f"a recording of {RECORDED_ON}"
