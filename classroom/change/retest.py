"""Tests to run again: a real suite, run under coverage.py, which records the test that ran each line."""

import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd
from coverage import CoverageData

from fiberlab.lab.coupling.actors import add_actor, remove_installer
from fiberlab.lab.coupling.blast import AT_ONCE, run_in
from fiberlab.lab.coupling.changes import Change, changed_lines, copy_of_package
from fiberlab.lab.coupling.features import DISCOUNTS, change_rule
from fiberlab.lab.coupling.reach import Suite, body_lines, released, touched
from fiberlab.lab.coupling.suites import write_suite
from fiberlab.lab.progress import progress
from fiberlab.lab.source import PACKAGE, imports

# A copy may stand below another project: what both tools are told, they do not look for in the folders above.
SETTINGS = {
    "coverage.ini": "[run]\ndynamic_context = test_function\nsource = fiberlab\n",
    "pytest.ini": "[pytest]\n",
}
RUN = ("coverage", "run", "--rcfile=coverage.ini", "--data-file=.coverage", "-m", "pytest", "-q")
RUN += ("-c", "pytest.ini", "--rootdir=.", "--confcutdir=.")
RUN += ("--disable-plugin-autoload", "-p", "no:cacheprovider", "suite")


def what_to_test_again(design: str, most_actors: int = 6, package: Path = PACKAGE) -> pd.DataFrame:
    """What a change of one actor's rule means for the tests, with 1 to `most_actors` kinds of actors.

    A row per number of actors and changed rule: actors, rule, suite (tests there are), touched (tests that
    the change reaches) and released (tests of what has to be released again because of it).
    """
    groups = [tuple(DISCOUNTS)[:number] for number in range(1, most_actors + 1)]
    rows: list[Sequence[object]] = []
    with (
        tempfile.TemporaryDirectory() as folder,
        ThreadPoolExecutor(AT_ONCE) as pool,
        progress(most_actors, f"test suites: {design}") as bar,
    ):
        copies = pool.map(lambda actors: _grown(design, actors, Path(folder), package), groups)
        for actors, copy in zip(groups, copies, strict=True):
            suite = read_suite(design, copy)  # here: ast.parse of Python 3.11 fails in two threads at once
            rows += [(len(actors), rule, len(suite.tests), *_reached(suite, rule)) for rule in actors]
            bar.value += 1
    return pd.DataFrame(rows, columns=["actors", "rule", "suite", "touched", "released"])


def run_suite(design: str, actors: Sequence[str], package: Path) -> None:
    """Return once the suite of these actors has run in this copy; raises CopyFailedError if a test fails."""
    write_suite(design, actors, package.parent)
    run_written_suite(package)


def run_written_suite(package: Path) -> None:
    """Return once the suite beside this copy has run; raises CopyFailedError if a test fails."""
    for name, text in SETTINGS.items():
        (package.parent / name).write_text(text, encoding="utf-8")
    run_in(package.parent, *RUN)


def read_suite(design: str, package: Path) -> Suite:
    """What coverage.py wrote down while the suite ran in this copy."""
    data = CoverageData(str(package.parent / ".coverage"))
    data.read()
    tests = frozenset(data.measured_contexts()) - {""}
    ran = {
        Path(file).relative_to(package.resolve()).as_posix(): _ran_by_tests(Path(file), data)
        for file in data.measured_files()
    }
    data.close()
    return Suite(design, package, tests, ran, imports(package))


def _ran_by_tests(file: Path, data: CoverageData) -> dict[int, frozenset[str]]:
    ran = {line: frozenset(tests) - {""} for line, tests in data.contexts_by_lineno(str(file)).items()}
    bodies = body_lines(file) if any(ran.values()) else ()  # most files are not run at all
    return {line: tests for line, tests in ran.items() if line in bodies}


def _grown(design: str, actors: Sequence[str], folder: Path, package: Path) -> Path:
    """A copy that serves these actors, after its suite has run."""
    copy = copy_of_package(folder / str(len(actors)), package)
    for change in _growth(design, actors, copy):
        change.apply(copy)
    run_suite(design, actors, copy)
    return copy


def _growth(design: str, actors: Sequence[str], copy: Path) -> Iterator[Change]:
    """What makes the copy serve these actors; each change is made before the next is asked for."""
    if len(actors) == 1:
        yield remove_installer(design)
    for actor in actors[2:]:
        yield add_actor(design, actor, copy)


def _reached(suite: Suite, rule: str) -> tuple[int, int]:
    with tempfile.TemporaryDirectory() as folder:
        after = copy_of_package(Path(folder), suite.package)
        change_rule(suite.design, rule).apply(after)
        lines = changed_lines(suite.package, after)
    return len(touched(suite, lines)), len(released(suite, lines))
