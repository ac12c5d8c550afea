"""A change to the source, as a developer would make it, and a copy of the package to make it in.

A change replaces text that must be there exactly once, so it fails loudly when the source has moved on.
"""

import difflib
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from fiberlab.lab.days import DATA
from fiberlab.lab.source import PACKAGE

_IGNORED = shutil.ignore_patterns("__pycache__", ".*", "*.js", "*.css")


class StaleChangeError(ValueError):
    """A change does not fit the source: its text is not there, or more than once."""


@dataclass(frozen=True)
class Edit:
    """Replace `old`, which the file holds exactly once, by `new`. Paths are relative to the package."""

    path: str
    old: str
    new: str

    def apply(self, package: Path) -> None:
        """Return once the file is written; raise StaleChangeError if the text is not there once."""
        file = package / self.path
        text = file.read_text(encoding="utf-8")
        if text.count(self.old) != 1:
            raise StaleChangeError(
                f"{self.path} holds {self.old!r} {text.count(self.old)} times; adapt the change"
            )
        file.write_text(text.replace(self.old, self.new), encoding="utf-8", newline="\n")


@dataclass(frozen=True)
class Change:
    """What one feature takes: edits of existing files, new files by path, and files to delete."""

    edits: tuple[Edit, ...] = ()
    new_files: Mapping[str, str] = field(default_factory=dict)
    deleted: tuple[str, ...] = ()

    def apply(self, package: Path) -> None:
        """Return once the change is made in this copy. Raises StaleChangeError."""
        for edit in self.edits:
            edit.apply(package)
        for path, text in self.new_files.items():
            package.joinpath(path).write_text(text, encoding="utf-8", newline="\n")
        for path in self.deleted:
            package.joinpath(path).unlink()


def copy_of_package(folder: Path, package: Path = PACKAGE) -> Path:
    """A copy of the package in the folder, with the company's data where the package looks for it."""
    shutil.copytree(package, folder / PACKAGE.name, ignore=_IGNORED)
    shutil.copytree(DATA, folder / DATA.name, ignore=_IGNORED)
    return folder / PACKAGE.name


def files_changed(before: Path, after: Path) -> pd.DataFrame:
    """A row per file that differs between two copies.

    Columns: file, how ("new", "changed" or "deleted"), added and removed (lines).
    """
    texts = {path: (_text(before / path), _text(after / path)) for path in _paths(before) | _paths(after)}
    rows = [
        (path, _how(before / path, after / path), *_counts(old, new))
        for path, (old, new) in sorted(texts.items())
        if old != new
    ]
    return pd.DataFrame(rows, columns=["file", "how", "added", "removed"])


def diff(before: Path, after: Path) -> str:
    """The unified diff between two copies, without line numbers."""
    parts = [
        line
        for path in sorted(_paths(before) | _paths(after))
        for line in difflib.unified_diff(
            _text(before / path), _text(after / path), path, path, n=2, lineterm=""
        )
    ]
    return "\n".join("@@" if line.startswith("@@") else line for line in parts)


def changed_lines(before: Path, after: Path) -> dict[str, set[int]]:
    """The lines of `before`, by file, that the change touches: replaced, deleted, or beside an insertion."""
    touched: dict[str, set[int]] = {}
    for path in sorted(_paths(before)):
        old, new = _text(before / path), _text(after / path)
        blocks = difflib.SequenceMatcher(None, old, new, False).get_opcodes() if old != new else []
        for tag, first, end, *_ in blocks:
            if tag != "equal":
                touched.setdefault(path, set()).update(range(first + 1, max(end, first + 1) + 1))
    return touched


def _paths(package: Path) -> set[str]:
    return {path.relative_to(package).as_posix() for path in package.rglob("*.py")}


def _text(file: Path) -> list[str]:
    return file.read_text(encoding="utf-8").splitlines() if file.exists() else []


def _how(old: Path, new: Path) -> str:
    return "changed" if old.exists() and new.exists() else ("new" if new.exists() else "deleted")


def _counts(old: list[str], new: list[str]) -> tuple[int, int]:
    lines = list(difflib.unified_diff(old, new, n=0, lineterm=""))[2:]
    return sum(line.startswith("+") for line in lines), sum(line.startswith("-") for line in lines)
