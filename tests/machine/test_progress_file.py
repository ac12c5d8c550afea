"""What a reader has done is kept in one file beside the working copies, whole, and nowhere else."""

import json
from pathlib import Path

import pytest

from classroom.chapter import Chapter, close_open_chapter
from classroom.desk.progress import NAME, ProgressError, change, folder, known, nothing, read
from classroom.exercises.chapter_02 import LOST

pytestmark = pytest.mark.embedded


def test_only_the_folder_of_the_working_copies_keeps_anything(copies: Path, monkeypatch: pytest.MonkeyPatch):
    assert folder() == copies
    originals = copies.parent / "notebooks"
    originals.mkdir()
    monkeypatch.chdir(originals)
    assert folder() is None
    change(folder(), "ada", lambda progress: pytest.fail("nothing is kept here"))
    assert list(originals.iterdir()) == []


def test_a_kernel_in_another_folder_says_once_that_nothing_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], chapter: Chapter
):
    for name, times in (("notebooks", 0), ("clone", 1)):
        (tmp_path / name).mkdir()
        monkeypatch.chdir(tmp_path / name)
        for guess in (None, 1, 2):
            chapter.predict("wrong", guess)
            assert "Outcome: 3" in repr(chapter.compare("wrong", 3))
            chapter.check("02-lost", nothing_is_lost)
        said = capsys.readouterr().out
        assert said.count("Nothing is kept: this kernel runs in") == times
        assert list((tmp_path / name).iterdir()) == []
    assert str(tmp_path / "clone") in said
    assert "progress belongs beside your copies, in my-notebooks" in said


DAMAGED = {
    "half a file": '{"format": 1, "learner": "a',
    "another format": json.dumps(nothing("ada") | {"format": 2}),
    "a list": "[]",
    "a table of texts": json.dumps(nothing("ada") | {"exercises": {"one": "correct"}}),
    "attempts in words": json.dumps(nothing("ada") | {"exercises": {"one": {"attempts": "many"}}}),
}


@pytest.mark.parametrize("text", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_file_is_put_aside_and_said(text: str, copies: Path, capsys: pytest.CaptureFixture[str]):
    (copies / NAME).write_text(text, encoding="utf-8")
    with pytest.raises(ProgressError, match=r"progress\.json"):
        read(copies / NAME)
    assert known(copies) == nothing()
    change(copies, "ada", lambda progress: progress["exercises"].update(one={"outcome": "correct"}))
    (aside,) = copies.glob("progress.damaged-*.json")
    assert aside.read_text(encoding="utf-8") == text
    assert f"It was put aside as {aside.name}; a new file begins." in capsys.readouterr().out
    assert list(known(copies)["exercises"]) == ["one"]


def unwritten(sales: list) -> int:
    raise NotImplementedError


def nothing_is_lost(sales: list) -> int:
    return 0


def the_whole_sale(sales: list) -> int:
    return next(
        thought.answer(sales) for thought in LOST.thoughts if thought.name == "the whole sale is lost"
    )


@pytest.fixture
def chapter() -> Chapter:
    yield Chapter.open("99", {"FIBERLAB_LEARNER": "ada"}, kafka=False)
    close_open_chapter()


def test_an_attempt_is_kept_with_what_was_thought(copies: Path, chapter: Chapter):
    chapter.check("02-lost", unwritten)
    assert known(copies) == nothing()
    chapter.check("02-lost", the_whole_sale)
    outcome = chapter.check("02-lost", nothing_is_lost)
    row = known(copies)["exercises"][LOST.name]
    assert (row["outcome"], row["solved"], row["attempts"]) == ("not yet", False, 2)
    assert row["misconception"] == "the whole sale is lost"
    assert row["message"] == repr(outcome)
    assert known(copies)["learner"] == "ada"


def test_what_was_solved_once_stays_solved(copies: Path, chapter: Chapter):
    chapter.check("02-lost", LOST.solution)
    chapter.check("02-lost", nothing_is_lost)
    row = known(copies)["exercises"][LOST.name]
    assert (row["outcome"], row["solved"], row["attempts"]) == ("not yet", True, 2)
