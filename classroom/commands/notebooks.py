"""The notebooks without a browser: `python3 lab.py run [--save] [chapter ...]`, `python3 lab.py trainer`.

`run` ends with the billing outcome per actor for both designs. Its exit status is 0 only if every cell ran
and said what its notebook says, the event-driven bills equal the oracle, and the coupled ones do not. --save
keeps the outputs in the notebooks instead of comparing them.

`trainer` runs them with the solutions in place of the starters and keeps the outputs in `trainer/solved/`,
which git ignores. The solutions that readers open, `notebooks/solutions/`, are written from the exercises'
source. Its exit status is 0 if every check says *correct*.
"""

import argparse
import ast
import copy
import inspect
import os
import re
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from configparser import ConfigParser
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

from classroom.chapter import Chapter, close_open_chapter
from classroom.commands.copies import number
from classroom.desk.map import NOTEBOOKS
from classroom.exercises.catalog import exercises
from classroom.exercises.check import Exercise
from classroom.experiments.billing import bill_every_design
from classroom.source import PACKAGE
from classroom.world.bills import outcome
from classroom.world.designs import EVENTS, MODULAR, SHARED

MAY_DIFFER = PACKAGE.parent / "tests" / "nbval_sanitize.cfg"


def difference(kept: NotebookNode, now: NotebookNode) -> str:
    """The first cell that says something else than its kept output, in words; nothing if none does."""
    rules = _rules()
    for before, after in zip(kept.cells, now.cells, strict=True):
        old, new = _said(before, rules), _said(after, rules)
        for kind in sorted(old.keys() | new.keys()):
            if old.get(kind) != new.get(kind):
                return (
                    f"cell {after.id!r} says something else than its notebook ({kind}):\n"
                    f"  kept  {old.get(kind, '')!r}\n  now   {new.get(kind, '')!r}"
                )
    return ""


def _rules() -> list[Mapping[str, str]]:
    settings = ConfigParser(interpolation=None)
    settings.read(MAY_DIFFER, encoding="utf-8")
    return [settings[section] for section in settings.sections()]


def _said(cell: NotebookNode, rules: list[Mapping[str, str]]) -> dict[str, str]:
    """What the cell wrote, by stream, and what it showed, as text."""
    said: dict[str, str] = defaultdict(str)
    for output in cell.get("outputs", ()):
        kind = output.get("name", "shown")
        text = output.get("text") or output.get("data", {}).get("text/plain", "")
        for rule in rules:
            text = re.sub(rule["regex"], rule["replace"], text)
        said[kind] += text
    return dict(said)


CELL_WITHIN_S = 120
OURS = ("from fiberlab", "from classroom")


def main(arguments: Sequence[str]) -> int:
    """The exit status; the first argument says which of the two."""
    what, *rest = arguments
    return {"run": run_series, "trainer": solve_all}[what](rest)


def run_series(arguments: Sequence[str]) -> int:
    """The exit status: 0 if all is right, 1 if not."""
    parser = argparse.ArgumentParser(prog="lab.py run", description="Run the notebooks without a browser.")
    parser.add_argument("--save", action="store_true", help="keep the outputs in the notebooks")
    parser.add_argument("names", nargs="*", help="only these, for example 05 (default: all)")
    options = parser.parse_args(arguments)
    paths = chosen(options.names)
    if not paths:
        print(f"no notebook is called {' or '.join(options.names)}; look into the folder notebooks")
        return 1
    results = [run(path, options.save) for path in paths]
    return int(not (all(results) and designs_bill_as_told()))


def chosen(names: Sequence[str], folder: Path = NOTEBOOKS) -> list[Path]:
    """The notebooks of these chapters, in order; a chapter is 05 or 05-the-backbone. All if none is named."""
    files = sorted(folder.glob("*.ipynb"))
    return [p for p in files if not names or {p.stem, number(p)} & set(names)]


def run(path: Path, save: bool) -> bool:
    """Whether every cell of the notebook ran and, unless it is saved anew, said what the notebook says."""
    notebook = nbformat.read(path, as_version=4)
    kept = copy.deepcopy(notebook)
    if not executed(notebook, path):
        return False
    if save:
        nbformat.write(tidy(notebook), path)
    elif differs := difference(kept, notebook):
        print(f"{path.stem}: {differs}\nNext: mend what differs; if it is meant, keep it with run --save")
    return save or not differs


def executed(notebook: NotebookNode, path: Path) -> bool:
    """Whether every cell of this notebook ran where the file is; its outputs are then in it."""
    client = client_of(notebook, path.parent)
    try:
        with client.setup_kernel():
            for number, cell in enumerate(notebook.cells):
                _say(f"{path.stem}: cell {number + 1} of {len(notebook.cells)}")
                client.execute_cell(cell, number)
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        _say(f"{path.stem}: cell {cell.id!r} failed; open the notebook and run it there\n{error}\n")
        return False
    _say(f"{path.stem}: all {len(notebook.cells)} cells ran\n")
    return True


def client_of(notebook: NotebookNode, folder: Path) -> NotebookClient:
    """A client that runs the notebook in the folder, with outputs that do not differ from run to run."""
    return NotebookClient(
        notebook,
        timeout=CELL_WITHIN_S,
        store_widget_state=False,
        record_timing=False,
        coalesce_streams=True,
        extra_arguments=["--log-level=ERROR"],
        resources={"metadata": {"path": str(folder)}},
    )


def designs_bill_as_told() -> bool:
    """Whether the shipped day is billed wrongly by the shared module, and rightly by the other two."""
    try:
        chapter = Chapter.open("series", os.environ, kafka=False)
        days = bill_every_design(chapter)
    finally:
        close_open_chapter()
    for design, bills in days.items():
        print(f"\n{design.capitalize()}\n{outcome(bills).to_string()}")
    right = {design: (bills.billed_cents == bills.expected_cents).all() for design, bills in days.items()}
    return right == {SHARED: False, MODULAR: True, EVENTS: True}


def tidy(notebook: NotebookNode) -> NotebookNode:
    """The notebook without what differs from machine to machine."""
    notebook.metadata.pop("widgets", None)
    notebook.metadata.language_info = {"name": "python"}
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
    return notebook


def _say(text: str) -> None:
    if sys.stdout.isatty():
        print(f"\r\x1b[K{text}", end="", flush=True)
    elif text.endswith("\n"):
        print(text, end="", flush=True)


# --- with the exercises solved ---


SOLVED = NOTEBOOKS.parent / "trainer" / "solved"
SOLUTIONS = NOTEBOOKS / "solutions"


def solve_all(arguments: Sequence[str]) -> int:
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
    known, ids = {exercise.name: exercise for exercise in exercises()}, {cell.id for cell in notebook.cells}
    for cell in notebook.cells:
        if f"{cell.id}-check" in ids:
            cell.source = solution(known[cell.id]).strip()
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
            (ours if line.startswith(OURS) else standard).insert(0, line)
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
