"""Who may import whom, which technology lives where, and how long a function is.

The tables are the rules: a newcomer adds a rule by adding a row. Every rule is proven by a violation planted
in a copy of the packages (`PLANTED`); what must stay allowed is proven too. The imports are read with the
same `source.imports()` that a learner calls in a notebook: what is shown there is what is enforced here. That
everything has docstrings and types is ruff's to say, and tests/machine/test_imports.py that importing does
nothing.
"""

import ast
import json
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from classroom import source

ROOT = source.PACKAGE.parent
PACKAGES = ("fiberlab", "classroom")

# In every table a name stands for that module and all below it; * stands for any text.

# An arrow between rooms points down. What stands on one floor does not know each other.
FLOORS = (
    ("fiberlab",),  # the subject
    ("classroom.place",),  # where the workbook lies
    ("classroom.broker", "classroom.page", "classroom.source", "classroom.world"),  # which Kafka; the designs
    ("classroom.change", "classroom.desk", "classroom.figures"),
    ("classroom.exercises", "classroom.live"),
    ("classroom.chapter",),  # what a notebook opens
    ("classroom.experiments",),
    ("classroom.commands", "classroom.readiness"),
)
FLOOR_OF = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}


class Direction(NamedTuple):
    module: str
    ours: str  # which modules of fiberlab it may import
    packages: str  # which installed packages it may import
    reason: str


# Within the subject: of several rows that name a module the longest counts. The standard library is free.
DIRECTIONS = (
    Direction("fiberlab", "", "", "no re-exports: every name has one address"),
    Direction("fiberlab.domain", "", "", "what is sold, to whom, at what price outlives every technology"),
    Direction("fiberlab.ledger", "domain database", "", "all designs write charges down the same way"),
    Direction("fiberlab.mailing", "database", "", "all designs mail the same way, so it can know none"),
    Direction("fiberlab.lines", "database", "", "a line runs at a plan, whoever says so"),
    Direction(
        "fiberlab.api",
        "domain database ledger mailing names",
        "fastapi pydantic",
        "what apps may send is the same for all designs",
    ),
    Direction("fiberlab.clients", "", "kafka", "which Kafka it is has nothing to do with fiber"),
    Direction("fiberlab.cluster", "clients", "kafka", "which Kafka it is has nothing to do with fiber"),
    Direction(
        "fiberlab.coupled",
        "domain database ledger mailing api coupled",
        "fastapi",
        "request-reply: it knows no Kafka and no other design",
    ),
    Direction(
        "fiberlab.monolith",
        "domain ledger api monolith",
        "fastapi",
        "one app, a module per actor: it knows no Kafka and no other design",
    ),
    Direction("fiberlab.monolith.*_billing", "domain", "", "a module per actor knows no other actor"),
    Direction(
        "fiberlab.eventdriven",  # every module without a row of its own below: a service
        "domain ledger lines mailing eventdriven.events",
        "",
        "a service knows what happened, not who said it, nor who else listens",
    ),
    Direction(
        "fiberlab.eventdriven.gateway",
        "domain api eventdriven.events",
        "fastapi kafka pydantic",
        "the gateway says what happened; it does not know who listens",
    ),
    Direction(
        "fiberlab.eventdriven.service",
        "domain ledger eventdriven.events eventdriven.standing eventdriven.dead_letters",
        "kafka",
        "the loop is the same for whatever a service does with an event",
    ),
    Direction(
        "fiberlab.eventdriven.redrive",
        "eventdriven.service eventdriven.dead_letters",
        "kafka",
        "a redrive is the same for whatever a service does with an event",
    ),
    Direction("fiberlab.eventdriven.dead_letters", "", "kafka", "what nobody can read is kept as it came"),
    Direction(
        "fiberlab.eventdriven.contract", "eventdriven.events", "pydantic", "a document, made from the models"
    ),
    Direction("fiberlab.eventdriven.standing", "", "kafka", "where a consumer stands, whatever it reads"),
    Direction(
        "fiberlab.eventdriven.events",
        "domain ledger eventdriven.cloudevent",
        "cloudevents pydantic",
        "the contract knows neither who writes nor who listens, and no client library",
    ),
    Direction("fiberlab.eventdriven.cloudevent", "", "", "a standard, read without any library"),
)


class Home(NamedTuple):
    name: str  # a package, by its top-level name; in USES a name as it stands in the source
    only_in: str
    reason: str


CLIENTS = ("httpx", "urllib.request", "http.client", "requests", "aiohttp", "urllib3")
ONE_CLIENT = "a client made elsewhere asks the machine's proxy for 127.0.0.1; take world.running.HttpClient"
BY_TEXT = "an import by text would pass every rule above"

TECHNOLOGIES = (
    *(Home(client.split(".")[0], "classroom.world.running", ONE_CLIENT) for client in CLIENTS),
    Home(
        "fastapi",
        "fiberlab.api fiberlab.*.backend fiberlab.eventdriven.gateway classroom.world.running",
        "HTTP is how a request comes in, not how it is billed",
    ),
    Home("uvicorn", "classroom.world.running", "the apps do not know who serves them"),
    Home(
        "kafka",
        "fiberlab.eventdriven.service fiberlab.eventdriven.standing fiberlab.eventdriven.gateway "
        "fiberlab.eventdriven.dead_letters fiberlab.eventdriven.redrive "
        "classroom.experiments.night "  # a tick of the night commits one record
        "fiberlab.cluster fiberlab.clients classroom.broker "
        "classroom.world.topic "  # chapter 04 shows a topic in slow motion
        "classroom.world.designs "  # a Kafka that does not answer cannot be asked who listens
        "classroom.live.reading "  # a live view reads the topic with a reader of its own
        # chapter 07 lets what stands between read and commit die
        "classroom.experiments.strategies classroom.experiments.crashes "
        "classroom.experiments.gateways classroom.experiments.transactions "
        # chapter 09: what members own, a topic that Kafka compacts, a producer's hash
        "classroom.experiments.deployment classroom.experiments.scale classroom.exercises.chapter_09",
        "events and services must be readable without a client library",
    ),
    Home("confluent_kafka", "", "only the library file inside it is loaded; kafka-python is the client"),
    Home("runpy", "classroom.commands.__main__", BY_TEXT),
    Home(
        "sqlite3",
        "fiberlab.database classroom.exercises.chapter_07",  # whose reader writes on a bare connection
        "every file fails with the same error, and an event-driven service has no database here",
    ),
    Home("smtplib", "fiberlab.mailing", "one place lets mail out, and it refuses other machines"),
    Home("aiosmtpd", "classroom.world.mailbox", "the mail server is part of the stage"),
    Home("importlib", "classroom", BY_TEXT),
)

PASSED_IN = "settings are passed in; only set-up cells, tests and lab.py read the environment"

# A process of chapter 07 finds its way to Kafka as any process does.
READERS_OF_IT = "classroom.commands classroom.chapter classroom.experiments.strategies"

USES = (
    Home("environ", f"{READERS_OF_IT} classroom.change.blast", PASSED_IN),
    Home("environb", "", PASSED_IN),
    Home("getenv", "", PASSED_IN),
    Home("__import__", "", BY_TEXT),
)

FUNCTION_LINES = 20  # lines of the body that are not blank; decorators, signature and docstring are free


def covers(row: str, module: str) -> bool:
    """Whether a name in a table stands for this module."""
    return row == module or module.startswith(f"{row}.") or fnmatchcase(module, row)


def imports(root: Path) -> dict[str, frozenset[str]]:
    """What each module of both packages below the folder imports."""
    return {**source.imports(root / "fiberlab"), **source.imports(root / "classroom")}


def room_of(module: str) -> str:
    """The row of FLOORS in which a module stands; the door itself stands nowhere."""
    return max((room for room in FLOOR_OF if covers(room, module)), key=len, default="")


def wrong_floors(root: Path) -> Iterator[str]:
    """Arrows between rooms that point up or aside."""
    for module, imported in imports(root).items():
        for name in sorted(imported):
            here, there = room_of(module), room_of(name)
            up = here and there and FLOOR_OF[there] >= FLOOR_OF[here]
            if here != there and (up or (name.startswith("classroom.") and not (here and there))):
                yield f"{module} imports {name}: an arrow between rooms points down a floor"


def circles(root: Path) -> Iterator[str]:
    """Modules that import each other, over however many others."""
    known = imports(root)
    done: set[str] = set()

    def walk(module: str, path: tuple[str, ...]) -> Iterator[str]:
        if module in path:
            yield f"circle: {' imports '.join((*path[path.index(module) :], module))}"
        elif module not in done:
            for name in sorted(known[module] & known.keys() - {module.rpartition(".")[0]}):
                yield from walk(name, (*path, module))
            done.add(module)

    for module in known:
        yield from walk(module, ())


def wrong_directions(root: Path) -> Iterator[str]:
    """What a module of the subject may not know; of the stage it knows nothing."""
    for module, imported in source.imports(root / "fiberlab").items():
        row = max((r for r in DIRECTIONS if covers(r.module, module)), key=lambda r: len(r.module))
        ours = (f"fiberlab.{name}" for name in row.ours.split())
        allowed = (*ours, *row.packages.split(), *sys.stdlib_module_names)
        for name in sorted(imported):
            if not any(covers(one, name) for one in allowed):
                yield f"{module} imports {name}: {row.reason}"


def wrong_homes(root: Path) -> Iterator[str]:
    for module, imported in imports(root).items():
        for row in TECHNOLOGIES:
            if row.name in imported and not any(covers(home, module) for home in row.only_in.split()):
                yield f"{module} imports {row.name}: {row.reason}"


def wrong_clients(root: Path, folders: Sequence[str]) -> Iterator[str]:
    """What makes an HTTP client of its own in these folders beside the package: notebooks, tests, bench."""
    for file in sorted(file for folder in folders for file in (root / folder).rglob("*.*")):
        path = file.relative_to(root).as_posix()
        if "/." not in path and any(covers(c, name) for name in imported_by(file) for c in CLIENTS):
            yield f"{path}: {ONE_CLIENT}"


def imported_by(file: Path) -> Iterator[str]:
    """What a Python file or the cells of a notebook import, by dotted name."""
    if file.suffix not in (".py", ".ipynb"):
        return
    text = file.read_text(encoding="utf-8")
    if file.suffix == ".ipynb":
        cells = json.loads(text)["cells"]
        text = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            origin = f"{node.module}." if isinstance(node, ast.ImportFrom) else ""
            yield from (origin + alias.name for alias in node.names)


def wrong_uses(root: Path) -> Iterator[str]:
    for module, text in texts(root):
        for row in USES:
            if row.name in mentioned(text) and not any(covers(home, module) for home in row.only_in.split()):
                yield f"{module} uses {row.name}: {row.reason}"


def texts(root: Path) -> Iterator[tuple[str, str]]:
    """Dotted name and text of every module."""
    for module in imports(root):
        file = root.joinpath(*module.split("."))
        path = file / "__init__.py" if file.is_dir() else file.with_suffix(".py")
        yield module, path.read_text(encoding="utf-8")


@cache
def mentioned(text: str) -> frozenset[str]:
    """The names that a piece of source mentions."""
    return frozenset(name for node in ast.walk(ast.parse(text)) for name in names(node))


def names(node: ast.AST) -> set[str]:
    """The names that this node mentions."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        return {alias.name for alias in node.names}
    if isinstance(node, ast.Attribute):
        return {node.attr}
    return {node.id} if isinstance(node, ast.Name) else set()


Function = ast.FunctionDef | ast.AsyncFunctionDef


def long_functions(root: Path) -> Iterator[str]:
    for module, text in texts(root):
        for name, lines in lengths(text).items():
            if lines > FUNCTION_LINES:
                yield f"{module}{name} has {lines} lines; at most {FUNCTION_LINES}: split it"


@cache
def lengths(text: str) -> dict[str, int]:
    """The lines of each function's body, at any depth, by its name in this text, which begins with a dot."""
    named = definitions(ast.parse(text), "")
    return {name: body_lines(node, text) for name, node in named if isinstance(node, Function)}


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


Rule = Callable[[Path], Iterator[str]]
READING = (wrong_floors, circles, wrong_directions, wrong_homes, wrong_uses, long_functions)


@pytest.mark.parametrize("rule", READING, ids=lambda rule: rule.__name__)
def test_the_packages_keep_the_rule(rule: Rule):
    assert list(rule(ROOT)) == []


BESIDE = ("notebooks", "tests", "bench", "book", "data", "pictures")


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
    cell = {"cell_type": "code", "source": ["def ask():\n", f"    {line}"]}
    (tmp_path / "07-planted.ipynb").write_text(json.dumps({"cells": [cell]}))
    (tmp_path / "planted.py").write_text(f"{line}\nfrom . import helper")
    told = list(wrong_clients(tmp_path, ["."]))
    assert [line.split(": ")[0] for line in told] == ["07-planted.ipynb", "planted.py"]


def test_every_row_of_a_table_has_its_reason():
    assert all(row.reason for row in (*DIRECTIONS, *TECHNOLOGIES, *USES))


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with copies of both packages to plant violations in."""
    root = tmp_path_factory.mktemp("copy")
    for package in PACKAGES:
        shutil.copytree(ROOT / package, root / package, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    return root


BODY = "    print()\n" * FUNCTION_LINES
NO_MORE = 'def f(\n  a,\n):\n  """Say.\n\n  More.\n  """\n' + "  a()\n\n" * FUNCTION_LINES

# Rule: (file, what is planted at its end, a part of what is then reported; "" if it is allowed)
PLANTED: dict[Rule, tuple[tuple[str, str, str], ...]] = {
    wrong_floors: (
        ("classroom/world/bills.py", "from classroom import chapter", "bills imports classroom.chapter"),
        ("classroom/figures/look.py", "from classroom.desk import map", "look imports classroom.desk.map"),
        ("classroom/source.py", "from classroom.world import company", "source imports classroom.world"),
        ("classroom/__init__.py", "from classroom.chapter import Chapter", "classroom imports classroom.ch"),
        ("classroom/new.py", "from classroom.world import company", "new imports classroom.world.company"),
        ("classroom/live/view.py", "from classroom.figures import bills", ""),
    ),
    circles: (
        ("fiberlab/domain.py", "from fiberlab import ledger", "fiberlab.ledger imports fiberlab.domain"),
        ("classroom/source.py", "def f():\n    from classroom import source", "circle: classroom.source"),
        ("fiberlab/ledger.py", "from fiberlab import names", ""),
    ),
    wrong_directions: (
        ("fiberlab/__init__.py", "from fiberlab.domain import Plan", "fiberlab imports fiberlab.domain"),
        ("fiberlab/domain.py", "import pydantic", "fiberlab.domain imports pydantic: what is sold"),
        ("fiberlab/domain.py", "import csv", ""),
        ("fiberlab/names.py", "from . import domain", "fiberlab.names imports fiberlab.domain"),
        ("fiberlab/cluster.py", "def f():\n    import classroom.broker", "cluster imports classroom"),
        ("fiberlab/monolith/billing.py", "from ..coupled import accounts", "imports fiberlab.coupled.ac"),
        ("fiberlab/monolith/new_billing.py", "from . import customer_billing", "knows no other actor"),
        ("fiberlab/eventdriven/new.py", "from .gateway import create", "new imports fiberlab.eventdriven.g"),
        ("fiberlab/eventdriven/customer_billing.py", "from . import installer_billing", "nor who else"),
        ("fiberlab/eventdriven/gateway.py", "from . import customer_billing", "does not know who listens"),
        ("fiberlab/eventdriven/service.py", "from . import customer_billing", "billing: the loop is"),
        ("fiberlab/eventdriven/events.py", "from . import gateway", "events imports fiberlab.eventdriven.g"),
    ),
    wrong_homes: (
        ("classroom/world/traffic.py", "import httpx", "world.traffic imports httpx: a client made"),
        ("classroom/world/bills.py", "from http.client import HTTPConnection", "world.bills imports http"),
        ("classroom/world/bills.py", "import pandas, kafka.errors", "world.bills imports kafka"),
        ("fiberlab/coupled/billing.py", "from fastapi import Request", "coupled.billing imports fastapi"),
        ("fiberlab/eventdriven/service.py", "def f():\n    import sqlite3", "service imports sqlite3"),
        ("fiberlab/domain.py", "from importlib import import_module", "domain imports importlib"),
        ("classroom/broker/settings.py", "import kafka", ""),
    ),
    wrong_uses: (
        ("fiberlab/cluster.py", "import os\nos.environ['A']", "fiberlab.cluster uses environ"),
        ("fiberlab/cluster.py", "from os import environb as e", "fiberlab.cluster uses environb"),
        ("classroom/world/bills.py", "def f():\n    os.getenv('A')", "world.bills uses getenv"),
        ("fiberlab/domain.py", "kafka = __import__('kafka')", "domain uses __import__"),
        ("fiberlab/domain.py", "# os.environ", ""),
    ),
    long_functions: (
        ("fiberlab/new.py", f"def long():\n{BODY}    a()", "new.long has 21 lines"),
        ("fiberlab/new.py", f"class A:\n  def f(self):\n{BODY}    a()", "A.f has 21 lines"),
        ("fiberlab/new.py", NO_MORE, ""),
        ("fiberlab/new.py", 'def f():\n    """Say."""', ""),
    ),
}
ROWS = [
    pytest.param(rule, *row, id=f"{rule.__name__}: {row[:2]}"[:80])
    for rule in PLANTED
    for row in PLANTED[rule]
]


@pytest.mark.parametrize(("rule", "file", "text", "told"), ROWS)
def test_a_planted_violation_is_reported(rule: Rule, file: str, text: str, told: str, copy: Path):
    path, known = copy / file, report_before(rule, copy)
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    path.write_text(f"{before}\n{text}" if before else text, encoding="utf-8")
    try:
        new = [line for line in rule(copy) if line not in known]
    finally:
        path.write_text(before, encoding="utf-8") if before else path.unlink()
    assert any(told in line for line in new) if told else new == []


@cache
def report_before(rule: Rule, root: Path) -> list[str]:
    """What the rule says of the copy as it is without a violation, which every test leaves behind."""
    return list(rule(root))


def test_every_rule_has_a_planted_violation_and_something_that_it_allows():
    assert set(PLANTED) == set(READING)
    assert all({bool(told) for *_, told in rows} == {True, False} for rows in PLANTED.values())
