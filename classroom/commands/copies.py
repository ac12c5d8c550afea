"""Working copies: the workbook is read in `my-notebooks/`, beside the originals, and git ignores that folder.

So an update never meets a reader's work. At each start a copy that the reader has not changed follows its
original; a changed one stays. Changed means that the cells' text differs from what was copied. Outputs are
not copied: whoever is asked for a guess must not see the outcome below.
"""

import hashlib
import json
from datetime import datetime
from pathlib import Path
from typing import Any

from fiberlab.lab import kept_file
from fiberlab.lab.kept_file import NotKeptError, my_turn, write_whole

ROOT = Path(__file__).parents[2]
ORIGINALS, COPIES = ROOT / "notebooks", ROOT / "my-notebooks"
KEPT, TAKEN = "kept", ".originals.json"  # TAKEN: the text of the original that each copy was made from

Notebook = dict[str, Any]
NOT_RUN: Notebook = {"outputs": [], "execution_count": None}


class CopyError(RuntimeError):
    """A working copy cannot be made or given back: one sentence, and the next step."""

    def __init__(self, sentence: str, next_step: str) -> None:
        super().__init__(f"{sentence}\nNext: {next_step}")


def refresh(originals: Path = ORIGINALS, copies: Path = COPIES) -> list[str]:
    """What the reader has to know after each copy was made, refreshed or left as it is: a line each."""
    copies.mkdir(exist_ok=True)
    lines = []
    for original in sorted(originals.glob("*.ipynb")):
        try:
            lines += _refreshed(original, copies / original.name)
        except NotKeptError as error:
            lines.append(f"{original.stem} stays as it is: {error}.")
    return lines


def _refreshed(original: Path, copy: Path) -> list[str]:
    taken = read_taken(copy.parent).get(original.name)
    if not copy.exists():
        take(original, copy)
        return []
    now, mine = text_of(original), text_of(copy)
    if mine == now:
        remember(original, copy)
    elif mine == taken:
        take(original, copy)
        return [f"{original.stem} was updated; you had not changed it, so you have the new one."]
    elif now != taken:
        return [_two_versions(original)]
    return []


def _two_versions(original: Path) -> str:
    return (
        f"{original.stem} was updated, and you have written in your copy: yours stays as it is. To take "
        f"the new one: python3 lab.py reset {number(original)} (yours is then kept in {COPIES.name}/{KEPT})"
    )


def number(chapter: Path) -> str:
    """What a chapter is called by, as 05 or 05b: what its file's name has before the first hyphen."""
    return chapter.stem.partition("-")[0]


def take(original: Path, copy: Path) -> None:
    """Return once the copy is like the original, but for outputs, which would tell what to guess."""
    write(copy, without_outputs(read(original)))
    remember(original, copy)


def is_as_taken(original: Path, copy: Path) -> bool:
    """Whether nothing was written or run in the copy."""
    try:
        return read(copy) == without_outputs(read(original))
    except ValueError:  # no notebook any more
        return False


def without_outputs(notebook: Notebook) -> Notebook:
    """The notebook as if no cell had run yet."""
    cells = [cell | NOT_RUN if cell["cell_type"] == "code" else cell for cell in notebook["cells"]]
    return notebook | {"cells": cells}


def remember(original: Path, copy: Path) -> None:
    """Return once it is written down from which text of the original the copy was made."""
    file = copy.parent / TAKEN
    with my_turn(file):
        write(file, read_taken(copy.parent) | {original.name: text_of(original)})


def read_taken(copies: Path) -> dict[str, str]:
    """By name, the text of the original that each copy was made from; empty if nobody knows any more."""
    try:
        taken = json.loads(kept_file.content(copies / TAKEN) or b"")
    except ValueError:
        return {}
    return taken if isinstance(taken, dict) else {}


def text_of(notebook: Path) -> str:
    """What identifies the text of a notebook: its cells' kinds and sources, without outputs and counts."""
    try:
        cells = [(cell["cell_type"], source(cell)) for cell in read(notebook)["cells"]]
    except (ValueError, KeyError, TypeError):  # no notebook: then all of it is the text
        return hashlib.sha256(_content(notebook)).hexdigest()
    return hashlib.sha256(json.dumps(cells).encode()).hexdigest()


def source(cell: Notebook) -> str:
    """The text of a cell; a notebook may hold it as lines."""
    return "".join(cell["source"])


def keep(copy: Path) -> Path:
    """The file in `kept/` that holds what the copy holds now, under the date and time."""
    kept = copy.parent / KEPT
    stem = f"{copy.stem}.{datetime.now():%Y-%m-%d-%H%M}"
    names = (f"{stem}{extra}.ipynb" for extra in ("", *(f"-{number}" for number in range(2, 10_000))))
    file = next(kept / name for name in names if not (kept / name).exists())
    write_whole(file, _content(copy))
    return file


def read(notebook: Path) -> Notebook:
    """The notebook as JSON. Raises ValueError if it is none, NotKeptError if it cannot be read."""
    return json.loads(_content(notebook))


def write(file: Path, content: Notebook) -> None:
    """Return once the file holds this JSON, as Jupyter writes it; never half of it."""
    write_whole(file, json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def _content(file: Path) -> bytes:
    if (held := kept_file.content(file)) is None:
        raise NotKeptError(file, "it is not there")
    return held
