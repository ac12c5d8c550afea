"""A room of readers: their progress as one table, for the trainer."""

from collections.abc import Iterable, Sequence

import pandas as pd

from fiberlab.lab.figure import plural
from fiberlab.lab.progress_file import Progress
from fiberlab.lab.workbook_map import stops

NO_NAME = "another answer"


def named(files: Iterable[tuple[str, Progress]]) -> dict[str, Progress]:
    """The progress by reader; where two have one name, by name and file."""
    found = [(progress["learner"] or "somebody", file, progress) for file, progress in files]
    names = [name for name, *_ in found]
    return {
        name if names.count(name) == 1 else f"{name} ({file})": progress for name, file, progress in found
    }


def attempts(room: dict[str, Progress], exercises: Sequence[str] = ()) -> pd.DataFrame:
    """A row per reader and exercise: learner, exercise, solved, attempts, outcome, misconception.

    Without `exercises`: those of the workbook, whether tried or not.
    """
    every = exercises or [name for stop in stops() for name in stop.exercises]
    rows = [
        {"learner": learner, "exercise": name} | _row(progress["exercises"].get(name, {}))
        for learner, progress in room.items()
        for name in every
    ]
    return pd.DataFrame(rows)


def _row(kept: dict[str, object]) -> dict[str, object]:
    return {
        "solved": bool(kept.get("solved")),
        "attempts": int(kept.get("attempts", 0)),
        "outcome": str(kept.get("outcome", "not attempted")),
        "misconception": str(kept.get("misconception", "")),
    }


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """Per exercise: how many readers solved it, are stuck, have not tried; what most of those stuck think."""
    rows = {}
    for name, readers in table.groupby("exercise", sort=False):
        held = readers[_stuck(readers)]
        rows[name] = {
            "solved": int(readers.solved.sum()),
            "stuck": len(held),
            "not tried": int((readers.attempts == 0).sum()),
            "most often": _most_often(held),
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def stuck(table: pd.DataFrame) -> str:
    """A line per reader and check where somebody is stuck, with what was probably thought."""
    lines = [
        f"{row.learner} is stuck at {row.exercise} after {plural(row.attempts, 'attempt')}: {_thought(row)}"
        for row in table[_stuck(table)].itertuples()
    ]
    return "\n".join(lines) or "Nobody is stuck."


def _stuck(table: pd.DataFrame) -> pd.Series:
    return (table.attempts > 0) & ~table.solved


def _most_often(held: pd.DataFrame) -> str:
    thoughts = [_thought(row) for row in held.itertuples()]
    return max(sorted(set(thoughts)), key=thoughts.count) if thoughts else "–"


def _thought(row: tuple[object, ...]) -> str:
    return row.misconception or (row.outcome if row.outcome.startswith("error") else NO_NAME)
