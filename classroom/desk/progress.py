"""What one reader has done: one file beside the working copies, and nowhere else. It is never sent anywhere.

Elsewhere than in the folder of the working copies nothing is kept, so that a run of the originals shows
the same to everybody. Two kernels may write at once: each change is made in turn, and appears whole.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fiberlab.lab.kept_file import NotKeptError, content, my_turn, put_aside, said_if_not_kept, write_whole

COPIES, ORIGINALS = "my-notebooks", "notebooks"
NAME, FORMAT = "progress.json", 1

_said_in: set[Path] = set()

Progress = dict[str, Any]  # "learner", "exercises" by name, "predictions" by chapter and name


class ProgressError(ValueError):
    """A file that holds no progress of a reader."""


def folder() -> Path | None:
    """Where this kernel's reader keeps things; None outside the folder of the working copies."""
    here = Path.cwd()
    return here if here.name == COPIES else None


def nothing(learner: str = "") -> Progress:
    """The progress of somebody who begins."""
    return {"format": FORMAT, "learner": learner, "exercises": {}, "predictions": {}}


def read(file: Path) -> Progress:
    """The progress in the file. Raises ProgressError that names the file, NotKeptError."""
    if (held := content(file)) is None:
        raise ProgressError(f"{str(file)!r} is not there; ask for it once more")
    return _progress_in(held, file)


def known(where: Path | None) -> Progress:
    """What is kept in the folder; of a file that is missing or damaged, nothing."""
    try:
        return read(where / NAME) if where else nothing()
    except (ProgressError, NotKeptError):
        return nothing()


def change(where: Path | None, learner: str, make: Callable[[Progress], None]) -> None:
    """Return once the change is made and kept, or said not to be; without a folder at once."""
    if where is None:
        return say_that_nothing_is_kept()
    file = where / NAME
    with said_if_not_kept(), my_turn(file):
        kept = _undamaged(file, learner)
        make(kept)
        write_whole(file, json.dumps(kept, indent=1, ensure_ascii=False, sort_keys=True))


def say_that_nothing_is_kept() -> None:
    """Print it once, unless this is the folder of the originals, where nothing is meant to be kept."""
    here = Path.cwd()
    if here.name != ORIGINALS and here not in _said_in:
        _said_in.add(here)
        print(
            f"Nothing is kept: this kernel runs in {str(here)!r}, and progress belongs beside your copies, "
            f"in {COPIES}. Open the workbook with python3 lab.py, and the chapter from that folder."
        )


def now() -> str:
    """This second in UTC, as ISO 8601 has it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _undamaged(file: Path, learner: str) -> Progress:
    """What the file holds; a damaged one is put aside, and said."""
    if (held := content(file)) is None:
        return nothing(learner)
    try:
        return _progress_in(held, file)
    except ProgressError as error:
        aside = put_aside(file)
        print(
            f"Your progress could not be read ({error}). It was put aside as {aside.name}; a new file begins."
        )
        return nothing(learner)


def _progress_in(held: bytes, file: Path) -> Progress:
    try:
        kept = json.loads(held)
    except ValueError as error:
        raise ProgressError(f"{file.name!r} cannot be read: {error}; ask for it once more") from None
    if not _is_progress(kept):
        raise ProgressError(f"{file.name!r} holds no progress of format {FORMAT}; ask for it once more")
    return kept


def _is_progress(kept: object) -> bool:
    parts = ("exercises", "predictions")
    whole = isinstance(kept, dict) and kept.get("format") == FORMAT and isinstance(kept.get("learner"), str)
    return whole and all(_is_table(kept.get(part)) for part in parts)


def _is_table(part: object) -> bool:
    rows = part.values() if isinstance(part, dict) else (None,)
    return all(isinstance(row, dict) and isinstance(row.get("attempts", 0), int) for row in rows)
