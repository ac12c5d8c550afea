"""Tests to run again: a real suite, run under coverage.py, which records the test that ran each line.

A changed line touches the tests that ran its function; outside functions, the tests that ran anything in its
file. What is read without running a line, a constant of another module, is not seen: the limit of every tool
of this kind (pytest-testmon decides in the same way).
"""

import ast
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from coverage import CoverageData

from fiberlab.lab.coupling.actors import add_actor, remove_installer
from fiberlab.lab.coupling.blast import AT_ONCE, run_in
from fiberlab.lab.coupling.changes import changed_lines, copy_of_package
from fiberlab.lab.coupling.features import DISCOUNTS, EVENTS, change_rule, folder_of
from fiberlab.lab.coupling.suites import write_suite
from fiberlab.lab.progress import progress
from fiberlab.lab.source import PACKAGE, imports

SETTINGS = "[run]\ndynamic_context = test_function\nsource = fiberlab\n"
PYTEST = ("coverage", "run", "-m", "pytest", "-q", "--disable-plugin-autoload", "-p", "no:cacheprovider")


@dataclass(frozen=True)
class Suite:
    """A suite that has run in a copy: which tests ran each line, by file (relative to the package)."""

    design: str
    package: Path
    tests: frozenset[str]
    ran: dict[str, dict[int, frozenset[str]]]


def what_to_test_again(design: str, most_actors: int = 6, package: Path = PACKAGE) -> pd.DataFrame:
    """What a change of one actor's rule means for the tests, with 1 to `most_actors` kinds of actors.

    A row per number of actors and changed rule: actors, rule, suite (tests there are), touched (tests that
    the change reaches) and released (tests of what has to be released again because of it).
    """
    numbers = range(1, most_actors + 1)
    rows: list[Sequence[object]] = []
    with ThreadPoolExecutor(AT_ONCE) as pool, progress(most_actors, f"test suites: {design}") as bar:
        for found in pool.map(lambda number: _counted(design, number, package), numbers):
            rows += found
            bar.value += 1
    return pd.DataFrame(rows, columns=["actors", "rule", "suite", "touched", "released"])


def _counted(design: str, number: int, package: Path) -> list[Sequence[object]]:
    actors = list(DISCOUNTS)[:number]
    with tempfile.TemporaryDirectory() as folder:
        copy = copy_of_package(Path(folder), package)
        for change in _growth(design, actors, copy):
            change.apply(copy)
        suite = run_suite(design, actors, copy)
        return [(number, rule, len(suite.tests), *_reached(suite, rule)) for rule in actors]


def _growth(design: str, actors: Sequence[str], copy: Path) -> Iterator[object]:
    if len(actors) == 1:
        yield remove_installer(design, copy)
    for actor in actors[2:]:
        yield add_actor(design, actor, copy)


def run_suite(design: str, actors: Sequence[str], package: Path) -> Suite:
    """The suite of these actors, after it has run in this copy; raises CopyFailedError if a test fails."""
    folder = package.parent
    write_suite(design, actors, folder)
    (folder / ".coveragerc").write_text(SETTINGS, encoding="utf-8")
    run_in(folder, *PYTEST, "suite")
    data = CoverageData(str(folder / ".coverage"))
    data.read()
    files = {Path(file): data.contexts_by_lineno(file) for file in data.measured_files()}
    ran = {
        file.relative_to(package.resolve()).as_posix(): {
            n: frozenset(names) - {""} for n, names in lines.items()
        }
        for file, lines in files.items()
    }
    return Suite(design, package, frozenset(data.measured_contexts()) - {""}, ran)


def _reached(suite: Suite, rule: str) -> tuple[int, int]:
    with tempfile.TemporaryDirectory() as folder:
        after = copy_of_package(Path(folder), suite.package)
        change_rule(suite.design, rule).apply(after)
        lines = changed_lines(suite.package, after)
    return len(touched(suite, lines)), len(released(suite, lines))


def touched(suite: Suite, lines: dict[str, set[int]]) -> set[str]:
    """The tests that these lines reach."""
    found: set[str] = set()
    for file, numbers in lines.items():
        ran, functions = suite.ran.get(file, {}), _functions(suite.package / file)
        for number in numbers:
            inside = next((lines for lines in functions if number in lines), ran.keys())
            found.update(*(ran.get(line, ()) for line in inside))
    return found


def released(suite: Suite, lines: dict[str, set[int]]) -> set[str]:
    """The tests of each deployable that holds a changed file: those that run code only it has."""
    found: set[str] = set()
    parts = _deployables(suite)
    for name, files in parts.items():
        if files & lines.keys():
            shared = {file for other, theirs in parts.items() if other != name for file in theirs}
            own = [file for file in files & suite.ran.keys() if file not in shared]
            found.update(*(tests for file in own for tests in suite.ran[file].values()))
    return found


def _deployables(suite: Suite) -> dict[str, set[str]]:
    """What runs as a process of its own, by its first file: every file that it imports."""
    folder = suite.package / folder_of(suite.design)
    entries = [folder / "backend.py"]
    if suite.design == EVENTS:
        entries = [folder / "gateway.py", *sorted(folder.glob("*_billing.py"))]
    known = imports(suite.package)
    return {entry.stem: set(_reachable(_module(entry, suite.package), known)) for entry in entries}


def _reachable(module: str, known: dict[str, frozenset[str]]) -> Iterator[str]:
    seen, waiting = set(), [module]
    while waiting:
        name = waiting.pop()
        if name in known and name not in seen:
            seen.add(name)
            waiting += known[name]
            yield name.partition(".")[2].replace(".", "/") + ".py"


def _module(file: Path, package: Path) -> str:
    return ".".join((package.name, *file.relative_to(package).with_suffix("").parts))


def _functions(file: Path) -> list[range]:
    """The lines of each function, the outermost first."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    found = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    return [range(node.lineno, (node.end_lineno or node.lineno) + 1) for node in found]
