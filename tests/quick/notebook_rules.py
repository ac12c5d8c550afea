"""The rules for notebooks (DECISIONS.md says why): what keeps their outputs true, stable and readable.

A rule is a function that takes a notebook and yields what is wrong: where (a cell's id) and what to do.
`violations(name, notebook)` asks them all. A new rule is a function in RULES, and a bad notebook in
`test_notebooks.py` that proves it.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from nbformat import NotebookNode

Found = Iterator[tuple[str, str]]
Rule = Callable[[str, NotebookNode], Found]

# The only cells that may opt out of a comparison: (notebook, cell id): (marker, reason).
ALLOWED: dict[tuple[str, str], tuple[str, str]] = {}

CODE_LINES = 10
EXERCISE_LINES = 20

# What no code cell may contain, and what to do instead.
FORBIDDEN = {
    r"\bclear_output\b": "clear_output flickers and cannot be compared; change the traits of a widget",
    r"@interact|\binteract(ive|ive_output|_manual)?\s*\(|\bimport\b.*\binteract": (
        "interact clears its output; use widgets and observe"
    ),
    r"\bOutput\s*\(": "an Output widget cannot be compared; change the traits of a widget",
    r"\bsleep\s*\(|\bimport\b.*\bsleep\b": "never sleep; wait for a fact with a deadline",
    r"(^|\s)%{1,2}time(it)?\b": "%time shows the clock; draw what was measured",
    r"\bdisplay_id\b": "a display id is random; let fiberlab's live views keep theirs",
}

# What no text output may contain, and what to do instead.
UNSTABLE = {
    r"(?<![\w.:/<-])/(home|Users|root|tmp|work|var|private|opt|usr|mnt|srv|etc)/": "a path; show a name",
    r"\b[A-Za-z]:\\": "a path; show a name",
    r"(127\.0\.0\.1|0\.0\.0\.0|localhost|\[::1\]):\d+": "an address with a port; show which service it is",
    r"\b0x[0-9a-fA-F]{6,}": "an object's address; give the object a sentence as its repr",
    r"\b\d\d:\d\d:\d\d[.,]\d{3,}": "a time stamp of the clock; leave it out",
    r"\b(?!2026-03-)20\d\d-\d\d-\d\d": "a date that is not in the story (March 2026); leave it out",
    r"\b1[6-9]\d{8}(\d{3}|\.\d+)\b": "seconds or milliseconds since 1970; leave it out",
}

BOLD_QUESTION = re.compile(r"\*\*(?:[^*]|\*[^*]+\*)+\?\*\*")

MARKER = re.compile(r"#\s*((?:NBVAL|PYTEST_VALIDATE)_\w+)")
MARKER_TAG = re.compile(r"(nbval|pytest-validate)-.*|raises-exception|skip-execution")

TITLE = re.compile(r"# (\d\d[a-z]?) · \S.*")
TO_DO = "What you'll do, learn and need"
PREDICT, EXERCISE, SET_UP, CLEAN_UP = "Predict, run, see", "Exercise", "Set-up", "Clean up"
COST = "What it cost, and when it is not worth it"
FRAME = ("Story so far", TO_DO, SET_UP, PREDICT, "Read the source", EXERCISE, COST, "Recap", CLEAN_UP)
SEVERAL = (PREDICT, EXERCISE)
FIRST_CHAPTER = "00"
FIRST_FRAME = (TO_DO, SET_UP, "Recap", CLEAN_UP)  # nothing to predict yet: does everything run?


def ran_from_top_to_bottom(name: str, notebook: NotebookNode) -> Found:
    for expected, cell in enumerate(code_cells(notebook), start=1):
        if not cell.source.strip():
            yield cell.get("id", "?"), "is empty; delete it"
        if cell.execution_count != expected:
            yield (
                cell.get("id", "?"),
                f"ran as [{cell.execution_count}], not [{expected}]; run all cells anew",
            )


def has_no_error(name: str, notebook: NotebookNode) -> Found:
    for cell, output in outputs(notebook):
        if output.output_type == "error" and "raises-exception" not in tags(cell):
            yield cell.id, f"ends in {output.ename}; correct it and run all cells anew"
        if output.output_type == "stream" and output.name == "stderr":
            yield cell.id, f"writes to stderr: {first_line(output.text)!r}; find out why"


def has_no_trailing_semicolon(name: str, notebook: NotebookNode) -> Found:
    for cell in code_cells(notebook):
        if re.search(r";\s*(#[^\n]*)?\Z", cell.source.rstrip()):
            yield cell.id, "ends in a semicolon, which hides the output; assign the value to a name"


def uses_nothing_forbidden(name: str, notebook: NotebookNode) -> Found:
    for cell in code_cells(notebook):
        for pattern, advice in FORBIDDEN.items():
            if found := re.search(pattern, cell.source, re.MULTILINE):
                yield cell.id, f"has {found[0].strip()!r}: {advice}"


def opts_out_of_no_comparison(name: str, notebook: NotebookNode) -> Found:
    for cell in notebook.cells:
        markers = [*MARKER.findall(cell.source), *filter(MARKER_TAG.fullmatch, tags(cell))]
        allowed = ALLOWED.get((name, cell.get("id", "?")), ("", ""))[0]
        for marker in markers:
            if marker != allowed:
                yield (
                    cell.get("id", "?"),
                    f"has {marker}; make its output stable, or give a reason in ALLOWED",
                )


def has_short_cells(name: str, notebook: NotebookNode) -> Found:
    for cell in code_cells(notebook):
        limit = EXERCISE_LINES if is_exercise(cell) else CODE_LINES
        lines = sum(bool(line.strip()) for line in cell.source.splitlines())
        if lines > limit:
            yield cell.id, f"has {lines} lines, at most {limit}; split it or move code to fiberlab"


def has_prose_before_code(name: str, notebook: NotebookNode) -> Found:
    before: NotebookNode | None = None
    for cell in notebook.cells:
        if cell.cell_type == "code" and not (before and is_prose(before)):
            yield cell.id, "has no prose before it; say in the cell above what to watch"
        before = cell


def has_stable_text(name: str, notebook: NotebookNode) -> Found:
    for cell, output in outputs(notebook):
        for text in texts(output):
            for pattern, advice in UNSTABLE.items():
                if found := re.search(pattern, text):
                    yield cell.id, f"shows {found[0]!r}: {advice}"


def has_no_widget_state(name: str, notebook: NotebookNode) -> Found:
    if "widgets" in notebook.metadata:
        yield "metadata", "holds widget state; delete 'widgets' and save without widget state"


def has_readable_ids(name: str, notebook: NotebookNode) -> Found:
    seen: set[str] = set()
    for number, cell in enumerate(notebook.cells):
        identity = cell.get("id", "")
        place = identity or f"cell {number}"
        if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", identity) or not re.search(r"[a-z]{2}", identity):
            yield place, "has no readable id; name it in small letters and hyphens, such as set-up"
        elif re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f-]{27})?", identity):
            yield place, "has a random id; name what the cell is for, such as set-up"
        if identity in seen:
            yield place, "is the id of two cells; rename one"
        seen.add(identity)


def says_every_figure(name: str, notebook: NotebookNode) -> Found:
    for cell, output in outputs(notebook):
        if any(kind.startswith("image/") for kind in output.get("data", {})):
            text = output.data.get("text/plain", "").strip()
            if text.startswith("<") or " " not in text or not text.endswith("."):
                yield (
                    cell.id,
                    f"shows a picture as {text!r}; give it a sentence with its data, ending in a period",
                )


def shows_no_picture_twice(name: str, notebook: NotebookNode) -> Found:
    seen = set()
    for cell, output in outputs(notebook):
        picture = output.get("data", {}).get("image/png")
        if picture and picture in seen:
            yield cell.id, "shows a picture that stands above; leave one of the two"
        seen.add(picture)


def has_the_frame(name: str, notebook: NotebookNode) -> Found:
    title = TITLE.fullmatch(first_line(notebook.cells[0].source)) if notebook.cells else None
    if not title or notebook.cells[0].cell_type != "markdown":
        yield "title", "the first cell must begin with '# NN · …'"
    elif title[1] != name.partition("-")[0]:
        yield "title", f"says chapter {title[1]}; the file name says {name.partition('-')[0]}"
    found = [part for part, _ in sections(notebook) if part in FRAME]
    for part in FIRST_FRAME if name.startswith(FIRST_CHAPTER) else FRAME:
        if part not in found:
            yield "frame", f"the heading '## {part}' is missing"
        elif found.count(part) > 1 and part not in SEVERAL:
            yield "frame", f"the heading '## {part}' comes {found.count(part)} times"
    if found != sorted(found, key=FRAME.index):
        yield "frame", f"the headings come in the order {found}; keep to {list(FRAME)}"


def fills_the_frame(name: str, notebook: NotebookNode) -> Found:
    parts = dict(sections(notebook))
    if TO_DO in parts and not re.search(r"\d+\s+minutes", "\n".join(cell.source for cell in parts[TO_DO])):
        yield "frame", f"'## {TO_DO}' does not say how many minutes"
    for part in (SET_UP, CLEAN_UP):
        code = [cell for cell in parts.get(part, []) if cell.cell_type == "code"]
        if part in parts and len(code) != 1 and not name.startswith(FIRST_CHAPTER):
            yield (
                "frame",
                f"'## {part}' has {len(code)} code cells; make it one that can run again at any time",
            )


def keeps_every_guess(name: str, notebook: NotebookNode) -> Found:
    """A live picture shows what its reader presses, so its question may stay a question."""
    for part, cells in sections(notebook):
        source = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
        kept = re.search(r"\.predict\(.*\.compare\(", source, re.DOTALL)
        if part == PREDICT and not kept and ".watch(" not in source:
            yield (
                cells[0].id,
                "keeps no guess; chapter.predict before the experiment, chapter.compare after it",
            )


def asks_in_bold_what_it_keeps(name: str, notebook: NotebookNode) -> Found:
    """What else there is to see is said without bold: a reader answers the question that stands out."""
    for part, cells in sections(notebook):
        asked = sum(len(BOLD_QUESTION.findall(cell.source)) for cell in cells if cell.cell_type == "markdown")
        kept = sum(cell.source.count(".predict(") for cell in cells if cell.cell_type == "code")
        if part == PREDICT and asked != kept:
            yield cells[0].id, f"asks {asked} questions in bold and keeps {kept}; set in bold what is kept"


def is_made_by_nobody_in_particular(name: str, notebook: NotebookNode) -> Found:
    kernel = notebook.metadata.get("kernelspec", {})
    if kernel.get("name") != "python3":
        yield "metadata", f"asks for the kernel {kernel.get('name')!r}; set kernelspec.name to 'python3'"
    if kernel.get("display_name") not in ("Python 3", "Python 3 (ipykernel)"):
        yield "metadata", f"shows the kernel {kernel.get('display_name')!r}; set it to 'Python 3 (ipykernel)'"
    if "version" in notebook.metadata.get("language_info", {}):
        yield "metadata", "names one machine's Python; delete language_info.version"


RULES: tuple[Rule, ...] = (
    ran_from_top_to_bottom,
    has_no_error,
    has_no_trailing_semicolon,
    uses_nothing_forbidden,
    opts_out_of_no_comparison,
    has_short_cells,
    has_prose_before_code,
    has_stable_text,
    has_no_widget_state,
    has_readable_ids,
    says_every_figure,
    shows_no_picture_twice,
    has_the_frame,
    fills_the_frame,
    keeps_every_guess,
    asks_in_bold_what_it_keeps,
    is_made_by_nobody_in_particular,
)


def violations(name: str, notebook: NotebookNode, rules: Iterable[Rule] = RULES) -> list[str]:
    """What is wrong with the notebook `name` (without .ipynb), one line each: notebook, place, what to do."""
    return [f"{name} [{place}] {what}" for rule in rules for place, what in rule(name, notebook)]


def solution_violations(notebooks: Mapping[str, NotebookNode], solutions: Iterable[str]) -> list[str]:
    """What is wrong between the starters in all notebooks and the names (without .py) of solution files."""
    starters = {cell.id: name for name, notebook in notebooks.items() for cell in starter_cells(notebook)}
    missing, orphans = sorted(starters.keys() - set(solutions)), sorted(set(solutions) - starters.keys())
    return [
        *(
            f"{starters[cell]} [{cell}] has no solution; write notebooks/solutions/{cell}.py"
            for cell in missing
        ),
        *(f"notebooks/solutions/{name}.py solves no starter; delete or rename it" for name in orphans),
        *(line for name, notebook in notebooks.items() for line in unchecked(name, notebook)),
    ]


def unchecked(name: str, notebook: NotebookNode) -> Iterator[str]:
    """The starters after which no check cell follows."""
    cells = code_cells(notebook)
    for cell, following in zip(cells, [*cells[1:], None], strict=True):
        if is_starter(cell) and not (following and re.search(r"\bcheck\w*\(", following.source)):
            yield f"{name} [{cell.id}] is not checked; check it in the next code cell"


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def starter_cells(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in code_cells(notebook) if is_starter(cell)]


def is_starter(cell: NotebookNode) -> bool:
    return cell.get("id", "").startswith("exercise-") and "raise NotImplementedError" in cell.source


def is_exercise(cell: NotebookNode) -> bool:
    return any(word.startswith("exercise") for word in (cell.get("id", ""), *tags(cell)))


def is_prose(cell: NotebookNode) -> bool:
    """Whether a cell says something: a heading alone does not."""
    said = (line for line in cell.source.splitlines() if line.strip() and not line.startswith("#"))
    return cell.cell_type == "markdown" and any(said)


def outputs(notebook: NotebookNode) -> Iterator[tuple[NotebookNode, NotebookNode]]:
    return ((cell, output) for cell in code_cells(notebook) for output in cell.outputs)


def texts(output: NotebookNode) -> list[str]:
    data = output.get("data", {})
    return [output.get("text", ""), *(data[kind] for kind in data if kind.startswith("text/"))]


def tags(cell: NotebookNode) -> list[str]:
    return cell.metadata.get("tags", [])


def first_line(text: str) -> str:
    return text.strip().partition("\n")[0]


def sections(notebook: NotebookNode) -> list[tuple[str, list[NotebookNode]]]:
    """The notebook's cells by heading of the second level, a part of the frame named as in FRAME."""
    found: list[tuple[str, list[NotebookNode]]] = []
    for cell in notebook.cells:
        for heading in headings(cell):
            found.append((heading, []))
        if found:
            found[-1][1].append(cell)
    return found


def headings(cell: NotebookNode) -> Iterator[str]:
    """'Predict, run, see: who pays?' is the frame's 'Predict, run, see'."""
    source = re.sub(r"^(```|~~~).*?^\1", "", cell.source, flags=re.MULTILINE | re.DOTALL)
    for heading in re.findall(r"^## +(.+?) *$", source if cell.cell_type == "markdown" else "", re.MULTILINE):
        plain = heading.replace("’", "'")
        yield next((part for part in FRAME if plain == part or plain.startswith(f"{part}:")), plain)
