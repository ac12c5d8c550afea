"""What a kernel keeps on disk: a killed one's goes at the next start, a living or foreign one's stays."""

import fcntl
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import fiberlab
from classroom.desk.progress import MARK, OwnFolder, remove_left_behind

pytestmark = pytest.mark.embedded
ROOT = Path(fiberlab.__file__).parents[1]
KERNEL = """
from classroom.chapter import Chapter
print(Chapter.open("05", {}, kafka=False).files, flush=True)
input()
"""
# All that a kernel does for its folder, without the chapter.
FOLDER = """
from classroom.desk.progress import OwnFolder
folder = OwnFolder("05")
print(folder.name, flush=True)
input()
"""


@pytest.fixture(autouse=True)
def temporary(tmp_path, monkeypatch) -> Path:
    """The folder of all temporary folders."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    return tmp_path


def kernel(code: str) -> subprocess.Popen[str]:
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    return subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, text=True, **pipes)


def killed(code: str = FOLDER) -> Path:
    """The folder that a killed kernel has left."""
    with kernel(code) as process:
        folder = Path(process.stdout.readline().strip())
        process.kill()
    assert folder.is_dir()
    return folder


def test_what_a_killed_kernel_left_goes_at_the_next_start_and_a_living_ones_stays():
    left = killed(KERNEL)
    with kernel(KERNEL) as living:
        used = Path(living.stdout.readline().strip())
        assert not left.exists()
        with OwnFolder("05") as mine:
            assert used.is_dir()
        assert not Path(mine).exists()
        living.communicate("\n")


def link_instead(folder: Path) -> None:
    folder.rename(folder.with_name("elsewhere"))
    folder.symlink_to(folder.with_name("elsewhere"))


FOREIGN: dict[str, Callable[[Path], object]] = {
    "made on another computer": lambda folder: (folder / MARK).write_text("another"),
    "being made just now": lambda folder: (folder / MARK).write_text(""),
    "made by something else": lambda folder: (folder / MARK).unlink(),
    "another user's": lambda folder: os.chown(folder, 12345, -1),
    "a link": link_instead,
}


@pytest.mark.parametrize("whose", FOREIGN)
def test_what_may_be_anothers_stays(whose):
    if "user" in whose and os.getuid():
        pytest.skip("only root can give a folder away")
    folder = killed()
    FOREIGN[whose](folder)
    remove_left_behind()
    assert folder.is_dir()


def test_where_nothing_can_be_locked_nothing_is_removed(monkeypatch):
    def without_locks(*_: object) -> None:
        raise OSError(95, "Operation not supported")

    left = killed()
    monkeypatch.setattr(fcntl, "flock", without_locks)
    with OwnFolder("05") as mine:
        assert Path(mine).is_dir()
        assert left.is_dir()
    monkeypatch.undo()
    assert not Path(mine).exists()
