"""Every exercise is proven: what its check says to the starter, to right answers, to wrong ones, to faults.

A new exercise is a row: `PROOFS` of a file `chapter_NN.py` here. The table is printed by
`python3 lab.py test -rP -k table_of_exercises`.
"""

import ast
from collections.abc import Callable, Iterator
from pathlib import Path

import nbformat
import pytest

from fiberlab.commands.series import NOTEBOOKS
from fiberlab.lab import time_limit
from fiberlab.lab.chapter import Chapter, close_open_chapter
from fiberlab.lab.outcomes import Outcome
from tests.exercises import (
    chapter_01,
    chapter_02,
    chapter_03,
    chapter_04,
    chapter_05,
    chapter_05b,
    chapter_06,
    chapter_10,
)
from tests.exercises.proof import SEEDS, Answer, Proof

CHAPTERS = (chapter_01, chapter_02, chapter_03, chapter_04, chapter_05, chapter_05b, chapter_06, chapter_10)
PROOFS: dict[str, Proof] = {name: proof for chapter in CHAPTERS for name, proof in chapter.PROOFS.items()}
CELLS = {cell.id: cell.source for path in NOTEBOOKS.glob("*.ipynb") for cell in nbformat.read(path, 4).cells}
EXERCISES = sorted(name for name in CELLS if f"{name}-check" in CELLS)

pytestmark = [pytest.mark.embedded, pytest.mark.timeout(180)]  # 50 seeds on a broker of their own


@pytest.fixture(scope="module")
def chapter() -> Iterator[Chapter]:
    yield Chapter.open("test")
    close_open_chapter()


def function_of(code: str, name: str) -> Answer:
    """The function that the exercise's starter defines, as this code defines it."""
    *_, defined = [node.name for node in ast.parse(CELLS[name]).body if isinstance(node, ast.FunctionDef)]
    names: dict[str, Answer] = {}
    exec(code, names)
    return names[defined]


def solution(name: str) -> str:
    return Path(NOTEBOOKS, "solutions", f"{name}.py").read_text(encoding="utf-8")


def shown(name: str, code: str, chapter: Chapter) -> Outcome:
    """What the check cell of the notebook shows after this code was run in place of the starter."""
    names: dict[str, object] = {"chapter": chapter}
    exec(code, names)
    *statements, call = ast.parse(CELLS[f"{name}-check"]).body
    exec(compile(ast.Module(statements, []), name, "exec"), names)
    return eval(compile(ast.Expression(call.value), name, "eval"), names)


def outcomes(name: str, answer: Answer, chapter: Chapter) -> list[Outcome]:
    return [PROOFS[name].check(answer, chapter, seed) for seed in SEEDS]


@pytest.mark.parametrize("name", EXERCISES)
def test_the_starter_is_not_attempted(name: str, chapter: Chapter):
    outcome = shown(name, CELLS[name], chapter)
    assert outcome.status == "not attempted"
    assert f"def {outcome.message.split()[0]}(" in CELLS[name]


@pytest.mark.parametrize("name", EXERCISES)
def test_the_check_cell_calls_the_solution_correct(name: str, chapter: Chapter):
    assert shown(name, solution(name), chapter).status == "correct"


@pytest.mark.parametrize("name", PROOFS)
def test_the_solution_is_correct_on_every_seed(name: str, chapter: Chapter):
    found = outcomes(name, function_of(solution(name), name), chapter)
    assert {outcome.status for outcome in found} == {"correct"}, found


@pytest.mark.parametrize("name", PROOFS)
@pytest.mark.parametrize("which", [0, 1])
def test_another_right_answer_is_correct_on_every_seed(name: str, which: int, chapter: Chapter):
    found = outcomes(name, PROOFS[name].right[which], chapter)
    assert {outcome.status for outcome in found} == {"correct"}, found


WRONG = [(name, thought) for name, proof in PROOFS.items() for thought in proof.wrong]


@pytest.mark.parametrize(("name", "thought"), WRONG, ids=lambda part: part)
def test_a_wrong_answer_is_not_yet_on_every_seed_and_is_told_why(name: str, thought: str, chapter: Chapter):
    answer, word = PROOFS[name].wrong[thought]
    for outcome in outcomes(name, answer, chapter):
        assert outcome.status == "not yet"
        assert word in repr(outcome)
        assert outcome.misconception in (thought, ""), "another misconception is named"
        others = [other for wrong, (_, other) in PROOFS[name].wrong.items() if wrong != thought]
        assert not [other for other in others if other in repr(outcome)], "what is said to another one"


def loops(*arguments: object) -> None:
    while True:
        pass


def raises(*arguments: object) -> None:
    raise KeyError("plan")


def is_of_the_wrong_type(*arguments: object) -> object:
    return object


def prints(*arguments: object) -> None:
    print("the answer")


FAULTS = {
    "endless loop": (loops, "error in your code", "did not end within 0.2 s; it was still in line"),
    "exception": (raises, "error in your code", "raised KeyError: 'plan' in line"),
    "wrong type": (is_of_the_wrong_type, "not yet", "of type type"),
    "print, no return": (prints, "not yet", "use return, not print"),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", PROOFS)
def test_a_fault_has_the_right_outcome_in_time(
    name: str, fault: str, chapter: Chapter, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(time_limit, "WITHIN_S", 0.2)
    answer, status, word = FAULTS[fault]
    outcome = PROOFS[name].check(answer, chapter, 1)
    assert outcome.status == status
    assert PROOFS[name].faults.get(fault, word) in outcome.message


# What is shown, and of how many answers; the tests above are made of the same rows.
COLUMNS: dict[str, Callable[[str, Proof], int]] = {
    "starter": lambda name, proof: int(name in EXERCISES),
    "solution": lambda name, proof: int(bool(solution(name))),
    "right": lambda name, proof: len(set(proof.right)),
    "wrong": lambda name, proof: len({word for _, word in proof.wrong.values()}),
    "faults": lambda name, proof: len(FAULTS),
    "seeds": lambda name, proof: len(SEEDS),
}
AT_LEAST = {"starter": 1, "solution": 1, "right": 2, "wrong": 3, "faults": 4, "seeds": 50}


def test_the_table_of_exercises_and_proofs_is_complete():
    table = {name: {what: of(name, proof) for what, of in COLUMNS.items()} for name, proof in PROOFS.items()}
    print(f"{'exercise':24}{''.join(f'{what:>10}' for what in COLUMNS)}")
    for name, row in table.items():
        print(f"{name:24}{''.join(f'{count:10}' for count in row.values())}")
    assert sorted(table) == EXERCISES
    for row in table.values():
        assert all(row[what] >= least for what, least in AT_LEAST.items())
