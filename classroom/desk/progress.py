"""What one reader has done: one file beside the working copies, and nowhere else. It is never sent anywhere.

What is run without a reader, by nbval or nbclient, keeps nothing and finds nothing, so that it shows the
same to everybody. A reader of originals, or of copies elsewhere, is told in which my-notebooks things are
kept. Two kernels may write at once: each change is made in turn, and appears whole.

A kept file may lie on a disk that is full, in a folder that a cloud's or a virus scanner's program looks
through, or on a file system without locks (NFS, Lustre): it is tried again, locked in another way, or said.

A kernel's own folder lasts as long as the kernel; what killed kernels left goes when the next one starts. A
living kernel holds a lock on a file in it, which the system gives back when the process ends, by any means. A
process number would not do: it is given out again, and containers count their own.
"""

import json
import os
import platform
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any, BinaryIO, TypeVar
from uuid import uuid4

from classroom.desk.outcome import Outcome

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None
    import msvcrt

HELD_S = 2  # so long may another program hold a file that it looks at
TURN_S = 30  # a change takes milliseconds: whoever takes longer stands still
DEAD_S = 5  # without locks: whoever has marked a turn for so long has died
LOOK_S = 0.02

Result = TypeVar("Result")
_told: set[Path] = set()


class NotKeptError(OSError):
    """A reader's file that could not be read or written; what was there before is still there."""

    def __init__(self, file: Path, cause: object) -> None:
        self.file = file
        super().__init__(
            f"{file.name!r} in {str(file.parent)!r} could not be read or written ({cause}). What it held is "
            "still there. Look whether the disk is full, the folder is read-only or another program has the "
            "file open; then run this again"
        )

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


@contextmanager
def said_if_not_kept() -> Iterator[None]:
    """What cannot be kept is printed, once for each file, and the notebook goes on."""
    try:
        yield
    except NotKeptError as error:
        if error.file not in _told:
            _told.add(error.file)
            print(f"Not kept: {error}.")


def content(file: Path) -> bytes | None:
    """What the file holds; None if there is none. Raises NotKeptError."""
    with _named(file), suppress(FileNotFoundError):
        return _patiently(file.read_bytes)
    return None


def write_whole(file: Path, whole: str | bytes) -> None:
    """Return once the file holds this; whoever reads meanwhile finds the old or the new.

    Its folder is made if it is not there. Raises NotKeptError.
    """
    new = file.with_name(f".{file.name[:100]}.{uuid4().hex}")
    with _named(file):
        file.parent.mkdir(exist_ok=True)
        try:
            new.write_bytes(whole.encode() if isinstance(whole, str) else whole)
            _patiently(lambda: new.replace(file))
        finally:
            with suppress(OSError):  # the first error is the one to tell
                new.unlink(missing_ok=True)


def put_aside(file: Path) -> Path:
    """The damaged file's new name, one that was free. Raises NotKeptError."""
    names = (file.with_name(f"{file.stem}.damaged-{number}{file.suffix}") for number in count(1))
    with _named(file):
        return _patiently(lambda: file.rename(next(name for name in names if not name.exists())))


@contextmanager
def my_turn(file: Path) -> Iterator[None]:
    """While it is this kernel's turn to change the file; given back when a kernel dies. NotKeptError."""
    with _named(file), _patiently(lambda: _opened(file.with_name(f".{file.name}.lock"))) as lock:
        if _locked(lock.fileno()):
            yield  # closing the file gives the lock back
        else:
            with _marked(file.with_name(f".{file.name}.turn")):
                yield


def _opened(lock: Path) -> BinaryIO:
    lock.parent.mkdir(exist_ok=True)
    return lock.open("a+b")


def _locked(lock: int) -> bool:
    """Whether the lock is ours now; False if this file system has no locks."""
    deadline = time.monotonic() + TURN_S
    while True:
        try:
            _lock(lock)
            return True
        except (BlockingIOError, PermissionError):  # somebody has it; Windows calls that a permission
            if time.monotonic() > deadline:
                raise TimeoutError(f"another kernel has been at it for {TURN_S} s") from None
        except OSError:
            return False
        time.sleep(LOOK_S)


def _lock(lock: int) -> None:
    if fcntl:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    else:
        msvcrt.locking(lock, msvcrt.LK_NBLCK, 1)


@contextmanager
def _marked(turn: Path) -> Iterator[None]:
    """While the file `turn` is ours: one of several makes it, on every file system."""
    seen, deadline = None, 0.0
    while not _patiently(lambda: _made(turn)):
        with suppress(FileNotFoundError):
            made = turn.stat().st_mtime_ns
            if made != seen:
                seen, deadline = made, time.monotonic() + DEAD_S
            elif time.monotonic() > deadline:
                turn.unlink()
        time.sleep(LOOK_S)
    try:
        yield
    finally:
        turn.unlink(missing_ok=True)


def _made(file: Path) -> bool:
    try:
        os.close(os.open(file, os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        return False
    return True


def _patiently(act: Callable[[], Result]) -> Result:
    """What comes of it; a file that another program holds for a moment is tried again for HELD_S."""
    deadline = time.monotonic() + HELD_S
    while True:
        try:
            return act()
        except PermissionError:
            if time.monotonic() > deadline:
                raise
            time.sleep(LOOK_S)


@contextmanager
def _named(file: Path) -> Iterator[None]:
    """Every OSError inside becomes one that names the file."""
    try:
        yield
    except NotKeptError:
        raise
    except OSError as error:
        raise NotKeptError(file, error.strerror or error) from error


COPIES, ORIGINALS = "my-notebooks", "notebooks"
NAME, FORMAT = "progress.json", 1

_said_in: set[Path] = set()

Progress = dict[str, Any]  # "learner", "exercises" by name, "predictions" by chapter and name


class ProgressError(ValueError):
    """A file that holds no progress of a reader."""


def folder(somebody_reads: bool = False) -> Path | None:
    """Where this kernel's reader keeps things: in my-notebooks, this one, the next one above, or one at home.

    None if nobody reads and this is no folder of working copies.
    """
    here = Path.cwd()
    if here.name != COPIES and not somebody_reads:
        return None
    near = (one / COPIES for one in (here, *here.parents))
    found = next((one for one in near if one.is_dir() and os.access(one, os.W_OK)), Path.home() / COPIES)
    if found != here and found not in _said_in:
        _said_in.add(found)
        print(f"What you do in this chapter is kept in {str(found)!r}.")
    return found


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


try:
    import fcntl
except ImportError:  # Windows
    fcntl = None
    import msvcrt

MARK = "in-use"


class OwnFolder(tempfile.TemporaryDirectory):
    """A temporary folder of this process alone; `cleanup()` removes it, and so does a later kernel."""

    def __init__(self, name: str) -> None:
        remove_left_behind()
        super().__init__(prefix=f"fiberlab-{name}-", ignore_cleanup_errors=True)
        self._mark = Path(self.name, MARK).open("ab")  # noqa: SIM115 (open as long as the process lives)
        with suppress(OSError):  # a disk without locks: nobody can tell, so nobody removes it
            _lock_at_once(self._mark)
            self._mark.write(_here())  # only now: who finds it written knows that there was a lock
            self._mark.flush()

    def cleanup(self) -> None:
        """Remove the folder. Twice is fine."""
        self._mark.close()
        super().cleanup()


def remove_left_behind() -> None:
    """Remove this user's folders, made on this computer, whose process has ended."""
    for folder in _own():
        if not _held(folder):
            shutil.rmtree(folder, ignore_errors=True)


def _own() -> Iterator[Path]:
    """Folders with our mark that belong to this user: no link, nothing of another computer's."""
    for folder in Path(tempfile.gettempdir()).glob("fiberlab-*"):
        with suppress(OSError):
            ours = os.name == "nt" or folder.lstat().st_uid == os.getuid()
            if ours and not folder.is_symlink() and _marked_here(folder / MARK):
                yield folder


def _marked_here(mark: Path) -> bool:
    try:
        return mark.read_bytes() == _here()
    except PermissionError:  # Windows reads nothing that is locked: somebody is there
        return False


def _held(folder: Path) -> bool:
    try:
        with (folder / MARK).open("r+b") as mark:
            _lock_at_once(mark)
    except OSError:
        return True
    return False


def _lock_at_once(mark: BinaryIO) -> None:
    """Lock at once, or raise OSError."""
    if fcntl:
        fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
    else:
        mark.seek(0)
        msvcrt.locking(mark.fileno(), msvcrt.LK_NBLCK, 1)


def _here() -> bytes:
    """This computer's name: a folder on a shared disk may be in use at another, which our lock cannot see."""
    return platform.node().encode()


def keep_attempt(where: Path | None, learner: str, name: str, outcome: Outcome) -> None:
    """Keep how an attempt came out, and what was thought; a starter that nobody touched is no attempt."""
    if outcome.status == "not attempted":
        return

    def attempt(progress: Progress) -> None:
        before = progress["exercises"].get(name, {})
        progress["exercises"][name] = {
            "outcome": outcome.status,
            "solved": outcome.status == "correct" or before.get("solved", False),
            "attempts": before.get("attempts", 0) + 1,
            "misconception": outcome.misconception or before.get("misconception", ""),
            "message": repr(outcome),
            "when": now(),
        }

    change(where, learner, attempt)
