"""Who reads a name that is defined outside functions: reading a constant runs no line where it stands.

It follows `from a import NAME`, `a.NAME`, and names made of the name, over as many files as it takes.
It does not follow `import *`, `getattr` or a class's own attributes; the package has none of them.
"""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

Imports = Mapping[str, frozenset[str]]  # what each module imports, as lab.source tells it


def readers(package: Path, known: Imports, file: str, line: int) -> set[str]:
    """The files that read what this line, outside functions, defines. Paths are relative to the package."""
    start = module_of(package, file)
    waiting = [(start, name) for node in statements_at(package / file, line) for name in defined(node)]
    seen: set[tuple[str, str]] = set()
    while waiting:
        if (origin := waiting.pop()) not in seen:
            seen.add(origin)
            for reader in (origin[0], *(module for module in known if origin[0] in known[module])):
                found = _made_of(origin, reader, tree_of(package / file_of(package, reader)))
                waiting += [(reader, name) for name in found]
    return {file_of(package, module) for module, _ in seen}


def _made_of(origin: tuple[str, str], reader: str, tree: ast.Module) -> Iterator[str]:
    """What each statement that reads the name defines; "" for a function, which is seen when it runs."""
    for node in tree.body:
        if isinstance(node, ast.ImportFrom):
            yield from _imported_as(origin, node)
        elif any(_reads(origin, reader, part) for part in ast.walk(node)):
            yield from {""} if isinstance(node, ast.FunctionDef) else defined(node) | {""}


def _imported_as(origin: tuple[str, str], node: ast.ImportFrom) -> Iterator[str]:
    module, name = origin
    if node.module and f".{module}".endswith(f".{node.module}"):  # relative imports name only the end
        yield from (alias.asname or name for alias in node.names if alias.name == name)


def _reads(origin: tuple[str, str], reader: str, node: ast.AST) -> bool:
    module, name = origin
    if reader == module:
        return isinstance(node, ast.Name) and node.id == name
    return isinstance(node, ast.Attribute) and node.attr == name


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
