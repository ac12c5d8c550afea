"""The stop button at any moment: run the cell again, and it is right. In a real kernel, at random moments.

The moment comes from a thread of the kernel itself and always lies inside the cell: one that falls between
two cells can lose ipykernel 7 a message, whatever the cell was. `FIBERLAB_SEED` chooses other moments.
"""

import os
import random
import time

import pytest
from nbformat import NotebookNode, read, v4

from classroom.commands.notebooks import NOTEBOOKS, client_of

pytestmark = pytest.mark.timeout(500)

LONG_S = 0.4  # a cell that takes longer is interrupted
ARM = """
import os as _os, signal as _signal, threading as _threading
def _press(): _os.kill(_os.getpid(), _signal.SIGINT)
_button = _threading.Timer({after_s}, _press)
_button.start()
"""
DISARM = "\n_button.cancel(); _button.join()"
IMPORTS_S = 2.5


class Kernel:
    """A kernel in the folder of the originals."""

    def __init__(self, notebook: NotebookNode) -> None:
        self._notebook = notebook
        self._client = client_of(notebook, NOTEBOOKS)
        self._client.allow_errors = True

    def __enter__(self) -> "Kernel":
        self._opened = self._client.setup_kernel()
        self._opened.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._opened.__exit__(*error)

    def run(self, source: str) -> NotebookNode:
        """The cell that was run, at the end of the notebook, with its outputs."""
        cell = v4.new_code_cell(source)
        self._notebook.cells.append(cell)
        self._client.execute_cell(cell, len(self._notebook.cells) - 1)
        return cell

    def interrupted(self, source: str, after_s: float) -> str:
        """How the cell ended that was interrupted so long after it began, if it had not ended before."""
        self.run(ARM.format(after_s=after_s))
        return errors(self.run(source + DISARM))


def errors(cell: NotebookNode) -> str:
    """The names and texts of errors, and what went to stderr."""
    raised = [f"{out.ename}: {out.evalue}" for out in cell.outputs if out.output_type == "error"]
    return " ".join(raised + [out.text for out in cell.outputs if out.get("name") == "stderr"])


def said(cell: NotebookNode) -> list[str]:
    """What the cell says, as strict nbval compares it."""
    return [out.get("text") or out.get("data", {}).get("text/plain", "") for out in cell.outputs]


def chapter(number: str) -> list[NotebookNode]:
    """The chapter's code cells as they are shipped."""
    (path,) = NOTEBOOKS.glob(f"{number}-*.ipynb")
    return [cell for cell in read(path, as_version=4).cells if cell.cell_type == "code"]


@pytest.mark.parametrize("number", ["05", "06"])
def test_every_long_cell_that_was_interrupted_runs_again_and_says_what_it_says(number):
    rng = random.Random(f"{os.environ.get('FIBERLAB_SEED', 1)} {number}")
    interrupted = 0
    with Kernel(v4.new_notebook()) as kernel:
        for cell in chapter(number):
            started = time.monotonic()
            first = kernel.run(cell.source)
            took_s = time.monotonic() - started
            assert errors(first) == "", cell.id
            if took_s > LONG_S:
                told = kernel.interrupted(cell.source, rng.uniform(0.02, took_s))
                stopped = told.startswith(("KeyboardInterrupt", "CheckStopped"))
                interrupted += stopped
                assert stopped or told == "", f"{cell.id}: {told}"
                again = kernel.run(cell.source)
                assert (errors(again), said(again)) == ("", said(first)), cell.id
    assert interrupted > 1  # a cell that ended just before the interrupt counts for nothing


@pytest.mark.parametrize("number", ["01", "05"])
def test_a_first_cell_that_was_interrupted_while_it_imports_runs_again(number):
    set_up, *_ = chapter(number)
    rng = random.Random(f"{os.environ.get('FIBERLAB_SEED', 1)} {number}")
    for _ in range(3):
        with Kernel(v4.new_notebook()) as kernel:
            told = kernel.interrupted(set_up.source, rng.uniform(0, IMPORTS_S))
            assert "KeyboardInterrupt" in told or told == ""
            again = kernel.run(set_up.source + "\nlen(chapter.day), chapter.coupled().charges()")
            assert (errors(again), said(again)[-1]) == ("", "(1200, [])")
