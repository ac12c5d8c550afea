"""Begin again: `python3 lab.py reset 01`, one exercise by its name, or everything. What was written is kept.

Before anything is replaced, the whole working copy goes into `my-notebooks/kept/` under the date and time.
The progress file stays: what was solved once was solved.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from fiberlab.commands import copies
from fiberlab.commands.copies import COPIES, NOT_RUN, ORIGINALS, CopyError, Notebook

EVERYTHING = "everything"


def main(arguments: Sequence[str]) -> int:
    """The exit status: 0 if all that was named is as it was shipped."""
    parser = argparse.ArgumentParser(prog="lab.py reset", description="Begin again; what you wrote is kept.")
    parser.add_argument("what", help=f"a chapter (01), an exercise (01-price) or {EVERYTHING!r}")
    what = parser.parse_args(arguments).what
    copies.refresh()
    print("\n".join(reset(what)))
    return 0


def reset(what: str, originals: Path = ORIGINALS, folder: Path = COPIES) -> list[str]:
    """A line for each working copy that was given back. Raises CopyError if nothing has this name."""
    if "-" in what:
        name = f"exercise-{what.removeprefix('exercise-')}"  # the map shows the short name
        return [_exercise(name, originals, folder)]
    chosen = [p for p in sorted(originals.glob("*.ipynb")) if what in (EVERYTHING, copies.number(p))]
    if not chosen:
        raise CopyError(
            f"There is no chapter {what!r}.",
            f"name one as in 01, an exercise as in 01-price, or {EVERYTHING}.",
        )
    return [_chapter(original, folder / original.name) for original in chosen]


def _chapter(original: Path, copy: Path) -> str:
    if copy.exists() and copies.is_as_taken(original, copy):
        return f"{original.stem} is as it was shipped."
    kept = copies.keep(copy) if copy.exists() else None
    copies.take(original, copy)
    return f"{original.stem} is as it was shipped.{_where(kept)}"


def _exercise(name: str, originals: Path, folder: Path) -> str:
    original, shipped = _find(name, originals)
    copy = folder / original.name
    notebook = copies.read(copy) if copy.exists() else copies.read(original)
    kept = copies.keep(copy) if copy.exists() else None
    _put_back(notebook, shipped, copies.read(original))
    copies.write(copy, notebook)
    return f"{name} in {original.stem} is as it was shipped.{_where(kept)}"


def _find(name: str, originals: Path) -> tuple[Path, Notebook]:
    known = {}
    for original in sorted(originals.glob("*.ipynb")):
        cells = {cell.get("id"): cell for cell in copies.read(original)["cells"]}
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
