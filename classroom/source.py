"""Show and compare the package's own source, and say who imports whom.

It reads files and never imports what it reads. The rules about who may import whom are not here:
`tests/quick/test_architecture.py` states them and enforces them with the same `imports()`.
"""

import ast
import difflib
import functools
import inspect
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import resolve_name
from pathlib import Path
from types import ModuleType

import pandas as pd

import fiberlab

PACKAGE = Path(fiberlab.__file__).parent

Sourced = ModuleType | type | Callable[..., object]


class NoSourceError(ValueError):
    """There is no Python source behind what was named."""


@dataclass(frozen=True, repr=False)
class Listing:
    """Source or a diff: plain text and, in Jupyter, a highlighted block under its sentence."""

    text: str
    language: str
    sentence: str = ""

    def __repr__(self) -> str:
        return "\n\n".join(part for part in (self.sentence, self.text) if part)

    def _repr_markdown_(self) -> str:
        block = f"````{self.language}\n{self.text}\n````" if self.text else ""
        return "\n\n".join(part for part in (self.sentence, block) if part)


def show(*things: Sourced) -> Listing:
    """The source of modules, classes or functions, one below the other; raises NoSourceError."""
    return Listing("\n\n\n".join(_source(thing) for thing in things), "python")


def compare(before: Sourced, after: Sourced, context: int = 3) -> Listing:
    """What it takes to get from one source to the other: a unified diff with `context` lines around."""
    old, new = _source(before).splitlines(), _source(after).splitlines()
    names = _name(before), _name(after)
    diff = list(difflib.unified_diff(old, new, *names, n=context, lineterm=""))
    shown = ["@@" if line.startswith("@@") else line for line in diff]  # line numbers would move
    added, removed = (sum(line.startswith(sign) for line in diff[2:]) for sign in "+-")
    sentence = f"From {names[0]} to {names[1]}: {_lines(added)} added, {_lines(removed)} removed."
    return Listing("\n".join(shown), "diff", sentence)


def imports(root: Path = PACKAGE) -> dict[str, frozenset[str]]:
    """For each module below the folder `root`, by dotted name, every module that it imports.

    The package's own modules by their full names, all others by their top-level name ("fastapi").
    Imports inside functions and under TYPE_CHECKING count. Raises NoSourceError if no module is there.
    """
    files = _files(root)
    return {module: frozenset(_imported(module, files)) for module in files}


def who_imports(name: str, root: Path = PACKAGE) -> list[str]:
    """The modules that import `name` or something inside it, sorted; `name` may be foreign ("kafka")."""
    known = imports(root)
    return [m for m in known if any(i == name or i.startswith(f"{name}.") for i in known[m])]


def dependencies(package: str = PACKAGE.name, root: Path = PACKAGE) -> pd.DataFrame:
    """Who knows whom: "yes" where a module (row) of `package` imports another of ours (column).

    Names are relative to `package`. Raises NoSourceError if there is no such package or module.
    """
    known = imports(root)
    rows = [module for module in known if module.startswith(f"{package}.")] or [package]
    if rows[0] not in known:
        raise NoSourceError(f"there is no module {package!r}; choose one of {', '.join(known)}")
    others = {name for row in rows for name in known[row] if name in known}.difference(rows)
    columns = rows + sorted(others)
    cells = [["yes" if column in known[row] else "–" for column in columns] for row in rows]
    return pd.DataFrame(cells, _short(rows, package), _short(columns, package))


def _source(thing: Sourced) -> str:
    try:
        return textwrap.dedent(inspect.getsource(thing)).strip("\n")
    except (OSError, TypeError) as error:
        raise NoSourceError(f"{thing!r} has no Python source; give a module, class or function") from error


def _name(thing: Sourced) -> str:
    if isinstance(thing, ModuleType):
        return thing.__name__
    return f"{thing.__module__}.{thing.__qualname__}".removeprefix("__main__.")


def _lines(count: int) -> str:
    return f"{count} line{'' if count == 1 else 's'}"


def _short(names: list[str], package: str) -> list[str]:
    outside = f"{package.split('.')[0]}."
    return [name.removeprefix(f"{package}.").removeprefix(outside) for name in names]


def _files(root: Path) -> dict[str, Path]:
    """The Python files below `root` by dotted name, sorted."""
    root = root.resolve()
    if not (files := {_dotted(path, root): path for path in root.rglob("*.py") if not _hidden(path, root)}):
        raise NoSourceError(f"no Python file below {root.name!r}; give the folder of a package")
    return dict(sorted(files.items()))


def _dotted(path: Path, root: Path) -> str:
    return ".".join(path.relative_to(root.parent).with_suffix("").parts).removesuffix(".__init__")


def _hidden(path: Path, root: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(root).parts)  # Jupyter's checkpoints


def _imported(module: str, files: dict[str, Path]) -> Iterator[str]:
    is_package = files[module].name == "__init__.py"
    package = module if is_package else module.rpartition(".")[0]
    for node in _import_statements(files[module].read_text(encoding="utf-8")):
        for name in _names(node, package, files):
            yield name if f"{name}.".startswith(f"{module.split('.')[0]}.") else name.split(".")[0]


@functools.lru_cache(maxsize=1024)  # copies of the package are the same but for a file or two
def _import_statements(text: str) -> tuple[ast.Import | ast.ImportFrom, ...]:
    return tuple(node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Import | ast.ImportFrom))


def _names(node: ast.Import | ast.ImportFrom, package: str, files: dict[str, Path]) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    else:
        origin = resolve_name("." * node.level + (node.module or ""), package)
        for alias in node.names:
            inside = f"{origin}.{alias.name}"
            yield inside if inside in files else origin
