"""The workbook with its exercises solved, for the trainer: `python3 lab.py trainer` runs it anew.

The notebooks are run in their own folder, with the solutions in place of the starters, and go with their
outputs into `trainer/solved/`, which git ignores. The exit status is 0 if every check says *correct*.
"""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from fiberlab.commands.series import NOTEBOOKS, chosen, executed, tidy

SOLVED = NOTEBOOKS.parent / "trainer" / "solved"


def main(arguments: Sequence[str]) -> int:
    """The exit status: 0 if all notebooks ran and all checks are content, 1 if not."""
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


def solved(notebook: NotebookNode, solutions: Path = NOTEBOOKS / "solutions") -> NotebookNode:
    """The notebook with every starter replaced by its solution."""
    for cell in notebook.cells:
        if f"{cell.id}-check" in {other.id for other in notebook.cells}:
            cell.source = (solutions / f"{cell.id}.py").read_text(encoding="utf-8").strip()
    return notebook


def said_by_checks(notebook: NotebookNode) -> Iterator[tuple[str, str]]:
    """The name of each exercise, and what its check says as text; nothing if it did not run."""
    for cell in notebook.cells:
        if cell.id.startswith("exercise-") and cell.id.endswith("-check"):
            said = [output.data["text/plain"] for output in cell.outputs if "data" in output]
            yield cell.id.removesuffix("-check"), " ".join(said)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
