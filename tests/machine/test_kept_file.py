"""A reader's file outlives full disks, programs that hold it, and file systems without locks."""

import errno
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from classroom.chapter import Chapter, close_open_chapter
from classroom.commands import copies as working_copies
from classroom.desk import progress as kept_file
from classroom.desk.progress import NAME, NotKeptError, change, content, my_turn, put_aside, write_whole
from classroom.desk.progress import known as progress_of
from classroom.readiness.measurements import OWN, keep_all, known, shipped
from tests.machine.small_disk import SmallDisk

pytestmark = pytest.mark.embedded

HELD = PermissionError(errno.EACCES, "The process cannot access the file: another program uses it")
NO_LOCKS = [errno.ENOLCK, errno.ENOTSUP, errno.EINVAL, errno.ENOSYS]


@pytest.fixture(autouse=True)
def nothing_told_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_file, "_told", set())


@pytest.fixture
def chapter(copies: Path) -> Chapter:
    yield Chapter.open("02", {}, kafka=False)
    close_open_chapter()


def fails(times: float, error: OSError, real: Callable[..., object]) -> Callable[..., object]:
    """The function, which fails so often before it works."""
    left = [times]

    def act(*arguments: object, **options: object) -> object:
        left[0] -= 1
        if left[0] >= 0:
            raise error
        return real(*arguments, **options)

    return act


def solve(name: str) -> Callable[[dict], None]:
    return lambda progress: progress["exercises"].update({name: {"attempts": 1}})


@pytest.mark.parametrize("act", ["replace", "read_bytes", "rename", "open"])
def test_a_file_that_another_program_holds_for_a_moment_is_tried_again(act, copies, monkeypatch):
    change(copies, "ada", solve("one"))
    monkeypatch.setattr(Path, act, fails(5, HELD, getattr(Path, act)))
    change(copies, "ada", solve("two"))
    if act == "rename":
        put_aside(copies / NAME).replace(copies / NAME)
    assert sorted(progress_of(copies)["exercises"]) == ["one", "two"]
    assert [file.name for file in copies.glob("*.json")] == [NAME]  # none was taken for damaged


@pytest.mark.parametrize("act", ["replace", "read_bytes", "open", "write_bytes"])
def test_what_cannot_be_kept_is_said_once_and_the_old_file_stays(act, copies, chapter, monkeypatch, capsys):
    change(copies, "ada", solve("one"))
    before = (copies / NAME).read_bytes()
    monkeypatch.setattr(kept_file, "HELD_S", 0.1)
    with monkeypatch.context() as patched:
        patched.setattr(Path, act, fails(float("inf"), HELD, getattr(Path, act)))
        for guess in (20, 21):
            chapter.predict("wrong", guess)
            assert "Outcome: 17" in repr(chapter.compare("wrong", 17))
    said = capsys.readouterr().out
    assert said.count("Not kept: 'progress.json'") == 1
    assert "another program uses it" in said
    assert (copies / NAME).read_bytes() == before
    assert sorted(copies.iterdir()) == [copies / f".{NAME}.lock", copies / NAME]


def test_on_a_full_disk_the_old_files_stay_whole(copies, chapter, capsys):
    name = next(iter(shipped().by_name))
    with SmallDisk(copies) as disk:
        os.chdir(copies)  # what was here before lies below the disk
        change(copies, "ada", solve("one"))
        keep_all(chapter, {name: 1})
        disk.fill()
        change(copies, "ada", lambda progress: progress["exercises"].update(much={"text": "x" * 10**5}))
        keep_all(chapter, {name: 2})
        with pytest.raises(NotKeptError, match="No space left on device"):
            write_whole(copies / "decision.md", "x" * 10**5)
        assert list(progress_of(copies)["exercises"]) == ["one"]
        disk.empty()
        keep_all(chapter, {name: 2})
        assert known(chapter)[name] == 2
        files = {file.name for file in copies.iterdir()}
        assert files == {NAME, OWN, f".{NAME}.lock", f".{OWN}.lock"}
        os.chdir("/")
    assert capsys.readouterr().out.count("No space left on device") == 2  # of two files, once each


@pytest.mark.parametrize("code", NO_LOCKS)
def test_without_locks_it_is_kept_all_the_same(code, copies, monkeypatch):
    monkeypatch.setattr(kept_file, "_lock", fails(float("inf"), OSError(code, os.strerror(code)), print))
    change(copies, "ada", solve("one"))
    assert list(progress_of(copies)["exercises"]) == ["one"]
    assert not list(copies.glob(".*.turn"))


TWO_KERNELS = """
import errno, sys
from pathlib import Path
from classroom.desk import progress as kept_file
def no_locks(_):
    raise OSError(errno.ENOLCK, "No locks available")
if sys.argv[2] == "without locks":
    kept_file._lock = no_locks
def add(progress):
    row = progress["exercises"].setdefault("common", {"attempts": 0})
    row["attempts"] += 1
for _ in range(100):
    kept_file.change(Path(sys.argv[1]), "ada", add)
"""


@pytest.mark.parametrize("how", ["with locks", "without locks"])
def test_two_kernels_at_once_lose_nothing(how, copies):
    root = Path(kept_file.__file__).parents[2]
    command = [sys.executable, "-c", TWO_KERNELS, str(copies), how]
    kernels = [subprocess.Popen(command, cwd=root) for _ in range(2)]
    assert [kernel.wait(timeout=50) for kernel in kernels] == [0, 0]
    assert progress_of(copies)["exercises"]["common"]["attempts"] == 200


def test_without_locks_the_turn_of_a_kernel_that_died_ends(copies, monkeypatch):
    monkeypatch.setattr(kept_file, "_lock", fails(float("inf"), OSError(errno.ENOLCK, "no locks"), print))
    monkeypatch.setattr(kept_file, "DEAD_S", 0.2)
    (copies / f".{NAME}.turn").touch()
    change(copies, "ada", solve("one"))
    assert list(progress_of(copies)["exercises"]) == ["one"]


@pytest.mark.parametrize("busy", [BlockingIOError(errno.EAGAIN, "busy"), HELD])  # as POSIX and Windows say it
def test_a_lock_that_somebody_has_is_waited_for_and_one_that_stands_still_is_said(
    busy, copies, monkeypatch, capsys
):
    with monkeypatch.context() as patched:
        patched.setattr(kept_file, "_lock", fails(20, busy, kept_file._lock))
        change(copies, "ada", solve("one"))
        patched.setattr(kept_file, "TURN_S", 0.1)
        patched.setattr(kept_file, "_lock", fails(float("inf"), busy, print))
        change(copies, "ada", solve("two"))
    assert list(progress_of(copies)["exercises"]) == ["one"]
    assert "another kernel has been at it for 0.1 s" in capsys.readouterr().out


def test_a_kernel_waits_for_another_ones_turn(copies):
    entered, leave, order = threading.Event(), threading.Event(), []

    def first() -> None:
        with my_turn(copies / NAME):
            entered.set()
            leave.wait(10)
            order.append("first")

    thread = threading.Thread(target=first)
    thread.start()
    entered.wait(10)
    threading.Timer(0.2, leave.set).start()
    with my_turn(copies / NAME):
        order.append("second")
    thread.join()
    assert order == ["first", "second"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_progress_that_an_editor_saved_in_its_own_way_is_read(encoding, copies):
    change(copies, "ada", solve("one"))
    (copies / NAME).write_text((copies / NAME).read_text("utf-8"), encoding)
    change(copies, "ada", solve("two"))
    assert sorted(progress_of(copies)["exercises"]) == ["one", "two"]


@pytest.fixture
def books(tmp_path: Path) -> tuple[Path, Path]:
    """Folders of two originals and their copies."""
    originals = tmp_path / "notebooks"
    originals.mkdir()
    for name in ("01-one", "02-two"):
        working_copies.write(originals / f"{name}.ipynb", {"cells": [], "metadata": {"of": name}})
    working_copies.refresh(originals, tmp_path / "my-notebooks")
    return originals, tmp_path / "my-notebooks"


@pytest.mark.parametrize("act", ["replace", "read_bytes", "open"])
def test_copies_that_are_held_for_a_moment_are_made_and_none_is_forgotten(act, books, monkeypatch):
    originals, folder = books
    taken = working_copies.read_taken(folder)
    monkeypatch.setattr(Path, act, fails(5, HELD, getattr(Path, act)))
    assert working_copies.refresh(originals, folder) == []
    assert working_copies.read_taken(folder) == taken
    assert set(taken) == {"01-one.ipynb", "02-two.ipynb"}


def test_a_copy_that_stays_held_is_said_and_the_others_are_made(books, monkeypatch):
    originals, folder = books
    held, real = folder / "01-one.ipynb", Path.read_bytes
    monkeypatch.setattr(kept_file, "HELD_S", 0.1)
    monkeypatch.setattr(Path, "read_bytes", lambda file: held_now() if file == held else real(file))
    (folder / "02-two.ipynb").unlink()
    (line,) = working_copies.refresh(originals, folder)
    assert line.startswith("01-one stays as it is: '01-one.ipynb' in")
    assert (folder / "02-two.ipynb").exists()


def held_now() -> bytes:
    raise HELD


def test_what_cannot_be_kept_aside_is_not_replaced(books, monkeypatch):
    _, folder = books
    mine = folder / "01-one.ipynb"
    monkeypatch.setattr(kept_file, "HELD_S", 0.1)
    monkeypatch.setattr(Path, "replace", fails(float("inf"), HELD, Path.replace))
    with pytest.raises(NotKeptError, match=r"What it held is still there"):
        working_copies.keep(mine)
    assert list((folder / "kept").iterdir()) == []
    assert content(mine)
