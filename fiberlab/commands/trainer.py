"""The workbook with its exercises solved, for the trainer: `python3 lab.py trainer` runs it anew.

The notebooks are run in their own folder, with the solutions in place of the starters, and go with their
outputs into `trainer/solved/`, which git ignores. The solutions that readers open, `notebooks/solutions/`,
are written from the exercises' source. The exit status is 0 if every check says *correct*.
"""

import ast
import inspect
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from fiberlab.commands.series import NOTEBOOKS, chosen, executed, tidy
from fiberlab.lab.exercises.check import Exercise
from fiberlab.lab.exercises.notebook import exercises

SOLVED = NOTEBOOKS.parent / "trainer" / "solved"
SOLUTIONS = NOTEBOOKS / "solutions"


def main(arguments: Sequence[str]) -> int:
    """The exit status: 0 if all notebooks ran and all checks are content, 1 if not."""
    for exercise in exercises():
        path = SOLUTIONS / f"{exercise.name}.py"
        path.write_text(solution(exercise), encoding="utf-8", newline="\n")
    SOLVED.mkdir(parents=True, exist_ok=True)
    paths = chosen(arguments)
    if not paths:
        print(f"no notebook is called {' or '.join(arguments)}; look into the folder notebooks")
        return 1
    results = [_solve(path) for path in paths]
    return int(not all(results))


def _solve(path: Path) -> bool:
    notebook = solved(nbformat.read(path, as_version=4))
    ran = executed(notebook, path)
    nbformat.write(tidy(notebook), SOLVED / path.name)
    wrong = [name for name, said in said_by_checks(notebook) if not said.startswith("correct")]
    if wrong:
        print(f"{path.stem}: not correct: {', '.join(wrong)}; correct the solution")
    return ran and not wrong


def solved(notebook: NotebookNode) -> NotebookNode:
    """The notebook with every starter replaced by its solution."""
    solutions = {exercise.name: solution(exercise) for exercise in exercises()}
    for cell in notebook.cells:
        if f"{cell.id}-check" in {other.id for other in notebook.cells}:
            cell.source = solutions[cell.id].strip()
    return notebook


def solution(exercise: Exercise) -> str:
    """The source of the exercise's solution, below the imports and values of its module that it needs."""
    text = inspect.getsource(inspect.getmodule(exercise.solution))
    function = inspect.getsource(exercise.solution)
    needed, standard, ours, values = _names(ast.parse(function)), [], [], []
    for node in reversed(ast.parse(text).body):  # what a value needs stands above it
        if isinstance(node, ast.Import | ast.ImportFrom):
            node.names = [alias for alias in node.names if alias.name in needed]
            line = ast.unparse(node) + "\n" if node.names else ""
            (ours if "fiberlab" in line else standard).insert(0, line)
        elif isinstance(node, ast.Assign) and _names(node.targets[0]) & needed:
            needed |= _names(node)
            values.insert(0, ast.get_source_segment(text, node) + "\n")
    above = "\n".join(filter(None, map("".join, (standard, ours, values))))
    return f"{above}\n\n{function}" if above else function


def _names(tree: ast.AST) -> set[str]:
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def said_by_checks(notebook: NotebookNode) -> Iterator[tuple[str, str]]:
    """The name of each exercise, and what its check says as text; nothing if it did not run."""
    for cell in notebook.cells:
        if cell.id.startswith("exercise-") and cell.id.endswith("-check"):
            said = [output.data["text/plain"] for output in cell.outputs if "data" in output]
            yield cell.id.removesuffix("-check"), " ".join(said)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
