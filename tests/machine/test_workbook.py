"""When JupyterLab does not come up, it is said at once, with its last words."""

import subprocess
import sys
import time

import pytest

from classroom.commands import workbook
from classroom.commands.workbook import WorkbookError
from classroom.world.running import HttpServer
from fiberlab.api import new_app

pytestmark = pytest.mark.embedded


@pytest.fixture
def server(monkeypatch, tmp_path):
    """A process that stands for JupyterLab and has written a log."""
    monkeypatch.setattr(workbook, "LOG", tmp_path / "jupyter.log")
    workbook.LOG.write_bytes(b"[I] starting\n[C] Bad config: base_url \xff\n\n")
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


def refused(server, address):
    with pytest.raises(WorkbookError) as told:
        workbook.wait_for_answer(server, address)
    return str(told.value)


def test_an_answer_that_is_no_page_is_told_within_seconds(server):
    elsewhere, started = HttpServer("elsewhere", new_app("elsewhere")), time.monotonic()
    told = refused(server, f"{elsewhere.url}/lab")
    assert time.monotonic() - started < 5
    assert told.startswith("JupyterLab answered 404 instead of showing the workbook. Its last words: [C] Bad")
    assert f"\nNext: read the end of {workbook.LOG}" in told
    elsewhere.stop()


def test_a_server_that_has_ended_is_told_within_seconds(server):
    server.kill()
    assert refused(server, "http://127.0.0.1:9/lab").startswith(
        "JupyterLab ended before it answered. Its last"
    )


def test_a_server_that_is_silent_is_told_after_a_while(server, monkeypatch):
    monkeypatch.setattr(workbook, "ANSWERS_WITHIN_S", 0.2)
    assert refused(server, "http://127.0.0.1:9/lab").startswith("JupyterLab did not answer within 0.2 s. Its")


def test_an_ended_server_is_not_told_its_token_in_vain(server):
    server.kill()
    server.wait()
    workbook.tell(server, "a token")
