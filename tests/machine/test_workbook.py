"""When JupyterLab does not come up, it is said at once, with its last words; nobody else is taken for it."""

import json
import os
import socket
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
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path))
    workbook.LOG.write_bytes(b"[I] starting\n[C] Bad config: base_url \xff\n\n")
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


@pytest.fixture
def elsewhere(tmp_path):
    """A server whose token is "theirs", and which shows no page."""
    server = HttpServer("elsewhere", new_app("elsewhere"))
    about = {"pid": os.getpid(), "url": f"{server.url}/", "token": "theirs"}
    (tmp_path / "jpserver-1.json").write_text(json.dumps(about), encoding="utf-8")
    yield server
    server.stop()


def refused(server, token="ours"):
    with pytest.raises(WorkbookError) as told:
        workbook.wait_for_page(server, token)
    return str(told.value)


def test_an_answer_that_is_no_page_is_told_within_seconds(server, elsewhere):
    started = time.monotonic()
    told = refused(server, "theirs")
    assert time.monotonic() - started < 20
    assert told.startswith("JupyterLab answered 404 instead of showing the workbook. Its last words: [C] Bad")
    assert f"\nNext: read the end of {workbook.LOG}" in told


def test_a_server_that_has_ended_is_told_within_seconds(server):
    server.kill()
    assert refused(server).startswith("JupyterLab ended before it answered. Its last")


def test_a_server_that_is_silent_is_told_after_a_while_and_nobody_else_is_taken_for_it(
    server, elsewhere, monkeypatch
):
    monkeypatch.setattr(workbook, "ANSWERS_WITHIN_S", 0.2)
    assert refused(server).startswith("JupyterLab did not answer within 0.2 s. Its")


def test_who_loses_the_port_to_another_that_starts_at_once_takes_the_next(tmp_path, monkeypatch):
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path))
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        command = workbook.jupyterlab(port, others=True)
        with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
            workbook.tell(server, "ours")
            address = workbook.wait_for_page(server, "ours")
            server.terminate()
    assert address.endswith("/lab/tree/my-notebooks/00-start-here.ipynb?token=ours")
    assert f":{port}/" not in address


def test_an_ended_server_is_not_told_its_token_in_vain(server):
    server.kill()
    server.wait()
    workbook.tell(server, "a token")
