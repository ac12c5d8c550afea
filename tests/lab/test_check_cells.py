"""What a check cell says when it is run: before the Set-up, before the function, and after both."""

from pathlib import Path

import pytest

from classroom.chapter import Chapter, close_open_chapter
from classroom.exercises.notebook import NoExerciseError, check

pytestmark = pytest.mark.embedded
CELL = 'from classroom.exercises.notebook import check\noutcome = check("02-lost")'


def said(**names: object) -> str:
    exec(CELL, names)
    return repr(names["outcome"])


def test_the_function_is_found_by_the_starters_name(chapter: Chapter):
    assert said(lost_cents=lambda sales: 0).startswith("not yet: <lambda>([")


def test_without_an_open_chapter_the_set_up_is_named(copies: Path):
    close_open_chapter()
    assert said() == "not attempted: No chapter is open. Run this notebook's Set-up cell, then this one."


def test_a_chapter_that_was_closed_is_not_open(chapter: Chapter):
    chapter.close()
    assert "Set-up" in said(lost_cents=lambda sales: 0)


def test_without_a_function_its_name_is_said(chapter: Chapter):
    assert said() == (
        "not attempted: There is no lost_cents yet. Run the cell that defines it, then this one."
    )


def test_an_exercise_that_is_none_names_the_others(chapter: Chapter):
    with pytest.raises(NoExerciseError, match="there is no exercise '02-lots'; choose one of 01-price"):
        check("02-lots")
