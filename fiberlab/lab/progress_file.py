"""What one reader has done: one file beside the working copies, and nowhere else. It is never sent anywhere.

Elsewhere than in the folder of the working copies nothing is kept, so that a run of the originals shows
the same to everybody. Two kernels may write at once: each change is made under a lock, and appears whole.
"""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None
    import msvcrt

COPIES, NAME, FORMAT = "my-notebooks", "progress.json", 1

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
    """The progress in the file. Raises ProgressError that names the file."""
    try:
        kept = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ProgressError(f"{file.name!r} cannot be read: {error}; ask for it once more") from None
    if not _is_progress(kept):
        raise ProgressError(f"{file.name!r} holds no progress of format {FORMAT}; ask for it once more")
    return kept


def known(where: Path | None) -> Progress:
    """What is kept in the folder; of a file that is missing or damaged, nothing."""
    try:
        return read(where / NAME) if where and (where / NAME).exists() else nothing()
    except ProgressError:
        return nothing()


def change(where: Path | None, learner: str, make: Callable[[Progress], None]) -> None:
    """Return once the change is made and kept; without a folder at once."""
    if where is None:
        return
    file = where / NAME
    with _turn(where / f".{NAME}.lock"):
        kept = _undamaged(file, learner)
        make(kept)
        write_whole(file, json.dumps(kept, indent=1, ensure_ascii=False, sort_keys=True))


def write_whole(file: Path, text: str) -> None:
    """Return once the file holds the text; whoever reads meanwhile finds the old one or the new one."""
    new = file.with_name(f".{file.name}.{uuid4().hex}")
    try:
        new.write_text(text, encoding="utf-8", newline="\n")
        new.replace(file)
    finally:
        new.unlink(missing_ok=True)


def now() -> str:
    """This second in UTC, as ISO 8601 has it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _undamaged(file: Path, learner: str) -> Progress:
    """What the file holds; a damaged one is put aside, and said."""
    if not file.exists():
        return nothing(learner)
    try:
        return read(file)
    except ProgressError as error:
        aside = file.with_name(f"progress.damaged-{re.sub('[^0-9]', '', now())[:14]}.json")
        file.replace(aside)
        print(
            f"Your progress could not be read ({error}). It was put aside as {aside.name}; a new file begins."
        )
        return nothing(learner)


def _is_progress(kept: object) -> bool:
    parts = ("exercises", "predictions")
    whole = isinstance(kept, dict) and kept.get("format") == FORMAT and isinstance(kept.get("learner"), str)
    return whole and all(_is_table(kept.get(part)) for part in parts)


def _is_table(part: object) -> bool:
    rows = part.values() if isinstance(part, dict) else (None,)
    return all(isinstance(row, dict) and isinstance(row.get("attempts", 0), int) for row in rows)


@contextmanager
def _turn(file: Path) -> Iterator[None]:
    """While it is this kernel's turn; the system gives the lock back when a kernel dies."""
    with file.open("a+b") as lock:
        if fcntl:
            fcntl.flock(lock, fcntl.LOCK_EX)
        else:
            msvcrt.locking(lock.fileno(), msvcrt.LK_LOCK, 1)
        yield  # closing the file gives the lock back
