"""`lab.py run` is content only with a chapter that says what its notebook says."""

import nbformat
import pytest

from classroom.commands import notebooks
from classroom.commands.notebooks import NOTEBOOKS, difference, said_by_checks, solution, solved
from classroom.exercises.catalog import of_chapter

pytestmark = pytest.mark.embedded


def stream(text, name="stdout"):
    return nbformat.v4.new_output("stream", name=name, text=text)


def shown(text, png="x"):
    return nbformat.v4.new_output("display_data", {"text/plain": text, "image/png": png})


def notebook(*outputs):
    cell = nbformat.v4.new_code_cell("send()", outputs=list(outputs), id="first-event")
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# Start"), cell])


SAME = {
    "the same": ([stream("202\n")], [stream("202\n")]),
    "another picture": ([shown("155 bills", "x")], [shown("155 bills", "y")]),
    "another order of kinds": ([stream("a\n"), shown("b")], [shown("b"), stream("a\n")]),
    "the same in pieces": ([stream("a\nb\n")], [stream("a\n"), stream("b\n")]),
    "another Kafka": (
        [stream("Kafka: embedded broker (in memory)\n")],
        [stream("Kafka: Kafka at 127.0.0.1:9092\n")],
    ),
}
OTHER = {
    "another status": ([stream("status 202\n")], [stream("status 0\n")], "'status 202\\n'"),
    "another sentence": ([shown("155 bills")], [shown("154 bills")], "'154 bills'"),
    "nothing": ([stream("202\n")], [], "now   ''"),
    "something": ([], [stream("oh\n")], "kept  ''"),
    "a warning": ([], [stream("Invalid\n", "stderr")], "(stderr)"),
}


@pytest.mark.parametrize(("kept", "now"), SAME.values(), ids=SAME)
def test_what_reads_the_same_is_the_same(kept, now):
    assert difference(notebook(*kept), notebook(*now)) == ""


@pytest.mark.parametrize(("kept", "now", "told"), OTHER.values(), ids=OTHER)
def test_another_text_is_told_with_its_cell(kept, now, told):
    said = difference(notebook(*kept), notebook(*now))
    assert said.startswith("cell 'first-event' says something else than its notebook")
    assert told in said


def test_what_may_differ_is_what_nbval_lets_differ():
    assert notebooks.MAY_DIFFER.exists()


@pytest.fixture
def chapter_of(tmp_path, monkeypatch):
    """Writes a notebook with this kept output, whose run says 202."""

    def write(said):
        path = tmp_path / "00-start-here.ipynb"
        nbformat.write(notebook(stream(said)), path)
        return path

    def executed(ran, _):
        ran.cells[1].outputs = [stream("202\n")]
        return True

    monkeypatch.setattr(notebooks, "executed", executed)
    return write


@pytest.mark.parametrize(("said", "right"), [("202\n", True), ("0\n", False)])
def test_a_run_is_right_if_the_notebook_says_so(chapter_of, capsys, said, right):
    assert notebooks.run(chapter_of(said), save=False) == right
    assert ("\nNext: mend what differs" in capsys.readouterr().out) != right


def test_a_run_that_saves_keeps_what_is_new(chapter_of):
    path = chapter_of("0\n")
    assert notebooks.run(path, save=True)
    assert nbformat.read(path, 4).cells[1].outputs[0].text == "202\n"


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.stem)
def test_a_trainers_chapter_has_the_solution_in_place_of_each_starter_and_is_else_as_it_was(path):
    shipped, ours = (nbformat.read(path, 4) for _ in range(2))
    changed = {
        cell.id: cell.source
        for cell, before in zip(solved(ours).cells, shipped.cells, strict=True)
        if cell.source != before.source
    }
    exercises = of_chapter(path.stem.partition("-")[0])
    assert changed == {exercise.name: solution(exercise).strip() for exercise in exercises}


def test_what_the_checks_of_a_chapter_say_is_found_and_nothing_of_one_that_did_not_run():
    ran, not_run = (nbformat.v4.new_code_cell("", id=f"exercise-01-{name}-check") for name in ("a", "b"))
    ran.outputs = [stream("tried\n"), shown("correct: 3 of 3"), shown("see the map")]
    cells = [nbformat.v4.new_code_cell("", id="exercise-01-a"), ran, not_run]
    found = [*said_by_checks(nbformat.v4.new_notebook(cells=cells))]
    assert found == [("exercise-01-a", "correct: 3 of 3 see the map"), ("exercise-01-b", "")]
