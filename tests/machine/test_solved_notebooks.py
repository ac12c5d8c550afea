"""The notebooks as a learner leaves them: exercises solved, cells run twice, nothing left behind.

What each check says to right and wrong answers is proven in `exercises/`. As they are shipped the notebooks
are run by nbval.
"""

import ast
import sys
from pathlib import Path

import nbformat
import pytest

from classroom.commands.notebooks import NOTEBOOKS, client_of, said_by_checks, solved
from tests.facts import eventually

THREADS_AND_SOCKETS = """
import gc, os, threading
gc.collect()  # kafka-python leaves the sockets of broken connections to the garbage collector
threads = [
    thread.name
    for thread in threading.enumerate()
    if not thread.name.startswith(("AnyIO", "asyncio_")) and not type(thread).__module__.startswith("zmq.")
]
folder = "/proc/self/fd"
links = [os.readlink(f"{folder}/{fd}") for fd in os.listdir(folder) if os.path.islink(f"{folder}/{fd}")]
print([sorted(threads), *(sum(what in link for link in links) for what in ("socket:", "sqlite"))])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="open sockets are counted in /proc")
@pytest.mark.timeout(400)
@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.stem)
def test_solved_every_check_is_correct_every_cell_runs_twice_and_nothing_is_left(path: Path) -> None:
    notebook = solved(nbformat.read(path, as_version=4))
    client = client_of(notebook, path.parent)
    probe = nbformat.v4.new_code_cell(THREADS_AND_SOCKETS)
    with client.setup_kernel():
        before = printed(client, probe)
        for number, cell in enumerate(notebook.cells):
            for _ in range(2):
                client.clear_display_id_mapping(number)  # the first run's pictures are gone
                client.execute_cell(cell, number)
            complaints = [out for out in cell.get("outputs", []) if out.get("name") == "stderr"]
            assert not complaints, f"{cell.id}: {complaints}"
        assert not [told for told in said_by_checks(notebook) if not told[1].startswith("correct: ")]
        eventually(lambda: is_no_more(printed(client, probe), before), f"no more than {before}")


def is_no_more(after: str, before: str) -> bool:
    """Whether there is no thread that was not there before, and no more sockets and ledgers."""
    (threads, *files), (threads_before, *files_before) = ast.literal_eval(after), ast.literal_eval(before)
    more = [name for name in threads if name not in threads_before]
    return not more and all(now <= then for now, then in zip(files, files_before, strict=True))


def printed(client: object, cell: nbformat.NotebookNode) -> str:
    """What the cell prints."""
    return client.execute_cell(cell, 0).outputs[0].text
