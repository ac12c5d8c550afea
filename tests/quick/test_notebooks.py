"""The shipped notebooks keep the rules of `notebook_rules.py`, and every rule is proven by a bad notebook."""

import os
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode, v4

from tests.quick import notebook_rules as rules

FOLDER = Path(__file__).parents[2] / "notebooks"


def prose(identity: str, *lines: str) -> NotebookNode:
    return v4.new_markdown_cell("\n".join(lines), id=identity)


def code(
    identity: str, source: str = "bills", *outputs: NotebookNode, tags: tuple[str, ...] = ()
) -> NotebookNode:
    cell = v4.new_code_cell(source, id=identity, outputs=list(outputs))
    cell.metadata.update({"tags": list(tags)} if tags else {})
    return cell


def text(said: str, kind: str = "text/plain") -> NotebookNode:
    return v4.new_output("display_data", {kind: said})


def picture(said: str) -> NotebookNode:
    return v4.new_output("display_data", {"image/png": "iVBORw0=", "text/plain": said})


def stream(said: str, name: str = "stdout") -> NotebookNode:
    return v4.new_output("stream", name=name, text=said)


def error() -> NotebookNode:
    return v4.new_output("error", ename="KeyError", evalue="'plan'", traceback=[])


def notebook(*cells: NotebookNode) -> NotebookNode:
    """A notebook as a run from top to bottom leaves it."""
    kernel = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    made = v4.new_notebook(metadata={"kernelspec": kernel, "language_info": {"name": "python"}})
    made.cells = list(cells)
    for count, cell in enumerate(rules.code_cells(made), start=1):
        cell.execution_count = count
    return made


STARTER = "def key(event):\n    raise NotImplementedError"
GUESS = 'chapter.predict("wrong", guess)\nchapter.compare("wrong", 31)'


ASKED = "## Predict, run, see: bills\n\n**How many are *wrong*?**"


def chapter() -> NotebookNode:
    """A chapter that keeps every rule."""
    return notebook(
        prose("title", "# 02 · A second actor", "", "Installers may give a discount."),
        prose("story", "## Story so far", "", "One app."),
        prose("to-do", "## What you'll do, learn and need", "", "Bill a day, in 30 minutes."),
        prose("set-up-why", "## Set-up", "", "Starts the backend."),
        code("set-up", "lab = start()"),
        prose("predict-bills", "## Predict, run, see: who pays what?", "", "**How many bills are wrong?**"),
        code("run-bills", GUESS, text("31 of 400 bills are wrong on 2026-03-02 09:15:00")),
        prose("predict-heat", "## Predict, run, see: which actors?", "", "Watch the dark squares."),
        code("run-heat", "chapter.watch(heat)", picture("Wrong are 31 of 400 bills, all of customers.")),
        prose("read-why", "## Read the source", "", "Both billings."),
        code("read", "show(billing)", text("```python\nx = '/orders/7'\n```", "text/markdown")),
        prose("exercise-why", "## Exercise", "", "Write the key."),
        code("exercise-02-key", STARTER),
        prose("check-why", "Run it."),
        code(
            "check-02-key", "check_key(key, chapter)", text("not attempted: key raises NotImplementedError.")
        ),
        prose("cost", "## What it cost, and when it is not worth it", "", "Two more parts."),
        prose("recap", "## Recap", "", "- One module, two actors."),
        prose("clean-up-why", "## Clean up", "", "Nothing stays."),
        code("clean-up", "lab.close()"),
    )


def first_chapter() -> NotebookNode:
    return notebook(
        prose("title", "# 00 · Start here", "", "Does it run?"),
        prose("to-do", "## What you’ll do, learn and need", "", "10 minutes."),
        prose("set-up-why", "## Set-up", "", "Watch the list."),
        code("set-up", "requirements()"),
        prose("house-why", "## The house", "", "Both designs."),
        code("house", "house()", picture("Two apps and one topic.")),
        prose("recap", "## Recap", "", "It runs."),
        prose("clean-up-why", "## Clean up", "", "Nothing stays."),
        code("clean-up", "lab.close()"),
    )


@pytest.mark.parametrize(("name", "good"), [("02-second", chapter), ("00-start-here", first_chapter)])
def test_a_good_chapter_breaks_no_rule(name: str, good: Callable[[], NotebookNode]):
    nbformat.validate(good())
    assert rules.violations(name, good()) == []


def shown(output: NotebookNode) -> NotebookNode:
    return notebook(prose("why", "Watch."), code("look", "look()", output))


def said(source: str, identity: str = "run", tags: tuple[str, ...] = ()) -> NotebookNode:
    return notebook(prose("why", "Watch."), code(identity, source, tags=tags))


def changed(
    change: Callable[[NotebookNode], object], good: Callable[[], NotebookNode] = chapter
) -> NotebookNode:
    made = good()
    change(made)
    return made


def without(identity: str) -> NotebookNode:
    made = chapter()
    made.cells = [cell for cell in made.cells if cell.id != identity]
    return made


def with_source(identity: str, source: str) -> NotebookNode:
    made = chapter()
    next(cell for cell in made.cells if cell.id == identity).source = source
    return made


def swapped(first: int, second: int) -> NotebookNode:
    made = chapter()
    made.cells[first], made.cells[second] = made.cells[second], made.cells[first]
    return made


# Rule: {a part of what is reported: a notebook that breaks the rule}
BAD: dict[rules.Rule, list[tuple[str, NotebookNode]]] = {
    rules.ran_from_top_to_bottom: [
        ("[set-up] ran as [None], not [1]", changed(lambda n: n.cells[4].update(execution_count=None))),
        ("[run-bills] ran as [1], not [2]", changed(lambda n: n.cells[6].update(execution_count=1))),
        ("[set-up] ran as [7], not [1]", changed(lambda n: n.cells[4].update(execution_count=7))),
        ("[run] is empty", said(" \n")),
    ],
    rules.has_no_error: [
        ("[look] ends in KeyError", shown(error())),
        ("[look] writes to stderr: 'Warning: no'", shown(stream("Warning: no\nmore", "stderr"))),
    ],
    rules.has_no_trailing_semicolon: [
        ("[run] ends in a semicolon", said("a\nplot();")),
        ("[run] ends in a semicolon", said("plot(); # quiet\n\n")),
    ],
    rules.uses_nothing_forbidden: [
        ("'clear_output'", said("from IPython.display import clear_output")),
        ("'@interact'", said("@interact\ndef f(x): ...")),
        ("'interact('", said("interact(f, x=3)")),
        ("'interactive('", said("w.interactive(f, x=3)")),
        (
            "'import interact'",
            said("from ipywidgets import interact"),
        ),
        ("'Output('", said("out = widgets.Output()")),
        ("'sleep('", said("time.sleep(1)")),
        ("'sleep('", said("sleep(1)")),
        ("'import sleep'", said("from time import sleep")),
        ("'%time'", said("%time bill(day)")),
        ("'%%time'", said("%%time\nbill(day)")),
        ("'%timeit'", said("x = 1\nt = %timeit bill(day)")),
        ("'display_id'", said("display(x, display_id=True)")),
    ],
    rules.opts_out_of_no_comparison: [
        ("has NBVAL_IGNORE_OUTPUT", said("# NBVAL_IGNORE_OUTPUT\nlook()")),
        ("has NBVAL_SKIP", said("look()  #NBVAL_SKIP")),
        ("has NBVAL_RAISES_EXCEPTION", said("# NBVAL_RAISES_EXCEPTION")),
        ("has PYTEST_VALIDATE_IGNORE_OUTPUT", said("# PYTEST_VALIDATE_IGNORE_OUTPUT")),
        ("has nbval-ignore-output", said("look()", tags=("nbval-ignore-output",))),
        ("has nbval-skip", said("look()", tags=("nice", "nbval-skip"))),
        ("has raises-exception", said("look()", tags=("raises-exception",))),
        ("has skip-execution", said("look()", tags=("skip-execution",))),
    ],
    rules.has_short_cells: [
        ("[run] has 11 lines, at most 10", said("a\n\n" * 11)),
        ("[exercise-02-key] has 21 lines, at most 20", said("a\n" * 21, "exercise-02-key")),
    ],
    rules.has_prose_before_code: [
        ("[run] has no prose", notebook(code("run"))),
        ("[run] has no prose", notebook(prose("head", "## Set-up", ""), code("run"))),
        ("[second] has no prose", notebook(prose("why", "Watch."), code("first"), code("second"))),
    ],
    rules.has_stable_text: [
        ("'/home/'", shown(text("written to /home/ada/bill.csv"))),
        ("'/tmp/'", shown(stream("'/tmp/x'"))),
        (r"'C:\\'", shown(text(r"C:\Users\ada"))),
        ("'127.0.0.1:8000'", shown(text("http://127.0.0.1:8000/actions"))),
        ("'localhost:9092'", shown(text("<b>localhost:9092</b>", "text/html"))),
        ("'0x7f4fd6444360'", shown(text("<object at 0x7f4fd6444360>"))),
        ("'09:15:00.123456'", shown(text("at 09:15:00.123456"))),
        ("'2026-11-23'", shown(text("2026-11-23T09:15:00Z"))),
        ("'1795423445.123'", shown(text("1795423445.123"))),
        ("'1795423445123'", shown(text("offset 3 at 1795423445123", "text/markdown"))),
    ],
    rules.has_no_widget_state: [("holds widget state", changed(lambda n: n.metadata.update(widgets={})))],
    rules.has_readable_ids: [
        ("[3fa94c1e] has a random id", notebook(prose("3fa94c1e", "Hi."))),
        ("has a random id", notebook(prose("3fa94c1e-0b1c-4e2d-9a77-0123456789ab", "Hi."))),
        ("[AbCdEf] has no readable id", notebook(prose("AbCdEf", "Hi."))),
        ("[12345678] has no readable id", notebook(prose("12345678", "Hi."))),
        ("[cell 0] has no readable id", changed(lambda n: n.cells[0].pop("id"))),
        ("[why] is the id of two cells", notebook(prose("why", "Hi."), prose("why", "Ho."))),
    ],
    rules.says_every_figure: [
        ("<Figure size 640x480 with 1 Axes>", shown(picture("<Figure size 640x480 with 1 Axes>"))),
        ("'31 of 400 bills'", shown(picture("31 of 400 bills"))),
        ("'Bills.'", shown(picture("Bills."))),
        ("as ''", shown(v4.new_output("execute_result", {"image/png": "iVBORw0="}))),
    ],
    rules.shows_no_picture_twice: [
        (
            "[house] shows a picture that stands above",
            changed(lambda n: n.cells[5].outputs.append(*n.cells[5].outputs), first_chapter),
        ),
    ],
    rules.has_the_frame: [
        ("must begin with '# NN · …'", with_source("title", "## A second actor")),
        ("must begin with '# NN · …'", notebook()),
        ("says chapter 03; the file name says 02", with_source("title", "# 03 · A second actor")),
        ("'## Story so far' is missing", without("story")),
        ("'## What you'll do, learn and need' is missing", without("to-do")),
        ("'## Set-up' is missing", without("set-up-why")),
        ("'## Read the source' is missing", without("read-why")),
        ("'## Exercise' is missing", without("exercise-why")),
        ("'## What it cost, and when it is not worth it' is missing", without("cost")),
        ("'## Recap' is missing", with_source("recap", "### Recap")),
        ("'## Recap' is missing", with_source("recap", "```\n## Recap\n```\nIt runs.")),
        ("'## Clean up' is missing", without("clean-up-why")),
        ("'## Predict, run, see' is missing", notebook(*chapter().cells[:5], *chapter().cells[9:])),
        ("'## Recap' comes 2 times", with_source("cost", "## Recap\n\nAgain.")),
        ("the headings come in the order", swapped(1, 2)),
        ("the headings come in the order", swapped(7, 11)),
    ],
    rules.fills_the_frame: [
        (
            "does not say how many minutes",
            with_source("to-do", "## What you'll do, learn and need\n\nBill a day."),
        ),
        ("'## Set-up' has 0 code cells", without("set-up")),
        ("'## Set-up' has 2 code cells", with_source("predict-bills", "**How many?**")),
        ("'## Clean up' has 0 code cells", without("clean-up")),
    ],
    rules.keeps_every_guess: [
        ("[predict-bills] keeps no guess", with_source("run-bills", "bills")),
        (
            "[predict-bills] keeps no guess",
            with_source("run-bills", "chapter.compare(1)\nchapter.predict(1)"),
        ),
        ("[predict-heat] keeps no guess", with_source("run-heat", "heat(bills)")),
    ],
    rules.asks_in_bold_what_it_keeps: [
        ("[predict-bills] asks 2 questions", with_source("predict-bills", f"{ASKED} **Whose?** And when?")),
        ("[predict-bills] asks 0 questions", with_source("predict-bills", "## Predict, run, see: **bold**")),
        ("[predict-heat] asks 1 questions", with_source("predict-heat", ASKED)),
    ],
    rules.is_made_by_nobody_in_particular: [
        ("kernel 'ada-venv'", changed(lambda n: n.metadata.kernelspec.update(name="ada-venv"))),
        ("shows the kernel 'ada'", changed(lambda n: n.metadata.kernelspec.update(display_name="ada"))),
        ("kernel None", changed(lambda n: n.metadata.pop("kernelspec"))),
        (
            "delete language_info.version",
            changed(lambda n: n.metadata.language_info.update(version="3.11.7")),
        ),
    ],
}


@pytest.mark.parametrize(
    ("rule", "complaint", "bad"),
    [pytest.param(rule, *row, id=f"{rule.__name__}: {row[0]}") for rule, rows in BAD.items() for row in rows],
)
def test_a_bad_notebook_is_reported(rule: rules.Rule, complaint: str, bad: NotebookNode):
    found = rules.violations("02-second", bad, [rule])
    assert [line for line in found if complaint in line and line.startswith("02-second [")], found


def test_every_rule_is_proven():
    assert set(BAD) == set(rules.RULES)


GOOD: dict[str, NotebookNode] = {
    "a semicolon inside": said("a = 1; b = 2"),
    "a semicolon in a text": said('x = "a;"'),
    "the word interact in a comment": said("# how two actors interact\nbills"),
    "ten lines with blank ones between": said("a\n\n" * 10),
    "twenty lines in an exercise": said("a\n" * 20, "exercise-02-key"),
    "twenty lines under an exercise tag": said("a\n" * 20, tags=("exercise",)),
    "a date of the story": shown(text("2026-03-02T09:15:00Z")),
    "a path of an HTTP API": shown(text("POST /actions and /work")),
    "the address of a colour": shown(text("0xFF, $1,240.00")),
    "an id that is a long hex word": notebook(prose("facade", "Hi.")),
}
NEUTRAL = [rule for rule in rules.RULES if rule not in (rules.has_the_frame, rules.fills_the_frame)]


@pytest.mark.parametrize("good", GOOD.values(), ids=GOOD)
def test_what_is_harmless_is_not_reported(good: NotebookNode):
    assert rules.violations("02-second", good, NEUTRAL) == []


def test_an_allowed_exception_needs_its_entry(monkeypatch: pytest.MonkeyPatch):
    bad = notebook(
        prose("why", "It ends badly."), code("crash", "crash()", error(), tags=("raises-exception",))
    )
    asked = [rules.has_no_error, rules.opts_out_of_no_comparison]
    assert len(rules.violations("07-twice", bad, asked)) == 1
    monkeypatch.setitem(
        rules.ALLOWED, ("07-twice", "crash"), ("raises-exception", "shows what a crash looks like")
    )
    assert rules.violations("07-twice", bad, asked) == []
    assert len(rules.violations("08-other", bad, asked)) == 1


def test_a_starter_without_a_solution_is_reported():
    (line,) = rules.solution_violations({"02-second": chapter()}, [])
    assert line == "02-second [exercise-02-key] has no solution; write notebooks/solutions/exercise-02-key.py"


def test_a_solution_without_a_starter_is_reported():
    (line,) = rules.solution_violations({"02-second": chapter()}, ["exercise-02-key", "exercise-09-old"])
    assert line == "notebooks/solutions/exercise-09-old.py solves no starter; delete or rename it"


def test_a_starter_that_nothing_checks_is_reported():
    (line,) = rules.solution_violations({"02-second": without("check-02-key")}, ["exercise-02-key"])
    assert line == "02-second [exercise-02-key] is not checked; check it in the next code cell"


def test_starters_and_solutions_that_match_are_not_reported():
    assert rules.solution_violations({"02-second": chapter()}, ["exercise-02-key"]) == []


@cache
def shipped() -> dict[str, NotebookNode]:
    """The shipped notebooks by name; none at all is a failure, not a pass."""
    files = sorted(FOLDER.glob("*.ipynb"))
    assert files, "there is no notebook in notebooks/; these rules have nothing to judge"
    return {file.stem: nbformat.read(file, as_version=nbformat.NO_CONVERT) for file in files}


@pytest.mark.parametrize("rule", rules.RULES, ids=lambda rule: rule.__name__)
def test_the_shipped_notebooks_keep_the_rule(rule: rules.Rule):
    assert [line for name, made in shipped().items() for line in rules.violations(name, made, [rule])] == []


def test_the_shipped_notebooks_are_valid():
    for made in shipped().values():
        nbformat.validate(made)


def test_every_exercise_has_its_solution_and_every_solution_its_exercise():
    solutions = [file.stem for file in (FOLDER / "solutions").glob("*.py")]
    assert rules.solution_violations(shipped(), solutions) == []


def test_every_chapter_but_the_first_has_two_exercises():
    exercises = {name: len(rules.starter_cells(made)) for name, made in shipped().items()}
    assert exercises.pop("00-start-here") == 0
    assert {name: count for name, count in exercises.items() if count < 2} == {}


# The story's chapters; those that are not shipped yet are left out of the README's table.
CHAPTERS = (
    "00-start-here",
    "01-one-actor",
    "02-a-second-actor",
    "03-the-price-of-coupling",
    "04-meet-kafka",
    "05-the-backbone",
    "05b-what-it-costs",
    "06-just-add-a-listener",
    "07-charged-twice",
    "08-the-event-that-changed",
    "09-at-scale",
    "10-are-you-ready",
)


def test_every_notebook_is_a_chapter_of_the_story_and_stands_in_the_readme():
    readme = (FOLDER.parent / "README.md").read_text(encoding="utf-8")
    assert [name for name in CHAPTERS if name in shipped()] == list(shipped())
    assert [name for name in CHAPTERS if f"notebooks/{name}.ipynb" in readme] == list(shipped())


def test_every_allowed_exception_has_a_reason_and_is_still_there():
    for (name, identity), (marker, reason) in rules.ALLOWED.items():
        (cell,) = [cell for cell in shipped()[name].cells if cell.id == identity]
        assert reason
        assert re.search(marker, cell.source) or marker in rules.tags(cell)


@pytest.mark.parametrize("folder", ["notebooks", "my-notebooks"])
def test_every_link_in_a_chapter_leads_to_a_file_from_the_originals_and_from_the_working_copies(folder: str):
    root = FOLDER.parent
    for name, made in shipped().items():
        for cell in made.cells:
            for link in re.findall(r"\]\((?!https?:)([^)#]+)\)", cell.source):
                chapter = FOLDER / link if "/" not in link else None  # a copy of it stands beside the copy
                assert (chapter or Path(os.path.normpath(root / folder / link))).exists(), (
                    f"{name} [{cell.id}]"
                )
