"""A file that a reader's run keeps: written whole, by one kernel at a time, and put aside when damaged."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from uuid import uuid4

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None
    import msvcrt


def write_whole(file: Path, text: str) -> None:
    """Return once the file holds the text; whoever reads meanwhile finds the old one or the new one."""
    new = file.with_name(f".{file.name}.{uuid4().hex}")
    try:
        new.write_text(text, encoding="utf-8", newline="\n")
        new.replace(file)
    finally:
        new.unlink(missing_ok=True)


def put_aside(file: Path) -> Path:
    """The damaged file's new name, one that was free."""
    names = (file.with_name(f"{file.stem}.damaged-{number}{file.suffix}") for number in count(1))
    return file.rename(next(name for name in names if not name.exists()))


@contextmanager
def my_turn(file: Path) -> Iterator[None]:
    """While it is this kernel's turn to change the file; the lock is given back when a kernel dies."""
    with file.with_name(f".{file.name}.lock").open("a+b") as lock:
        if fcntl:
            fcntl.flock(lock, fcntl.LOCK_EX)
        else:
            msvcrt.locking(lock.fileno(), msvcrt.LK_LOCK, 1)
        yield  # closing the file gives the lock back
