"""What a check says of a function that is not there, or has another name."""

from classroom.desk.outcome import Outcome
from classroom.exercises import catalog, names

LISTENER = catalog.named("05-listener")


def written(name: str):
    """A function that begins as the solution does, as if it was written in a notebook."""
    function = type(LISTENER.solution)(LISTENER.solution.__code__, {"__name__": "__main__"}, name)
    function.__annotations__ = LISTENER.solution.__annotations__
    return function


def test_a_function_is_expected_until_it_is_defined():
    defined = {"event_of": print}
    names.expect(catalog.of_chapter("05"), defined)
    assert defined["event_of"] is print
    assert "commission_cents is not defined yet. Run the cell" in repr(defined["commission_cents"])
    assert sorted(defined) == ["commission_cents", "event_of"]


def test_a_chapter_without_exercises_expects_nothing():
    assert catalog.of_chapter("0") == []


def test_a_function_under_another_name_is_told_its_name():
    outcome = names.with_its_name(Outcome("correct", "All."), written("my_cents"), LISTENER, {})
    assert outcome.message == "All. It is called my_cents; this exercise asks for commission_cents."
    for unnamed in (LISTENER.solution, lambda event: None, 42):
        assert names.with_its_name(Outcome("correct", "All."), unnamed, LISTENER, {}).message == "All."


def test_whoever_has_written_it_under_another_name_is_asked_for_that():
    starter, defined = Outcome("not attempted", "No."), {"price": print, "my_cents": written("my_cents")}
    message = names.with_its_name(starter, LISTENER.solution, LISTENER, defined).message
    assert message == "No. Is my_cents your answer? Then call it commission_cents."
