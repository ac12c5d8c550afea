"""Importing a module of ours does nothing but define names, and says nothing."""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.quick.test_architecture import ROOT, imports

pytestmark = pytest.mark.embedded

# Runs in a fresh Python. An act is ours if the innermost module that is being imported at that moment is one
# of ours: what matplotlib or pydantic do while they are imported is theirs.
WATCHED_IMPORT = """
import contextlib, importlib, io, os, sys, threading
root, *modules = sys.argv[1:]
sys.path.insert(0, root)
ACTS = {
    "socket.__new__": "opens a socket", "sqlite3.connect": "opens a database",
    "subprocess.Popen": "starts a process", "os.mkdir": "makes a folder", "os.remove": "deletes a file",
    "os.rename": "renames a file", "ctypes.dlopen": "loads a library",
}
def importing():
    frame = sys._getframe(2)
    while frame and frame.f_code.co_name != "<module>":
        frame = frame.f_back
    name = frame.f_globals["__name__"] if frame else ""
    return name if name.split(".")[0] in ("fiberlab", "classroom") else ""
def told(module, act):
    if module:
        print(f"{module} {act} while it is imported")
def watch(event, arguments):
    if event in ACTS:
        told(importing(), ACTS[event])
    elif event == "open":
        mode, flags = arguments[1] or "", arguments[2] or 0
        if set(mode) & set("wax+") or flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            told(importing(), "writes a file")
read = os._Environ.__getitem__
def watched_read(self, key):
    if str(key).startswith(("KAFKA_", "FIBERLAB_")):
        told(importing(), f"reads {key}")
    return read(self, key)
os._Environ.__getitem__ = watched_read
start = threading.Thread.start
def watched_start(self):
    told(importing(), "starts a thread")
    start(self)
threading.Thread.start = watched_start
sys.addaudithook(watch)
for module in modules:
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            importlib.import_module(module)
        assert os.path.realpath(sys.modules[module].__file__).startswith(os.path.realpath(root))
    except Exception as error:
        print(f"{module} cannot be imported: {error!r}")
    if said.getvalue():
        print(f"{module} writes to stderr while it is imported: {said.getvalue().strip()!r}")
"""


def work_at_import(root: Path, modules: Sequence[str]) -> Iterator[str]:
    """What importing these modules does besides defining names."""
    command = [sys.executable, "-B", "-c", WATCHED_IMPORT, str(root), *modules]
    environment = os.environ | {"KAFKA_X": "1"}
    ran = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    yield from dict.fromkeys(ran.stdout.splitlines())
    if ran.returncode or ran.stderr:
        yield f"importing ends with {ran.returncode}: {ran.stderr.strip()}"


# What a module does while it is imported, and what is then reported of it; "": it is allowed.
AT_IMPORT = (
    ("import socket\nsocket.socket().close()", "opens a socket"),
    ("import threading\nthreading.Thread(target=int).start()", "starts a thread"),
    ("def f():\n    open(__file__ + 'l', 'a').close()\nf()", "writes a file"),
    ("from pathlib import Path\nPath(__file__ + 'd').mkdir()", "makes a folder"),
    ("import sqlite3\nsqlite3.connect(':memory:')", "opens a database"),
    ("import ctypes\nctypes.CDLL(None)", "loads a library"),
    ("import subprocess, sys\nsubprocess.run([sys.executable, '-V'])", "starts a process"),
    ("import os\nos.environ.get('KAFKA_X')", "reads KAFKA_X"),
    ("import os\nos.getenv('FIBERLAB_X')", "reads FIBERLAB_X"),
    ("import sys\nsys.stderr.write('hello')", "writes to stderr while it is imported: 'hello'"),
    ("1 / 0", "cannot be imported: ZeroDivisionError"),
    ("open(__file__).close()", ""),
    ("import os\nos.getenv('HOME')", ""),
)


def test_importing_does_nothing():
    assert list(work_at_import(ROOT, [*imports(ROOT)])) == []


def test_work_at_import_is_reported_module_by_module(tmp_path: Path):
    package = tmp_path / "fiberlab"
    package.mkdir()
    (package / "__init__.py").touch()
    names = [f"planted_{number:02}" for number in range(len(AT_IMPORT))]
    for name, (text, _) in zip(names, AT_IMPORT, strict=True):
        (package / f"{name}.py").write_text(text)
    reported = list(work_at_import(tmp_path, [f"fiberlab.{name}" for name in names]))
    for name, (text, told) in zip(names, AT_IMPORT, strict=True):
        lines = [line for line in reported if line.startswith(f"fiberlab.{name} ")]
        assert any(told in line for line in lines) if told else lines == [], text
