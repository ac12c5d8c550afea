"""The decision record: one page that says what was decided, why, and from which numbers.

As Markdown with a picture beside it, and as one HTML file that holds everything and can be printed.
"""

import base64
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import mistune

from classroom.desk.progress import write_whole
from classroom.figures.look import Figure, capital
from classroom.readiness.decision import verdict
from classroom.readiness.figures import cost_curves
from classroom.readiness.form import QUESTIONS
from classroom.readiness.measurements import Measurements, sources
from classroom.readiness.model import INPUTS, Organization, cost_table, curves, kinds
from fiberlab.domain import dollars

NAME_LENGTH = 60  # of an organization, in the names of files
STYLE = Path(__file__).with_name("record.css")
PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>{title}</title><style>{style}</style></head>
<body>
{body}</body>
</html>
"""


@dataclass(frozen=True, repr=False)
class Record:
    """A decision record: its text in Markdown, and the picture that belongs to it."""

    name: str
    text: str
    picture: Figure

    def __repr__(self) -> str:
        return self.text

    def _repr_markdown_(self) -> str:
        return self.text

    def markdown(self, picture: str) -> str:
        """The text with its picture, which is at this address; the picture's sentence stands for it."""
        return f"{self.text}\n![{_plain(self.picture.sentence)}]({picture})\n"

    def html(self) -> str:
        """One page that needs no other file."""
        address = f"data:image/png;base64,{base64.b64encode(self.picture.png).decode()}"
        body = mistune.create_markdown(plugins=["table"])(self.markdown(address))
        title = mistune.escape(f"Decision record: {self.name}")
        return PAGE.format(title=title, style=STYLE.read_text(encoding="utf-8"), body=body)

    def save(self, folder: Path) -> list[str]:
        """The names of the files written into the folder: Markdown, HTML, its picture. NotKeptError."""
        name = re.sub(r"[\W_]+", "-", self.name.lower())[:NAME_LENGTH].strip("-")
        stem = f"decision-{name or 'record'}"
        files = {
            f"{stem}.md": self.markdown(f"{stem}.png"),
            f"{stem}.html": self.html(),
            f"{stem}.png": self.picture.png,
        }
        for name, whole in files.items():
            write_whole(folder / name, whole)
        return list(files)


def decision_record(of: Organization, measured: Measurements, on: date) -> Record:
    """The record of this decision, made on that day."""
    text = "\n".join(_lines(of, measured, on)) + "\n"
    return Record(of.name, text, cost_curves(curves(of, measured)))


def _lines(of: Organization, measured: Measurements, on: date) -> Iterator[str]:
    found = verdict(of, measured)
    yield f"# Decision record: events between actors at {_plain(of.name)}\n"
    start = f"{on.isoformat()}. **{found.answer.capitalize()}.** Break-even: "
    yield f"{start}{kinds(found.break_even) if found.break_even else 'none'}.\n"
    yield from (
        "## Why\n",
        *_points(found.reasons),
        "\n## What would change it\n",
        *_points(found.would_change),
    )
    for actors in dict.fromkeys((of.actors_now, of.actors_later)):
        yield f"\n## A month with {kinds(actors)}\n"
        yield from _costs(actors, of, measured)
    yield "\n## What was entered\n"
    yield from _table(("input", "value"), _inputs(of))
    yield "\n## What was measured\n"
    measured_by = sources(measured).drop(columns="how").reset_index()
    yield from _table(measured_by.columns, measured_by.itertuples(index=False))


def _points(lines: Iterable[str]) -> list[str]:
    return [f"- {_plain(line)}" for line in lines]


def _costs(actors: int, of: Organization, measured: Measurements) -> Iterator[str]:
    table = cost_table(actors, of, measured)
    head = [name.removesuffix("_cents").replace("_", " ") for name in table.columns]
    rows = [(design, *map(dollars, costs)) for design, *costs in table.itertuples()]
    return _table(("design", *head), rows)


def _inputs(of: Organization) -> Iterator[tuple[str, str]]:
    for entry in INPUTS:
        value = getattr(of, entry.name)
        yield capital(entry.label), dollars(value) if entry.is_money else f"{value:g}"
    for name, question in QUESTIONS.items():
        yield capital(question), "yes" if getattr(of, name) else "no"


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    for row in (head, ["---"] * len(head), *rows):
        yield f"| {' | '.join(cell if cell == '---' else _plain(str(cell)) for cell in row)} |"


def _plain(text: str) -> str:
    """The text so that Markdown shows it as it is; two dollar signs would make mathematics."""
    return re.sub(r"[\\`*_\[\]<>#|~&$]", r"\\\g<0>", " ".join(text.split()))
