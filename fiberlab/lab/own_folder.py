"""A folder for what one kernel keeps while it runs; what killed kernels left goes when the next one starts.

A living kernel holds a lock on a file in its folder; the system gives the lock back when the process ends,
by any means. A process number would not do: it is given out again, and containers count their own.
"""

import os
import platform
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

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
            _lock(self._mark)
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
            _lock(mark)
    except OSError:
        return True
    return False


def _lock(mark: BinaryIO) -> None:
    """Lock at once, or raise OSError."""
    if fcntl:
        fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
    else:
        mark.seek(0)
        msvcrt.locking(mark.fileno(), msvcrt.LK_NBLCK, 1)


def _here() -> bytes:
    """This computer's name: a folder on a shared disk may be in use at another, which our lock cannot see."""
    return platform.node().encode()
