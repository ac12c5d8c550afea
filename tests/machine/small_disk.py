"""A disk of one megabyte in a folder, to be filled and emptied while the system runs."""

import subprocess
from pathlib import Path
from typing import Self

import pytest

CHUNK = b"x" * 4096


class SmallDisk:
    """A tmpfs mounted at the folder; where that is not allowed, the test is skipped."""

    def __init__(self, folder: Path, size: str = "1m") -> None:
        self._folder, self._size = folder, size

    def fill(self) -> None:
        """Return once there is no room for another page."""
        with (self._folder / "filler").open("ab", buffering=0) as filler:
            try:
                while filler.write(CHUNK) == len(CHUNK):
                    pass
            except OSError:  # there it is
                return

    def empty(self) -> None:
        """Return once there is room again."""
        (self._folder / "filler").unlink()

    def __enter__(self) -> Self:
        mount = ["mount", "-t", "tmpfs", "-o", f"size={self._size}", "small-disk", str(self._folder)]
        try:
            subprocess.run(mount, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            pytest.skip("only root on Linux may mount a small disk")
        return self

    def __exit__(self, *_: object) -> None:
        subprocess.run(["umount", "--lazy", str(self._folder)], check=True)
