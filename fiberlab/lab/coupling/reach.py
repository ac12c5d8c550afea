"""Which tests a change reaches, told by the lines that each test ran.

A changed line touches the tests that ran its function. Outside functions it touches the tests that ran
anything in its file, and in every file that reads what the line defines.
"""

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fiberlab.lab.coupling.features import folder_of
from fiberlab.lab.coupling.readers import Imports, defined, file_of, module_of, readers, tree_of

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


def touched(suite: Suite, lines: Mapping[str, set[int]]) -> set[str]:
    """The tests that a change of these lines, by file, reaches."""
    found: set[str] = set()
    for file, numbers in lines.items():
        functions = function_lines(suite.package / file)
        for number in numbers:
            if function := next((span for span in functions if number in span), None):
                found.update(*(suite.ran.get(file, {}).get(line, ()) for line in function))
            else:
                found |= suite.of_files(file, *readers(suite.package, suite.imports, file, number))
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
