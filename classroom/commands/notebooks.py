"""Run the whole series without a browser.

python -m fiberlab.commands.series [--save] [notebook ...]

Ends with the billing outcome per actor for both designs. Exit status 0 only if every cell ran and said what
its notebook says, the event-driven bills equal the oracle, and the coupled ones do not. --save keeps the
outputs in the notebooks instead of comparing them.
"""

import argparse
import copy
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

from fiberlab.commands.copies import number
from fiberlab.commands.kept_outputs import difference
from fiberlab.lab.bills import outcome
from fiberlab.lab.chapter import Chapter, close_open_chapter
from fiberlab.lab.days import DATA
from fiberlab.lab.experiments import bill_both_designs

NOTEBOOKS = DATA.parent / "notebooks"
CELL_WITHIN_S = 120


def main(arguments: Sequence[str]) -> int:
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
    return int(not (all(results) and both_designs_as_told()))


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


def both_designs_as_told() -> bool:
    """Whether the shipped day is billed rightly by events, and wrongly by the coupled design."""
    try:
        chapter = Chapter.open("series", os.environ)
        coupled, event_driven = bill_both_designs(chapter)
    finally:
        close_open_chapter()
    for design, bills in (("Coupled", coupled), ("Event-driven", event_driven)):
        print(f"\n{design}\n{outcome(bills).to_string()}")
    return bool((event_driven.wrong_cents == 0).all() and (coupled.wrong_cents != 0).any())


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


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
