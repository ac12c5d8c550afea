"""The pages of the book as text, each where its file stands in the repository, so that links hold.

A chapter is its notebook as it was kept. Where it shows something live, the page has a recording or a note.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from classroom.place import DATA, NOTEBOOKS, ROOT

AS_THEY_ARE = ("trainer/README.md", "CONTRIBUTING.md", "DECISIONS.md", "CHANGELOG.md")
RUNS_ONLY = "It computes only in a running notebook."
PLAYS = "Here a recording of a real run plays, where the page may run JavaScript."
HOW_TO_RUN = "**To look before you install:**"  # where the README has told what this is
SOLUTION = r"\(\.\./notebooks/solutions/(.+?)\.py\)"
Schema = dict[str, Any]


class BookError(Exception):
    """The book cannot be made of what is there: what it is, and the next step."""


def start() -> str:
    """The first page: what the README says before it tells how to run, and the chapters."""
    readme = _readme()
    told = readme.partition(HOW_TO_RUN)[0]
    table = re.search(r"^## The chapters$.+?(?=^## )", readme, re.DOTALL | re.MULTILINE)[0]
    chapters = [f"notebooks/{file.stem}" for file in sorted(NOTEBOOKS.glob("*.ipynb"))]
    contracts = [f"data/contracts/{file.stem}" for file in sorted(CONTRACTS.glob("*.json"))]
    others = ["README", *contracts, "notebooks/solutions/all", *(name[:-3] for name in AS_THEY_ARE)]
    how = Path(__file__).with_name("reading.md").read_text(encoding="utf-8")
    return "\n".join([told, how, table, _toctree("Chapters", chapters), _toctree("Beside them", others)])


def running() -> str:
    """The README from where it tells how to run the workbook, without what the first page has."""
    text = _readme().partition(HOW_TO_RUN)[2]
    text = re.sub(r"^## The chapters$.+?(?=^## )", "", text, flags=re.DOTALL | re.MULTILINE)
    return f"# Run it yourself\n\n{HOW_TO_RUN}{text}"


def _readme() -> str:
    """The README. The book has one picture for light and dark, as its style sheet turns pictures round."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    image = r"```{image} \2\n:alt: \1\n:class: jp-needs-light-background\n```"
    return re.sub(r'<picture>.+?<img alt="(.+?)" src="(.+?)">\s*</picture>', image, text, flags=re.DOTALL)


def _toctree(caption: str, names: list[str]) -> str:
    return "\n".join(["```{toctree}", ":hidden:", f":caption: {caption}", "", *names, "```", ""])


def solutions() -> str:
    """The solutions of all exercises, one below the other."""
    files = sorted((NOTEBOOKS / "solutions").glob("*.py"))
    shown = [f"## {file.stem}\n\n```python\n{file.read_text(encoding='utf-8')}```\n" for file in files]
    return "\n".join(["# Solutions\n\nTry first: an exercise tells you more than its solution.\n", *shown])


# --- a chapter


def chapter(notebook: NotebookNode, recording: str = "") -> NotebookNode:
    """The notebook as a page; `recording` is the name of what plays in place of its live picture."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = re.sub(SOLUTION, r"(solutions/all.md#\1)", cell.source)
            continue
        cell.outputs = [_output(output, recording) for output in cell.outputs]
        if alts := {alt for output in cell.outputs if (alt := alternative(output))}:
            if len(alts) > 1:
                raise BookError(f"The cell {cell.id!r} shows several pictures.\nNext: make it two cells")
            options = {"alt": alts.pop(), "classes": "jp-needs-light-background"}
            cell.metadata["mystnb"] = {"image": options}
    return notebook


def alternative(output: NotebookNode) -> str:
    """What a picture says to those who do not see it; nothing if the output is no picture, or a card."""
    return output.get("metadata", {}).get("image/png", {}).get("alt", "")


def _output(output: NotebookNode, recording: str) -> NotebookNode:
    """The output; instead of a card in place of what was live, a recording or a note."""
    if "image/png" not in output.get("data", {}) or alternative(output):
        return output
    text = output.data["text/plain"]
    if recording and text.startswith("Live: "):
        html = f'<div class="recording" data-recording="{recording}"><p>{text} {PLAYS}</p></div>'
        html += f'<script defer src="../_static/recordings/{recording}.js"></script>'
    else:
        html = f'<p class="note">{text} {RUNS_ONLY}</p>'
    return nbformat.v4.new_output("display_data", {"text/html": html, "text/plain": text})


# --- a contract

CONTRACTS = DATA / "contracts"


def contract(file: Path) -> str:
    """An AsyncAPI or OpenAPI document as a page."""
    document = json.loads(file.read_text(encoding="utf-8"))
    info = document["info"]
    app = file.stem.partition("-")[2]
    parts = [f"# OpenAPI: {app}" if app else f"# AsyncAPI: {info['title']}", info.get("description", "")]
    parts += [f"The document itself, for programs: [{file.name}]({file.name}).", *_channels(document)]
    for path, methods in document.get("paths", {}).items():
        for method, operation in methods.items():
            parts += _operation(f"{method.upper()} {path}", operation)
    for name, schema in document["components"]["schemas"].items():
        parts += [f"## {name}", schema.get("description", ""), _fields(schema)]
    return "\n\n".join(parts) + "\n"


def _channels(document: Schema) -> Iterator[str]:
    for channel in document.get("channels", {}).values():
        yield f"## Topic `{channel['address']}`"
        yield "Each record is one of these messages:"
        for name in channel["messages"]:
            message = document["components"]["messages"][name]
            yield f"### `{message['name']}`"
            yield f"{message['summary']} Its value is a [{name}](#{name.lower()}); its headers:"
            yield _fields(message["headers"])


def _operation(title: str, operation: Schema) -> Iterator[str]:
    yield f"## {title}"
    yield f"The body is {_kind(_body(operation['requestBody']))}. The answers:"
    answers = operation["responses"].items()
    rows = [(code, answer["description"], _kind(_body(answer))) for code, answer in answers]
    yield _table(("status", "when", "body"), rows)


def _body(holder: Schema) -> Schema:
    return holder["content"]["application/json"]["schema"]


def _fields(schema: Schema) -> str:
    required = schema.get("required", ())
    fields = schema.get("properties", {}).items()
    rows = [(f"`{name}`", _kind(field), "yes" if name in required else "no") for name, field in fields]
    return _table(("field", "value", "required"), rows)


def _kind(field: Schema) -> str:
    """What a value may be, in words."""
    if "$ref" in field:
        name = field["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "const" in field:
        return f"`{field['const']}`"
    if several := field.get("anyOf"):
        return " or ".join(map(_kind, several))
    told = [field.get("type", "anything"), field.get("format", "")]
    told += [f"from {field['minimum']}"] if "minimum" in field else []
    told += ["not empty"] if field.get("minLength") else []
    told += [f"for example `{example}`" for example in field.get("examples", ())]
    return ", ".join(filter(None, told))


def _table(heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
