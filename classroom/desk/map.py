"""A map of the workbook with what its reader has done: text for everybody, a table in Jupyter."""

import ast
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path

from classroom.desk.progress import Progress
from classroom.place import NOTEBOOKS


@dataclass(frozen=True)
class Stop:
    """A chapter on the map: its title, its exercises and its predictions by name."""

    number: str
    title: str
    exercises: tuple[str, ...]
    predictions: tuple[str, ...]


@dataclass(frozen=True, repr=False)
class WorkbookMap:
    """The chapters, and what the reader has done in each."""

    stops: tuple[Stop, ...]
    progress: Progress

    def __repr__(self) -> str:
        lines = [(head, "; ".join(filter(None, parts))) for head, *parts in self._rows()]
        return "\n".join(": ".join(filter(None, line)) for line in lines)

    def _repr_html_(self) -> str:
        heads = "".join(f'<th scope="col">{head}</th>' for head in ("Chapter", "Exercises", "Predictions"))
        rows = "".join(f"<tr>{''.join(_cells(row))}</tr>" for row in self._rows())
        caption = "<caption>What you have done so far</caption>"
        return f"<table>{caption}<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"

    def _rows(self) -> Iterator[tuple[str, str, str]]:
        for stop in self.stops:
            yield f"{stop.number} {stop.title}", self._exercises(stop), self._predictions(stop)

    def _exercises(self, stop: Stop) -> str:
        return ", ".join(f"{_short(name)}: {self._done(name)}" for name in stop.exercises)

    def _done(self, name: str) -> str:
        row = self.progress["exercises"].get(name)
        if not row:
            return "not attempted"
        return "correct" if row.get("solved") else f"{row.get('outcome')}, attempts {row.get('attempts')}"

    def _predictions(self, stop: Stop) -> str:
        rows = [self.progress["predictions"].get(f"{stop.number}/{name}") for name in stop.predictions]
        made = [row for row in rows if row is not None]
        surprises = sum(not row.get("right") for row in made)
        told = f", {surprises} a surprise" if surprises else ""
        return f"{len(made)} of {len(rows)} predictions made{told}" if rows else ""


def stops(folder: Path = NOTEBOOKS) -> tuple[Stop, ...]:
    """The chapters in the folder, in order."""
    return tuple(_stop(path) for path in sorted(folder.glob("*.ipynb")))


def _stop(path: Path) -> Stop:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    names = {cell["id"] for cell in cells}
    title = "".join(cells[0]["source"]).splitlines()[0].partition("· ")[2]
    sources = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    exercises = tuple(cell["id"] for cell in cells if f"{cell['id']}-check" in names)
    return Stop(path.stem.partition("-")[0], title, exercises, tuple(_predictions(sources)))


def _predictions(sources: Iterable[str]) -> Iterator[str]:
    """The names in calls of `chapter.predict`."""
    for source in sources:
        for node in ast.walk(ast.parse(source)) if "chapter.predict(" in source else ():
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "predict":
                yield node.args[0].value


def _short(exercise: str) -> str:
    return exercise.split("-", 2)[-1]


def _cells(row: tuple[str, str, str]) -> Iterator[str]:
    head, *others = map(escape, row)
    yield f'<th scope="row" style="text-align: left">{head}</th>'
    yield from (f'<td style="text-align: left">{other or "–"}</td>' for other in others)
