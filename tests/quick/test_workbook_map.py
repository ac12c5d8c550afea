"""The map of the workbook shows every chapter, and what its reader has done there."""

import pytest

from classroom.desk.map import Stop, WorkbookMap, stops
from classroom.desk.progress import nothing

pytestmark = pytest.mark.embedded

STOPS = (
    Stop("00", "Start here", (), ()),
    Stop("01", "One <actor>", ("exercise-01-price", "exercise-01-chain"), ("wrong-bills", "wait")),
)


def test_with_nothing_done_every_chapter_is_there():
    assert repr(WorkbookMap(STOPS, nothing())) == (
        "00 Start here\n01 One <actor>: price: not attempted, chain: not attempted; 0 of 2 predictions made"
    )


def test_what_was_done_is_shown():
    progress = nothing("ada")
    progress["exercises"] = {
        "exercise-01-price": {"outcome": "not yet", "solved": True, "attempts": 3},
        "exercise-01-chain": {"outcome": "not yet", "solved": False, "attempts": 2},
    }
    progress["predictions"] = {"01/wait": {"right": False}, "02/wait": {"right": True}}
    assert repr(WorkbookMap(STOPS, progress)).endswith(
        "price: correct, chain: not yet, attempts 2; 1 of 2 predictions made, 1 a surprise"
    )


def test_in_jupyter_it_is_a_table_with_headings():
    page = WorkbookMap(STOPS, nothing())._repr_html_()
    assert page.count('scope="col"') == 3
    assert page.count('scope="row"') == 2
    assert "<caption>" in page
    assert "One &lt;actor&gt;" in page


def test_the_shipped_chapters_are_found_with_their_exercises_and_predictions():
    found = {stop.number: stop for stop in stops()}
    assert found["00"].exercises == ()
    assert found["01"].exercises == ("exercise-01-price", "exercise-01-chain")
    assert "wrong-bills" in found["01"].predictions
    assert found["02"].title == "A second actor"
