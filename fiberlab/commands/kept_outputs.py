"""Does a chapter say what its notebook says? The text of each cell, beside the text that is kept.

Pictures are not compared, each has a sentence; nor is what `tests/nbval_sanitize.cfg` lets differ.
"""

import re
from collections import defaultdict
from collections.abc import Mapping
from configparser import ConfigParser

from nbformat import NotebookNode

from fiberlab.lab.source import PACKAGE

MAY_DIFFER = PACKAGE.parent / "tests" / "nbval_sanitize.cfg"


def difference(kept: NotebookNode, now: NotebookNode) -> str:
    """The first cell that says something else than its kept output, in words; nothing if none does."""
    rules = _rules()
    for before, after in zip(kept.cells, now.cells, strict=True):
        old, new = _said(before, rules), _said(after, rules)
        for kind in sorted(old.keys() | new.keys()):
            if old.get(kind) != new.get(kind):
                return (
                    f"cell {after.id!r} says something else than its notebook ({kind}):\n"
                    f"  kept  {old.get(kind, '')!r}\n  now   {new.get(kind, '')!r}"
                )
    return ""


def _rules() -> list[Mapping[str, str]]:
    settings = ConfigParser(interpolation=None)
    settings.read(MAY_DIFFER, encoding="utf-8")
    return [settings[section] for section in settings.sections()]


def _said(cell: NotebookNode, rules: list[Mapping[str, str]]) -> dict[str, str]:
    """What the cell wrote, by stream, and what it showed, as text."""
    said: dict[str, str] = defaultdict(str)
    for output in cell.get("outputs", ()):
        kind = output.get("name", "shown")
        text = output.get("text") or output.get("data", {}).get("text/plain", "")
        for rule in rules:
            text = re.sub(rule["regex"], rule["replace"], text)
        said[kind] += text
    return dict(said)
