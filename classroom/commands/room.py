"""Who is stuck where: the progress files that a trainer has collected, as one table and one picture."""

import argparse
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd

from classroom.desk.map import stops
from classroom.desk.progress import Progress, ProgressError, read
from classroom.figures import marks
from classroom.figures.look import (
    GRID,
    MUTED,
    RIGHT_PALE,
    RIGHT_TEXT,
    SMALL,
    WRONG_PALE,
    WRONG_TEXT,
    Figure,
    Picture,
    canvas,
    listing,
    plural,
    require,
)

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


TITLE = "Who is stuck where?  ✓ solved   ✗ stuck after so many attempts   · not tried"


def room(table: pd.DataFrame) -> Figure:
    """Readers down, exercises across (see `attempts`): solved, stuck (attempts), or not tried."""
    require(table, "learner", "exercise", "solved", "attempts")
    return Figure(_sentence(table), _draw, table)


def _draw(table: pd.DataFrame) -> Picture:
    picture, (axes,) = canvas(TITLE, 1.6 + 0.32 * table.learner.nunique())
    grid = {(row.learner, row.exercise): _cell(row.solved, row.attempts) for row in table.itertuples()}
    lines = {name: name.removeprefix("exercise-").replace("-", "\n") for name in table.exercise}
    marks.cells(axes, grid, lambda name: name[-24:], lines.get, SMALL, dense=True)
    return picture


def _cell(solved: bool, attempts: int) -> marks.Cell:
    """The cell of a reader at an exercise."""
    if solved:
        return marks.Cell("✓", RIGHT_PALE, ink=RIGHT_TEXT)
    if attempts:
        return marks.Cell(f"✗ {attempts}", WRONG_PALE, ink=WRONG_TEXT)
    return marks.Cell("·", GRID, ink=MUTED)


def _sentence(table: pd.DataFrame) -> str:
    tried = table[table.attempts > 0]
    held = tried[~tried.solved]
    said = (
        f"{plural(table.learner.nunique(), 'reader')} tried {plural(len(tried), 'check')} and solved "
        f"{int(tried.solved.sum())} of them"
    )
    if held.empty:
        return f"{said}; nobody is stuck."
    by_exercise = held.groupby("exercise").size().sort_values(kind="stable", ascending=False)
    return f"{said}; stuck are {listing([f'{count} at {name}' for name, count in by_exercise.items()])}."


def main(arguments: Sequence[str]) -> int:
    """The exit status: 0 if at least one file could be read."""
    parser = argparse.ArgumentParser(prog="lab.py progress", description="Who is stuck at which check?")
    parser.add_argument("files", nargs="+", type=Path, help="my-notebooks/progress.json of each reader")
    parser.add_argument("--picture", type=Path, default=Path("progress.png"), help="where to draw it")
    asked = parser.parse_args(arguments)
    room_progress = named(_readable(asked.files))
    if not room_progress:
        print("There is no progress to show; ask the readers for their my-notebooks/progress.json.")
        return 1
    table = attempts(room_progress)
    print(summary(table).to_string(), stuck(table), sep="\n\n")
    picture = room(table)
    asked.picture.write_bytes(picture.png)
    print(f"\n{picture.sentence}\nThe picture is {asked.picture.name}.")
    return 0


def _readable(files: Sequence[Path]) -> list[tuple[str, Progress]]:
    """The progress in each file that holds some; the others are told by name."""
    found = []
    for file in files:
        try:
            found.append((str(file), read(file)))
        except ProgressError as error:
            print(f"Left out: {file}: {error}.")
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
