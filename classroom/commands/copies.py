"""Working copies: the workbook is read in `my-notebooks/`, beside the originals, and git ignores that folder.

So an update never meets a reader's work. At each start a copy that the reader has not changed follows its
original; a changed one stays. Changed means that the cells' text differs from what was copied. Outputs are
not copied: whoever is asked for a guess must not see the outcome below.

`python3 lab.py reset 01`, one exercise by its name, or everything, begins again. Before anything is replaced,
the whole copy goes into `my-notebooks/kept/` under the date and time. The progress file stays.

Without lab.py, `python -m classroom.commands.copies` makes them: in the checkout or, where nobody may write
there or the workbook came as a wheel, in the folder where you stand.
"""

import argparse
import hashlib
import json
import os
import re
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from classroom.desk import progress
from classroom.desk.progress import NotKeptError, my_turn, write_whole
from classroom.place import NOTEBOOKS, ROOT, home

ORIGINALS, COPIES = NOTEBOOKS, ROOT / progress.COPIES
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
        return [*_told_once(original, copy), _two_versions(original)]
    return []


def _told_once(original: Path, copy: Path) -> list[str]:
    """That a copy imports what has moved since, and what to do; said for one state of the original only."""
    gone, mark = sorted(set(_imported(copy)) - _modules()), f"{original.name}: what has moved was told"
    if not gone or read_taken(copy.parent).get(mark) == text_of(original):
        return []
    _note(copy.parent, mark, text_of(original))
    return [
        f"{original.stem}: your copy imports {', '.join(gone)}, which has moved: such cells stop with "
        "ModuleNotFoundError. Take the new chapter as said below, and paste your answers into it."
    ]


def _imported(copy: Path) -> list[str]:
    """The modules of ours that the copy's cells import, by dotted name."""
    try:
        text = "\n".join(source(cell) for cell in read(copy)["cells"])
    except (ValueError, KeyError, TypeError):  # no notebook
        return []
    return re.findall(r"^\s*(?:from|import)\s+((?:fiberlab|classroom)[\w.]*)", text, re.MULTILINE)


def _modules() -> set[str]:
    """Every module that can be imported from the workbook's packages."""
    files = [file for name in ("fiberlab", "classroom") for file in (ROOT / name).rglob("*.py")]
    dotted = {".".join(file.relative_to(ROOT).with_suffix("").parts) for file in files}
    return {name.removesuffix(".__init__") for name in dotted}


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
    _note(copy.parent, original.name, text_of(original))


def _note(copies: Path, name: str, text: str) -> None:
    file = copies / TAKEN
    with my_turn(file):
        write(file, read_taken(copies) | {name: text})


def read_taken(copies: Path) -> dict[str, str]:
    """By name, the text of the original that each copy was made from; empty if nobody knows any more."""
    try:
        taken = json.loads(progress.content(copies / TAKEN) or b"")
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
    if (held := progress.content(file)) is None:
        raise NotKeptError(file, "it is not there")
    return held


EVERYTHING = "everything"


def main(arguments: Sequence[str]) -> int:
    """The exit status: 0 if all that was named is as it was shipped."""
    parser = argparse.ArgumentParser(prog="lab.py reset", description="Begin again; what you wrote is kept.")
    parser.add_argument("what", nargs="?", help=f"a chapter (01), an exercise (01-price) or {EVERYTHING!r}")
    what, copies = parser.parse_args(arguments).what, place()
    lines = refresh(ORIGINALS, copies)
    print("\n".join(reset(what, ORIGINALS, copies) if what else [*lines, f"Your copies are in {copies}."]))
    return 0


def place() -> Path:
    """Where the working copies belong: beside the originals if one may write there, else where you stand."""
    return (home() if os.access(home(), os.W_OK) else Path.cwd()) / COPIES.name


def reset(what: str, originals: Path = ORIGINALS, folder: Path = COPIES) -> list[str]:
    """A line for each working copy that was given back. Raises CopyError if nothing has this name."""
    if "-" in what:
        name = f"exercise-{what.removeprefix('exercise-')}"  # the map shows the short name
        return [_exercise(name, originals, folder)]
    chosen = [p for p in sorted(originals.glob("*.ipynb")) if what in (EVERYTHING, number(p))]
    if not chosen:
        raise CopyError(
            f"There is no chapter {what!r}.",
            f"name one as in 01, an exercise as in 01-price, or {EVERYTHING}.",
        )
    return [_chapter(original, folder / original.name) for original in chosen]


def _chapter(original: Path, copy: Path) -> str:
    if copy.exists() and is_as_taken(original, copy):
        return f"{original.stem} is as it was shipped."
    kept = keep(copy) if copy.exists() else None
    take(original, copy)
    return f"{original.stem} is as it was shipped.{_where(kept)}"


def _exercise(name: str, originals: Path, folder: Path) -> str:
    original, shipped = _find(name, originals)
    copy = folder / original.name
    notebook = read(copy) if copy.exists() else read(original)
    kept = keep(copy) if copy.exists() else None
    _put_back(notebook, shipped, read(original))
    write(copy, notebook)
    return f"{name} in {original.stem} is as it was shipped.{_where(kept)}"


def _find(name: str, originals: Path) -> tuple[Path, Notebook]:
    known = {}
    for original in sorted(originals.glob("*.ipynb")):
        cells = {cell.get("id"): cell for cell in read(original)["cells"]}
        known |= {id: (original, cell) for id, cell in cells.items() if f"{id}-check" in cells}
    if name not in known:
        raise CopyError(f"There is no exercise {name!r}.", f"name one of {', '.join(known)}.")
    return known[name]


def _put_back(notebook: Notebook, shipped: Notebook, original: Notebook) -> None:
    """Change the cell to the shipped one; one that was deleted comes back after the cell it followed."""
    ids = [cell.get("id") for cell in notebook["cells"]]
    shipped, check = shipped | NOT_RUN, f"{shipped['id']}-check"
    if check in ids:
        notebook["cells"][ids.index(check)] |= NOT_RUN  # it tells of what was there
    if shipped["id"] in ids:
        notebook["cells"][ids.index(shipped["id"])] = shipped
        return
    order = [cell["id"] for cell in original["cells"]]
    before = [id for id in order[: order.index(shipped["id"])] if id in ids]
    notebook["cells"].insert(ids.index(before[-1]) + 1 if before else len(ids), shipped)


def _where(kept: Path | None) -> str:
    if not kept:
        return ""
    where = f"{kept.parent.parent.name}/{kept.parent.name}/{kept.name}"
    return f" What you had is in {where}. If it is open in the browser, reload it."


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
