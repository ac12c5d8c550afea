"""Tests to run again: a real suite, run under coverage.py, which records the test that ran each line.

A changed line touches the tests that ran its function. Outside functions it touches the tests that ran
anything in its file; that no other file imports what it defines is made sure.
"""

import ast
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from coverage import CoverageData

from classroom.change.blast import AT_ONCE, run_in
from classroom.change.edits import (
    DISCOUNTS,
    Change,
    add_actor,
    change_rule,
    changed_lines,
    copy_of_package,
    remove_installer,
)
from classroom.change.suite import write_suite
from classroom.source import PACKAGE, imports
from classroom.world.designs import folder_of
from classroom.world.running import progress

Imports = Mapping[str, frozenset[str]]  # what each module imports, as source.imports() tells it


ENTRIES = {"create", "GROUP"}  # an app is what `create` makes; a service is what has a GROUP


@dataclass(frozen=True)
class Suite:
    """A suite that has run in a copy of the package: the tests that ran each line, by file.

    Only lines of functions: what an import runs, it runs for every test.
    """

    design: str
    package: Path
    tests: frozenset[str]
    ran: Mapping[str, Mapping[int, frozenset[str]]]
    imports: Imports

    def of_files(self, *files: str) -> set[str]:
        """The tests that ran a function of these files."""
        return {test for file in files for tests in self.ran.get(file, {}).values() for test in tests}


def defined(node: ast.stmt) -> set[str]:
    """The names that a statement outside functions defines."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.Import | ast.ImportFrom):
        return {alias.asname or alias.name for alias in node.names}
    stored = (part for part in ast.walk(node) if isinstance(part, ast.Name))
    return {part.id for part in stored if isinstance(part.ctx, ast.Store)}


def statements_at(file: Path, line: int) -> Iterator[ast.stmt]:
    """The statement outside functions that holds this line, with its decorators, if there is one."""
    for node in tree_of(file).body:
        first = min(part.lineno for part in (node, *getattr(node, "decorator_list", [])))
        if first <= line <= (node.end_lineno or first):
            yield node


class NotFollowedError(ValueError):
    """A change whose reach is not told from the lines that tests ran."""


def alone_in_its_file(suite: Suite, file: str, line: int) -> None:
    """Return if no other file reads what this line, outside functions, defines. Raises NotFollowedError.

    Reading a constant runs no line where it stands: only in its own file it is known who reads it.
    """
    names = {name for node in statements_at(suite.package / file, line) for name in defined(node)}
    for other in suite.package.rglob("*.py"):
        if other != suite.package / file and (both := names & set(_read_of(Path(file).stem, other))):
            raise NotFollowedError(f"{file} defines {min(both)!r}, which {other.name} reads")


def _read_of(module: str, file: Path) -> Iterator[str]:
    """The names that a file imports from a module, or reads as its attributes."""
    for node in ast.walk(tree_of(file)):
        if isinstance(node, ast.ImportFrom) and f".{node.module}".endswith(f".{module}"):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == module:
            yield node.attr


def module_of(package: Path, file: str) -> str:
    """The dotted name of a file of the package."""
    return ".".join((package.name, *Path(file).with_suffix("").parts)).removesuffix(".__init__")


def file_of(package: Path, module: str) -> str:
    """The file of a module, relative to the package."""
    inside = module.partition(".")[2].replace(".", "/")
    return (Path(inside) / "__init__.py").as_posix() if (package / inside).is_dir() else f"{inside}.py"


def tree_of(file: Path) -> ast.Module:
    """The file's syntax tree."""
    return ast.parse(file.read_text(encoding="utf-8"))


def touched(suite: Suite, lines: Mapping[str, set[int]]) -> set[str]:
    """The tests that a change of these lines, by file, reaches."""
    found: set[str] = set()
    for file, numbers in lines.items():
        functions = function_lines(suite.package / file)
        for number in numbers:
            if function := next((span for span in functions if number in span), None):
                found.update(*(suite.ran.get(file, {}).get(line, ()) for line in function))
            else:
                alone_in_its_file(suite, file, number)
                found |= suite.of_files(file)
    return found


def released(suite: Suite, lines: Mapping[str, set[int]]) -> set[str]:
    """The tests of each deployable with a changed file: those that ran its entry, or what only it has."""
    parts = deployables(suite)
    found: set[str] = set()
    for entry, files in parts.items():
        if files & lines.keys():
            others = {file for other in parts if other != entry for file in parts[other]}
            found |= suite.of_files(entry, *(files - others))
    return found


def deployables(suite: Suite) -> dict[str, set[str]]:
    """What runs as a process of its own, an app or a service, by its entry: every file that it imports."""
    folder = folder_of(suite.design)
    files = sorted((suite.package / folder).glob("*.py"))
    entries = [f"{folder}/{file.name}" for file in files if ENTRIES & _names(file)]
    return {entry: _with_all_it_imports(suite, entry) for entry in entries}


def function_lines(file: Path) -> list[range]:
    """The lines of each function, the outermost first, with its signature."""
    return [range(node.lineno, _end(node)) for node in _functions(file)]


def body_lines(file: Path) -> set[int]:
    """The lines that run when functions are called; a signature runs when its file is imported."""
    return {line for node in _functions(file) for line in range(node.body[0].lineno, _end(node))}


def _functions(file: Path) -> list[ast.FunctionDef]:
    return [node for node in ast.walk(tree_of(file)) if isinstance(node, ast.FunctionDef)]


def _end(node: ast.FunctionDef) -> int:
    return (node.end_lineno or node.lineno) + 1


def _names(file: Path) -> set[str]:
    return {name for node in tree_of(file).body for name in defined(node)}


def _with_all_it_imports(suite: Suite, entry: str) -> set[str]:
    seen, waiting = set(), [module_of(suite.package, entry)]
    while waiting:
        if (name := waiting.pop()) in suite.imports and name not in seen:
            seen.add(name)
            waiting += suite.imports[name]
    return {file_of(suite.package, name) for name in seen}


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
