"""A check cell that runs too early, or is interrupted, ends with a sentence; in the kernel of readers."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from nbformat import NotebookNode, v4

from classroom import commands
from tests.machine.test_interrupts import ARM, Kernel, errors, said

CHECK = 'chapter.check("05-listener", commission_cents)'
SET_UP = 'from classroom import Chapter\nchapter = Chapter.open("05", kafka=False)'
SLOW = "import time\ndef commission_cents(event):\n    while True: time.sleep(0.01)"


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> Iterator[Kernel]:
    monkeypatch.setenv("JUPYTER_PATH", str(Path(*commands.__path__, "jupyter")))
    with Kernel(v4.new_notebook()) as kernel:
        yield kernel


def shown(cell: NotebookNode) -> list[str]:
    """The lines that a reader sees of an error."""
    return [line for out in cell.outputs if out.output_type == "error" for line in out.traceback]


def test_a_check_that_runs_first_says_what_to_run(kernel: Kernel):
    assert shown(kernel.run(CHECK)) == [
        "This chapter is not open yet. Run its Set-up cell first, then this cell."
    ]
    kernel.run(SET_UP)
    (told,) = said(kernel.run(CHECK))
    assert told.startswith("not attempted: commission_cents is not defined yet. Run the cell")
    kernel.run("def commission_cents(event):\n    return None")
    assert said(kernel.run(CHECK))[0].startswith("not yet: ")


def test_an_interrupt_ends_the_check_with_a_sentence(kernel: Kernel):
    kernel.run(f"{SET_UP}\n{SLOW}")
    kernel.run(ARM.format(after_s=0.5))
    (line,) = shown(kernel.run(CHECK))
    assert line == "The check of 05-listener was stopped, and nothing is kept of it. Run this cell again."
    assert errors(kernel.run("chapter.close()")) == ""
