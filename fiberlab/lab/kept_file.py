"""A file that a reader's run keeps: written whole, by one kernel at a time, and put aside when damaged.

It may lie on a disk that is full, in a folder that a cloud's or a virus scanner's program looks through, or
on a file system without locks (NFS, Lustre): then it is tried again, locked in another way, or said.
"""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

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
    with _named(file), _patiently(lambda: file.with_name(f".{file.name}.lock").open("a+b")) as lock:
        if _locked(lock.fileno()):
            yield  # closing the file gives the lock back
        else:
            with _marked(file.with_name(f".{file.name}.turn")):
                yield


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
