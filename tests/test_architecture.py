"""Who may import whom, which technology lives where, how long a function is, and that importing does nothing.

The tables are the rules: a newcomer adds a rule by adding a row. Every rule is proven by a violation
planted in a copy of the package (`PLANTED`); what must stay allowed is proven too (`ALLOWED`). The
imports are read with the same `source.imports()` that a learner calls in a notebook, so what is shown
there is what is enforced here.
"""

import ast
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import NamedTuple

import nbformat
import pytest

from classroom import source

ROOT = source.PACKAGE.parent

# In every table a name stands for that module and all below it; * stands for any text.
# DIRECTIONS: of several rows that name a module the longest counts. The standard library is free
# (TECHNOLOGIES restricts it). "*" under packages: any installed one.


class Direction(NamedTuple):
    module: str
    ours: tuple[str, ...]  # which modules of fiberlab it may import
    packages: tuple[str, ...]  # which installed packages it may import
    reason: str


DIRECTIONS = (
    Direction("fiberlab", (), (), "no re-exports: every name has one address"),
    Direction("fiberlab.domain", (), (), "what is sold, to whom, at what price outlives every technology"),
    Direction("fiberlab.names", (), (), "a name is a text, whoever sends, sells or reads it"),
    Direction("fiberlab.database", (), (), "how a file fails is the same whatever is kept in it"),
    Direction(
        "fiberlab.ledger",
        ("fiberlab.domain", "fiberlab.database"),
        (),
        "both designs write charges down the same way",
    ),
    Direction(
        "fiberlab.mailing",
        ("fiberlab.database",),
        (),
        "both designs mail in the same way, so it can know neither",
    ),
    Direction(
        "fiberlab.api",
        ("fiberlab.domain", "fiberlab.database", "fiberlab.ledger", "fiberlab.mailing", "fiberlab.names"),
        ("fastapi", "pydantic"),
        "both designs accept the same request, so it can know neither",
    ),
    Direction(
        "fiberlab.coupled",
        (
            "fiberlab.domain",
            "fiberlab.database",
            "fiberlab.ledger",
            "fiberlab.mailing",
            "fiberlab.api",
            "fiberlab.coupled",
        ),
        ("*",),
        "the designs are compared, so none may lean on another",
    ),
    Direction(
        "fiberlab.monolith",
        ("fiberlab.domain", "fiberlab.ledger", "fiberlab.api", "fiberlab.monolith"),
        ("*",),
        "the designs are compared, so none may lean on another",
    ),
    Direction(
        "fiberlab.monolith.*_billing",
        ("fiberlab.domain",),
        ("*",),
        "an actor's module knows no other actor and no ledger: that makes it modular",
    ),
    Direction(
        "fiberlab.eventdriven",  # every module without a row of its own below: a service
        (
            "fiberlab.domain",
            "fiberlab.ledger",
            "fiberlab.mailing",
            "fiberlab.api",
            "fiberlab.eventdriven.events",
            "fiberlab.eventdriven.service",
        ),
        ("*",),
        "a service knows the events, never another service or the gateway; its Kafka client is passed in",
    ),
    Direction(
        "fiberlab.eventdriven.gateway",
        ("fiberlab.domain", "fiberlab.api", "fiberlab.eventdriven.events"),
        ("*",),
        "the gateway says what happened; who listens is not its business",
    ),
    Direction(
        "fiberlab.eventdriven.service",
        (
            "fiberlab.domain",
            "fiberlab.ledger",
            "fiberlab.eventdriven.events",
            "fiberlab.eventdriven.standing",
        ),
        ("*",),
        "the loop runs every service, so it can know none",
    ),
    Direction(
        "fiberlab.eventdriven.standing",
        (),
        ("*",),
        "how far a service has read has nothing to do with what it reads",
    ),
    Direction(
        "fiberlab.eventdriven.events",
        ("fiberlab.domain", "fiberlab.ledger", "fiberlab.eventdriven.cloudevent"),
        ("*",),
        "the contract does not know who writes and who listens",
    ),
    Direction(
        "fiberlab.eventdriven.cloudevent",
        (),
        (),
        "what a valid CloudEvent is has nothing to do with which events are ours",
    ),
    Direction(
        "fiberlab.kafka", ("fiberlab.kafka",), ("*",), "which Kafka it is has nothing to do with fiber"
    ),
    Direction(
        "fiberlab.lab",
        (
            "fiberlab.names",
            "fiberlab.domain",
            "fiberlab.database",
            "fiberlab.ledger",
            "fiberlab.mailing",
            "fiberlab.api",
            "fiberlab.coupled",
            "fiberlab.monolith",
            "fiberlab.eventdriven",
            "fiberlab.kafka",
            "fiberlab.lab",
        ),
        ("*",),
        "the stage may know every design; no design may know the stage",
    ),
    Direction(
        "classroom.commands",
        ("classroom.commands", "fiberlab.kafka", "fiberlab.lab"),
        ("*",),
        "lab.py's commands use the stage; nobody uses them",
    ),
)


class Technology(NamedTuple):
    name: str  # a package, by its top-level name
    only_in: tuple[str, ...]
    reason: str


CLIENTS = ("httpx", "urllib.request", "http.client", "requests", "aiohttp", "urllib3")
HTTP_CLIENT = "classroom.world.running"
ONE_CLIENT = "a client made elsewhere asks the machine's proxy for 127.0.0.1; take http_client.HttpClient"

TECHNOLOGIES = (
    *(Technology(client.split(".")[0], (HTTP_CLIENT,), ONE_CLIENT) for client in CLIENTS),
    Technology(
        "fastapi",
        (
            "fiberlab.api",
            "fiberlab.coupled.backend",
            "fiberlab.monolith.backend",
            "fiberlab.eventdriven.gateway",
            "classroom.world.running*",
        ),
        "HTTP is how a request comes in, not how it is billed",
    ),
    Technology("uvicorn", ("classroom.world.running*",), "the apps do not know who serves them"),
    Technology(
        "kafka",
        (
            "fiberlab.eventdriven.service",
            "fiberlab.eventdriven.standing",
            "fiberlab.eventdriven.gateway",
            "fiberlab.kafka",
            "classroom.world.topic",
            "classroom.world.designs",  # a Kafka that does not answer cannot be asked who listens
            "classroom.live.reading",  # a live view reads the topic with a reader of its own
        ),
        "events and services must be readable without a client library",
    ),
    Technology(
        "confluent_kafka", (), "only the library file inside it is loaded; kafka-python is the client"
    ),
    Technology("IPython", ("fiberlab.lab", "classroom.commands.kernel"), "Jupyter is the stage"),
    Technology("runpy", ("classroom.commands.__main__",), "an import by text would pass every rule above"),
    Technology("ipywidgets", ("fiberlab.lab",), "Jupyter is the stage"),
    Technology("anywidget", ("fiberlab.lab",), "Jupyter is the stage"),
    Technology("matplotlib", ("fiberlab.lab",), "pictures are drawn on the stage"),
    Technology("pandas", ("fiberlab.lab",), "tables are shown on the stage"),
    Technology(
        "sqlite3",
        ("fiberlab.database",),
        "every file fails with the same error, and an event-driven service has no database here",
    ),
    Technology("smtplib", ("fiberlab.mailing",), "one place lets mail out, and it refuses other machines"),
    Technology("aiosmtpd", ("fiberlab.lab",), "the mail server is part of the stage"),
    Technology(
        "importlib",
        ("fiberlab.lab", "classroom.broker.embedded_process"),
        "an import by text would pass every rule above",
    ),
)


class Use(NamedTuple):
    name: str  # as it stands in the source
    only_in: tuple[str, ...]
    reason: str


PASSED_IN = "settings are passed in; only set-up cells, tests and lab.py read the environment"

USES = (
    Use("environ", ("classroom.commands", "classroom.change.blast"), PASSED_IN),  # blast hands it on
    Use("environb", (), PASSED_IN),
    Use("getenv", (), PASSED_IN),
    Use("__import__", (), "an import by text would pass every rule above"),
)

FUNCTION_LINES = 20  # lines of the body that are not blank; decorators, signature and docstring are free


def covers(row: str, module: str) -> bool:
    """Whether a name in a table stands for this module."""
    return row == module or module.startswith(f"{row}.") or fnmatchcase(module, row)


def wrong_directions(root: Path) -> Iterator[str]:
    for module, imported in source.imports(root).items():
        row = max((r for r in DIRECTIONS if covers(r.module, module)), key=lambda r: len(r.module))
        for name in sorted(imported):
            ours = name.split(".")[0] == "fiberlab"
            allowed = row.ours if ours else (*row.packages, *sys.stdlib_module_names)
            if not any(covers(a, name) for a in allowed):
                yield f"{module} imports {name}: {row.reason}"


def wrong_homes(root: Path) -> Iterator[str]:
    for module, imported in source.imports(root).items():
        for row in TECHNOLOGIES:
            if row.name in imported and not any(covers(home, module) for home in row.only_in):
                yield f"{module} imports {row.name}: {row.reason}"


def wrong_clients(root: Path, folders: Sequence[str]) -> Iterator[str]:
    """What makes an HTTP client of its own in these folders beside the package: notebooks, tests, bench."""
    for file in sorted(file for folder in folders for file in (root / folder).rglob("*.*")):
        path = file.relative_to(root).as_posix()
        if "/." not in path and any(covers(c, name) for c in CLIENTS for name in imported_by(file)):
            yield f"{path}: {ONE_CLIENT}"


def imported_by(file: Path) -> Iterator[str]:
    """What a Python file or the cells of a notebook import, by dotted name."""
    if file.suffix not in (".py", ".ipynb"):
        return
    text = file.read_text(encoding="utf-8")
    if file.suffix == ".ipynb":
        cells = nbformat.reads(text, as_version=4).cells
        text = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
    for node in ast.walk(parsed(text)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            origin = f"{node.module}." if isinstance(node, ast.ImportFrom) else ""
            yield from (origin + alias.name for alias in node.names)


def wrong_uses(root: Path) -> Iterator[str]:
    for module, _, tree in trees(root):
        mentioned = {name for node in ast.walk(tree) for name in names(node)}
        for row in USES:
            if row.name in mentioned and not any(covers(home, module) for home in row.only_in):
                yield f"{module} uses {row.name}: {row.reason}"


def names(node: ast.AST) -> set[str]:
    """The names that this piece of source mentions."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        return {alias.name for alias in node.names}
    if isinstance(node, ast.Attribute):
        return {node.attr}
    return {node.id} if isinstance(node, ast.Name) else set()


def trees(root: Path) -> Iterator[tuple[str, str, ast.Module]]:
    """Dotted name, text and syntax tree of every module."""
    for module in source.imports(root):
        file = root.joinpath(*module.split(".")[1:])
        path = file / "__init__.py" if file.is_dir() else file.with_suffix(".py")
        text = path.read_text(encoding="utf-8")
        yield module, text, parsed(text)


@cache
def parsed(text: str) -> ast.Module:
    """The tree of this text; for reading only, as whoever has the same text gets the same tree."""
    return ast.parse(text)


Function = ast.FunctionDef | ast.AsyncFunctionDef


def definitions(tree: ast.AST, prefix: str) -> Iterator[tuple[str, Function | ast.ClassDef]]:
    """Every function and class at any depth, by dotted name."""
    for node in ast.iter_child_nodes(tree):
        inner = prefix
        if isinstance(node, Function | ast.ClassDef):
            inner = f"{prefix}.{node.name}"
            yield inner, node
        yield from definitions(node, inner)


def body_lines(function: Function, text: str) -> int:
    """The lines that FUNCTION_LINES counts."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    if not body:
        return 0
    first = min([body[0].lineno, *(d.lineno for d in getattr(body[0], "decorator_list", []))])
    return sum(bool(line.strip()) for line in text.splitlines()[first - 1 : body[-1].end_lineno])


def long_functions(root: Path) -> Iterator[str]:
    for module, text, tree in trees(root):
        for name, node in definitions(tree, module):
            if isinstance(node, Function) and (lines := body_lines(node, text)) > FUNCTION_LINES:
                yield f"{name} has {lines} lines; at most {FUNCTION_LINES}: split it"


def undocumented(root: Path) -> Iterator[str]:
    for module, _, tree in trees(root):
        if ast.get_docstring(tree) is None:
            yield f"{module} has no docstring"
        for name, node in public(tree, module):
            if ast.get_docstring(node) is None:
                yield f"{name} has no docstring"


def public(tree: ast.Module | ast.ClassDef, prefix: str) -> Iterator[tuple[str, Function | ast.ClassDef]]:
    """What users of a module call: functions, classes and their methods without a leading underscore."""
    for node in tree.body:
        if isinstance(node, Function | ast.ClassDef) and not node.name.startswith("_"):
            yield f"{prefix}.{node.name}", node
            if isinstance(node, ast.ClassDef):
                yield from public(node, f"{prefix}.{node.name}")


def untyped(root: Path) -> Iterator[str]:
    """Every function, private and inner ones too: a signature without types explains nothing."""
    for module, _, tree in trees(root):
        for name, node in definitions(tree, module):
            if isinstance(node, Function) and (missing := unannotated(node)):
                yield f"{name} has no type for {', '.join(missing)}"


def unannotated(function: Function) -> list[str]:
    a = function.args
    arguments = [*a.posonlyargs, *a.args, *a.kwonlyargs, *filter(None, (a.vararg, a.kwarg))]
    missing = [x.arg for x in arguments if x.annotation is None and x.arg not in ("self", "cls")]
    return missing + (["what it returns"] if function.returns is None else [])


# Runs in a fresh Python. An act is ours if the innermost module that is being imported at that moment is one
# of ours: what matplotlib or pydantic do while they are imported is theirs.
WATCHED_IMPORT = """
import importlib, os, sys, threading
root, *modules = sys.argv[1:]
sys.path.insert(0, os.path.dirname(root))
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
    return name if name == "fiberlab" or name.startswith("fiberlab.") else ""
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
    importlib.import_module(module)
    assert os.path.realpath(sys.modules[module].__file__).startswith(os.path.realpath(root)), module
"""


def work_at_import(root: Path, modules: list[str] | None = None) -> Iterator[str]:
    """What importing all (or these) modules does besides defining names."""
    command = [sys.executable, "-B", "-c", WATCHED_IMPORT, str(root), *(modules or source.imports(root))]
    ran = subprocess.run(
        command, capture_output=True, text=True, env=os.environ | {"KAFKA_X": "1"}, check=False
    )
    yield from dict.fromkeys(ran.stdout.splitlines())
    if ran.returncode:
        yield f"the package cannot be imported: {ran.stderr.strip().splitlines()[-1]}"
    elif ran.stderr:
        yield f"importing writes to stderr: {ran.stderr.strip()}"


Rule = Callable[[Path], Iterator[str]]
RULES: tuple[Rule, ...] = (
    wrong_directions,
    wrong_homes,
    wrong_uses,
    long_functions,
    undocumented,
    untyped,
    work_at_import,
)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_package_keeps_the_rule(rule: Rule):
    assert list(rule(source.PACKAGE)) == []


BESIDE = ("notebooks", "tests", "bench", "data", "pictures")


def test_notebooks_tests_and_benches_make_no_http_client_of_their_own():
    assert list(wrong_clients(ROOT, BESIDE)) == []


PLANTED_CLIENTS = (
    "import httpx",
    "from urllib.request import urlopen",
    "from urllib import request",
    "import pandas, http.client as h",
)


@pytest.mark.parametrize("line", PLANTED_CLIENTS)
def test_a_client_planted_in_a_cell_or_a_bench_is_reported(tmp_path: Path, line: str):
    cell = nbformat.v4.new_code_cell(f"def ask():\n    {line}")
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), tmp_path / "07-planted.ipynb")
    (tmp_path / "planted.py").write_text(f"{line}\nfrom . import helper")
    told = list(wrong_clients(tmp_path, ["."]))
    assert [line.split(": ")[0] for line in told] == ["07-planted.ipynb", "planted.py"]


def test_every_row_of_a_table_has_its_reason():
    assert all(row.reason for row in (*DIRECTIONS, *TECHNOLOGIES, *USES))


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package to plant violations in."""
    root = tmp_path_factory.mktemp("copy") / "fiberlab"
    shutil.copytree(source.PACKAGE, root, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    return root


# Rule: (file, what is planted at its end, a part of what is then reported)
PLANTED: dict[Rule, tuple[tuple[str, str, str], ...]] = {
    wrong_directions: (
        (
            "eventdriven/standing.py",
            "from fiberlab.eventdriven import events",
            "standing imports fiberlab.eventdriven.events",
        ),
        ("eventdriven/cloudevent.py", "import pydantic", "fiberlab.eventdriven.cloudevent imports pydantic"),
        ("__init__.py", "from fiberlab.domain import Plan", "fiberlab imports fiberlab.domain"),
        ("domain.py", "import pydantic", "fiberlab.domain imports pydantic"),
        (
            "commands/series.py",
            "from fiberlab import domain",
            "classroom.commands.notebooks imports fiberlab.dom",
        ),
        ("domain.py", "from fiberlab import ledger", "fiberlab.domain imports fiberlab.ledger"),
        ("names.py", "from . import domain", "fiberlab.names imports fiberlab.domain"),
        ("database.py", "from . import domain", "fiberlab.database imports fiberlab.domain"),
        ("ledger.py", "from . import api", "fiberlab.ledger imports fiberlab.api"),
        ("ledger.py", "import pandas", "fiberlab.ledger imports pandas"),
        ("mailing.py", "from fiberlab import domain", "fiberlab.mailing imports fiberlab.domain"),
        ("api.py", "import fiberlab.coupled.backend", "fiberlab.api imports fiberlab.coupled.backend"),
        ("coupled/billing.py", "from fiberlab.eventdriven import events", "imports fiberlab.eventdriven.ev"),
        ("coupled/billing.py", "import fiberlab.cluster", "billing imports fiberlab.cluster"),
        ("coupled/billing.py", "def f():\n    import classroom.world.bills", "imports classroom.world.bills"),
        ("monolith/billing.py", "from fiberlab.coupled import accounts", "imports fiberlab.coupled.accounts"),
        ("monolith/__init__.py", "import fiberlab.eventdriven", "fiberlab.monolith imports fiberlab.eventd"),
        (
            "monolith/installer_billing.py",
            "from fiberlab.monolith import customer_billing",
            "imports fiberlab.monolith.customer_billing",
        ),
        ("eventdriven/events.py", "from ..coupled import billing", "imports fiberlab.coupled.billing"),
        ("eventdriven/events.py", "from . import gateway", "events imports fiberlab.eventdriven.gateway"),
        (
            "eventdriven/gateway.py",
            "from .customer_billing import handle",
            "eventdriven.customer_billing: the g",
        ),
        (
            "eventdriven/service.py",
            "from . import customer_billing",
            "eventdriven.customer_billing: the loop",
        ),
        (
            "eventdriven/customer_billing.py",
            "from . import installer_billing",
            "installer_billing: a service",
        ),
        (
            "eventdriven/customer_billing.py",
            "from ..kafka import cluster",
            "fiberlab.cluster: a service",
        ),
        (
            "eventdriven/a_new_one.py",
            "from .gateway import create",
            "a_new_one imports fiberlab.eventdriven.g",
        ),
        ("kafka/cluster.py", "import fiberlab.domain", "fiberlab.cluster imports fiberlab.domain"),
        ("a_new_module.py", "from fiberlab import domain", "fiberlab.a_new_module imports fiberlab.domain"),
    ),
    wrong_homes: (
        ("lab/traffic.py", "import httpx", "lab.traffic imports httpx"),
        ("commands/workbook.py", "import urllib.request", "commands.workbook imports urllib"),
        ("lab/checks.py", "from http.client import HTTPConnection", "lab.checks imports http"),
        ("lab/checks.py", "import requests", "lab.checks imports requests"),
        ("lab/checks.py", "import aiohttp", "lab.checks imports aiohttp"),
        ("lab/checks.py", "from urllib3 import PoolManager", "lab.checks imports urllib3"),
        ("coupled/billing.py", "from fastapi import Request", "coupled.billing imports fastapi"),
        ("coupled/backend.py", "import uvicorn", "coupled.backend imports uvicorn"),
        ("lab/bills.py", "import uvicorn", "lab.bills imports uvicorn"),
        ("lab/bills.py", "import kafka.errors", "lab.bills imports kafka"),
        ("eventdriven/events.py", "from kafka import KafkaProducer", "eventdriven.events imports kafka"),
        ("eventdriven/service.py", "import sqlite3", "eventdriven.service imports sqlite3"),
        ("eventdriven/marketing.py", "import smtplib", "eventdriven.marketing imports smtplib"),
        ("mailing.py", "from aiosmtpd.smtp import SMTP", "fiberlab.mailing imports aiosmtpd"),
        ("kafka/embedded.py", "import confluent_kafka", "kafka.embedded imports confluent_kafka"),
        ("lab/checks.py", "import runpy", "lab.checks imports runpy"),
        ("kafka/cluster.py", "import IPython", "kafka.cluster imports IPython"),
        ("kafka/cluster.py", "import ipywidgets", "kafka.cluster imports ipywidgets"),
        ("kafka/cluster.py", "import anywidget", "kafka.cluster imports anywidget"),
        ("kafka/cluster.py", "import matplotlib.axes", "kafka.cluster imports matplotlib"),
        ("coupled/billing.py", "import pandas as pd", "coupled.billing imports pandas"),
        ("coupled/billing.py", "from importlib import import_module", "coupled.billing imports importlib"),
    ),
    wrong_uses: (
        ("kafka/cluster.py", "import os\nos.environ['A']", "kafka.cluster uses environ"),
        ("kafka/cluster.py", "from os import environb as e", "kafka.cluster uses environb"),
        ("lab/bills.py", "def f():\n    os.getenv('A')", "lab.bills uses getenv"),
        ("domain.py", "kafka = __import__('kafka')", "domain uses __import__"),
    ),
    long_functions: (
        ("planted.py", "def long():\n" + "    print()\n" * 21, "planted.long has 21 lines"),
        ("planted.py", "class A:\n  def f(self):\n" + "    print()\n" * 21, "planted.A.f has 21 lines"),
    ),
    undocumented: (
        ("planted.py", "", "planted has no docstring"),
        ("planted.py", "class Plan:\n    pass", "planted.Plan has no docstring"),
        ("planted.py", "class Plan:\n    def name(self): ...", "planted.Plan.name has no docstring"),
        ("planted.py", "async def sell(): ...", "planted.sell has no docstring"),
    ),
    untyped: (
        ("planted.py", "def f(a, *b, c, **d) -> None: ...", "planted.f has no type for a, c, b, d"),
        ("planted.py", "def f(a: int): ...", "planted.f has no type for what it returns"),
        ("planted.py", "def f() -> None:\n    def g(x) -> None: ...", "planted.f.g has no type for x"),
    ),
    work_at_import: (
        ("planted.py", "import socket\nsocket.socket()", "planted opens a socket"),
        ("planted.py", "import threading\nthreading.Thread(target=int).start()", "planted starts a thread"),
        ("planted.py", "def f():\n    open(__file__ + 'l', 'a').close()\nf()", "planted writes a file"),
        ("planted.py", "from pathlib import Path\nPath(__file__ + 'd').mkdir()", "planted makes a folder"),
        ("planted.py", "import sqlite3\nsqlite3.connect(':memory:')", "planted opens a database"),
        ("planted.py", "import ctypes\nctypes.CDLL(None)", "planted loads a library"),
        (
            "planted.py",
            "import subprocess, sys\nsubprocess.run([sys.executable, '-V'])",
            "planted starts a pr",
        ),
        ("planted.py", "import os\nos.environ.get('KAFKA_X')", "planted reads KAFKA_X"),
        ("planted.py", "import os\nos.getenv('FIBERLAB_X')", "planted reads FIBERLAB_X"),
        ("planted.py", "import sys\nsys.stderr.write('hello')", "writes to stderr: hello"),
        ("planted.py", "1 / 0", "cannot be imported: ZeroDivisionError"),
    ),
}

ALLOWED: dict[Rule, tuple[tuple[str, str], ...]] = {
    wrong_directions: (("domain.py", "import csv"),),
    wrong_homes: (("lab/running_slowly.py", "import uvicorn"),),
    wrong_uses: (("domain.py", "# os.environ"),),
    long_functions: (
        ("planted.py", 'def f(\n  a,\n):\n  """Say.\n\n  More.\n  """\n' + "  a()\n\n" * FUNCTION_LINES),
        ("planted.py", 'def f():\n    """Say."""'),
    ),
    undocumented: (("planted.py", '"""Doc."""\n\n\ndef _f(): ...'),),
    untyped: (("planted.py", "class A:\n    def f(self) -> None: ..."),),
    work_at_import: (
        ("planted.py", "open(__file__).close()"),
        ("planted.py", "import os\nos.getenv('HOME')"),
        ("planted.py", "import matplotlib.pyplot"),  # what it does is its own affair
    ),
}


def each(table: dict[Rule, tuple[tuple[str, ...], ...]]) -> list[object]:
    rows = [(rule, *row) for rule, rows in table.items() for row in rows]
    return [pytest.param(*row, id=f"{row[0].__name__}: {row[-1][:60]!r}") for row in rows]


@pytest.mark.parametrize(("rule", "file", "text", "complaint"), each(PLANTED))
def test_a_planted_violation_is_reported(rule: Rule, file: str, text: str, complaint: str, copy: Path):
    assert any(complaint in line for line in new_complaints(rule, copy, file, text))


@pytest.mark.parametrize(("rule", "file", "text"), each(ALLOWED))
def test_what_is_allowed_is_not_reported(rule: Rule, file: str, text: str, copy: Path):
    assert new_complaints(rule, copy, file, text) == []


def test_every_rule_has_a_planted_violation():
    assert set(PLANTED) == set(ALLOWED) == set(RULES)


def new_complaints(rule: Rule, root: Path, file: str, text: str) -> list[str]:
    """What the rule says with the text at the end of the file, and did not say before."""
    path = root / file
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    known = report_before(rule, root)
    path.write_text(f"{before}\n{text}" if before else text, encoding="utf-8")
    try:
        return [line for line in report(rule, root) if line not in known]
    finally:
        path.write_text(before, encoding="utf-8") if before else path.unlink()


@cache
def report_before(rule: Rule, root: Path) -> list[str]:
    """What the rule says of the copy as it is without a violation, which every test leaves behind."""
    return report(rule, root)


def report(rule: Rule, root: Path) -> list[str]:
    """What the rule says; of all modules only the planted one is imported, to save time."""
    if rule is not work_at_import:
        return list(rule(root))
    return list(work_at_import(root, ["fiberlab.planted"])) if (root / "planted.py").exists() else []


@pytest.mark.parametrize(
    "row", [*DIRECTIONS, *TECHNOLOGIES, *USES], ids=lambda row: f"{type(row).__name__} {row[0]}"
)
def test_every_row_is_proven_by_a_violation(row: Direction | Technology | Use):
    reports = [row for rule in (wrong_directions, wrong_homes, wrong_uses) for row in PLANTED[rule]]
    planted_in = {"fiberlab." + file.removesuffix(".py").replace("/", ".") for file, _, _ in reports}
    mentioned = " ".join(f"{text} {complaint}" for _, text, complaint in reports)
    planted = any(covers(row[0], module) for module in planted_in if "*" in row[0])
    assert planted or row[0] in planted_in or re.search(rf"\b{re.escape(row[0])}\b", mentioned)
