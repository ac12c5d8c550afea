"""A guess that is committed is shown beside its outcome, and counted; without one everything goes on."""

from collections.abc import Iterator
from pathlib import Path

import numpy
import pytest

from classroom.chapter import Chapter, close_open_chapter
from classroom.desk.predictions import PredictionError, is_right
from classroom.desk.progress import known

pytestmark = pytest.mark.embedded


@pytest.fixture
def chapter() -> Iterator[Chapter]:
    yield Chapter.open("02", {}, kafka=False)
    close_open_chapter()


def test_without_a_guess_it_says_so_and_goes_on(chapter: Chapter, copies: Path):
    assert repr(chapter.predict("wrong-bills", None)) == (
        "No prediction yet: write yours in place of None, and run the cell again."
    )
    assert repr(chapter.compare("wrong-bills", 17)) == "Outcome: 17. Write a guess to see it beside yours."
    assert repr(chapter.compare("never-asked", 17)) == "Outcome: 17. Write a guess to see it beside yours."
    assert not list(copies.iterdir())


def test_a_guess_is_shown_beside_its_outcome_and_counted(chapter: Chapter, copies: Path):
    assert repr(chapter.predict("wrong-bills", 1200)) == "Predicted: 1,200."
    assert repr(chapter.compare("wrong-bills", numpy.int64(17))) == (
        "Predicted: 1,200. Outcome: 17, a surprise. Surprises so far: 1 of 1, in all chapters."
    )
    chapter.predict("whose", {"customer"}, ["customer", "installer"])
    assert repr(chapter.compare("whose", {"customer"})) == (
        "Predicted: customer. Outcome: customer, as you expected. Surprises so far: 1 of 2, in all chapters."
    )
    kept = known(copies)["predictions"]
    assert (kept["02/wrong-bills"]["guess"], kept["02/wrong-bills"]["outcome"]) == (1200, 17)
    assert [kept[name]["right"] for name in ("02/whose", "02/wrong-bills")] == [True, False]


def test_a_guess_made_after_the_outcome_does_not_change_the_count(chapter: Chapter, copies: Path):
    for guess in (40, 17):
        chapter.predict("wrong-bills", guess)
        compared = chapter.compare("wrong-bills", 17)
    assert compared.surprises == (1, 1)
    assert known(copies)["predictions"]["02/wrong-bills"]["guess"] == 40


def test_elsewhere_the_same_is_shown_and_nothing_kept(
    chapter: Chapter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    chapter.predict("wrong-bills", 17)
    assert repr(chapter.compare("wrong-bills", 17)).endswith(
        "as you expected. Surprises so far: 0 of 1, in all chapters."
    )
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("guess", "outcome", "right"),
    [
        (17, 17, True),
        (16, 17, True),
        (15, 17, False),
        (0, 0, True),
        (1, 0, False),
        (-129, -130, True),
        ({"a"}, {"a", "b"}, False),
        (set(), set(), True),
        ("17", 17, False),
        ("a", {"a"}, True),
        ("a", {"a", "b"}, False),
        ({"a"}, "a", True),
        (None, {"a"}, False),
    ],
)
def test_a_number_is_right_within_a_tenth_and_all_else_exactly(guess: object, outcome: object, right: bool):
    assert is_right(guess, outcome) == right


@pytest.mark.parametrize("guess", ["nobody", {"nobody"}])
def test_a_guess_beside_the_choices_is_told(guess: object, chapter: Chapter):
    with pytest.raises(PredictionError, match=r"nobody'\}? is not among the choices; choose from 'customer'"):
        chapter.predict("whose", guess, ["customer", "installer"])


@pytest.mark.parametrize(
    ("guess", "meant"),
    [("Customer", "customer"), (["customer"], {"customer"}), (("INSTALLER",), {"installer"})],
)
def test_a_guess_may_be_written_in_another_way(guess: object, meant: object, chapter: Chapter):
    assert chapter.predict("whose", guess, ["customer", "installer"]).guess == meant


@pytest.mark.parametrize("guess", ["none", "17", True, [17], {17}])
def test_where_there_are_no_choices_a_guess_is_a_number_or_is_told(guess: object, chapter: Chapter):
    with pytest.raises(PredictionError, match=r"is not a number; write one, such as") as caught:
        chapter.predict("wrong-bills", guess)
    assert caught.value._render_traceback_() == [str(caught.value)]  # all that Jupyter shows


def test_nobody_is_a_prediction_too(chapter: Chapter, copies: Path):
    chapter.predict("whose", set(), ["customer", "installer"])
    assert "Predicted: none of them." in repr(chapter.compare("whose", {"customer"}))


def test_the_card_says_the_same(chapter: Chapter, copies: Path):
    chapter.predict("loss", "$5 & more", ["$5 & more"])
    page = chapter.compare("loss", "$5 & more")._repr_html_()
    assert "<b>Outcome:</b>" in page
    assert "<span>$</span>5 &amp; more, as you expected" in page
