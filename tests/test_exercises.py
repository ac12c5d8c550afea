"""The notebooks as a learner uses them: exercises attempted, cells run twice, nothing left behind."""

import ast
import math
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import nbformat
import pytest

from fiberlab.commands.series import NOTEBOOKS, client_of
from fiberlab.eventdriven.events import Event, PlanBrowsed
from fiberlab.lab.chapter import Chapter, close_open_chapter
from fiberlab.lab.checks import Outcome
from fiberlab.mailing import Mailing, MailServerDownError
from tests.facts import eventually

CELLS = {cell.id: cell.source for path in NOTEBOOKS.glob("*.ipynb") for cell in nbformat.read(path, 4).cells}
EXERCISES = sorted(name for name in CELLS if f"{name}-check" in CELLS)


def on_every_installer_event(event: Event) -> int | None:
    return event.plan.list_price_cents * 5 // 100 if event.actor.kind == "installer" else None


def on_every_purchase(event: Event) -> int | None:
    return event.plan.list_price_cents * 5 // 100 if event.ACTION == "purchase_plan" else None


def rounded_up(event: Event) -> int | None:
    price_cents = on_every_installer_event(event) and event.plan.list_price_cents
    return -(-price_cents * 5 // 100) if price_cents and event.ACTION == "purchase_plan" else None


def nothing(event: Event) -> int:
    return 0


def first_crossing(request_reply: list[int], events: list[int], least: int = 2) -> int | None:
    found = (n for n, pair in enumerate(zip(request_reply, events, strict=True), 1) if pair[1] <= pair[0])
    return next((n for n in found if n >= least), None)


def strictly_less(request_reply: list[int], events: list[int]) -> int | None:
    dearer = [n for n, pair in enumerate(zip(request_reply, events, strict=True), 1) if pair[1] >= pair[0]]
    start = max([1, *dearer]) + 1
    return start if start <= len(events) else None


def without_a_memory(event: Event, mailing: Mailing) -> None:
    if isinstance(event, PlanBrowsed):
        mailing.mail(event.account_id, event.plan.name)


def once_per_household(event: Event, mailing: Mailing) -> None:
    if isinstance(event, PlanBrowsed) and not mailing.remembers(event.source, event.account_id):
        mailing.mail(event.account_id, event.plan.name)
        mailing.remember(event.source, event.account_id)


def remembered_too_early(event: Event, mailing: Mailing) -> None:
    if isinstance(event, PlanBrowsed) and not mailing.remembers(event.source, event.id):
        mailing.remember(event.source, event.id)
        mailing.mail(event.account_id, event.plan.name)


def error_swallowed(event: Event, mailing: Mailing) -> None:
    with suppress(MailServerDownError):
        remembered_too_early(event, mailing)


def about_every_event(event: Event, mailing: Mailing) -> None:
    if not mailing.remembers(event.source, event.id):
        mailing.mail(event.account_id, event.plan.name)
        mailing.remember(event.source, event.id)


# A misconception per row, and a word of what the check says to it.
WRONG: dict[str, list[tuple[Callable[..., object], str]]] = {
    "exercise-01-price": [
        (lambda name, price: price, "billed for something other than a sale"),
        (lambda name, price: 0, "a sale went out unpaid"),
        (lambda name, price: price if name == "purchase_plan" else 0, "a sale went out unpaid"),
        (lambda name, price: f"${price}", "should return"),
    ],
    "exercise-02-harmed": [
        (lambda actors: [], "not found"),
        (lambda actors: [n for n, actor in enumerate(actors) if actor == "customer"], "a bill that is right"),
        (lambda actors: list(range(1, len(actors))), "a bill that is right"),
        (lambda actors: [n for n in range(1, len(actors)) if actors[n - 1] == "installer"], "should return"),
    ],
    "exercise-03-chain": [
        (lambda percents: sum(432 * (100 - p) for p in percents), "one minute, not two"),
        (lambda percents: 432 * (100 - min(percents)), "any other part than the worst one"),
        (lambda percents: 43200 * math.prod(1 - p / 100 for p in percents), "all parts are down at once"),
        (lambda percents: 432 * (100 - sum(percents) / len(percents)), "any other part"),
        (lambda percents: math.prod(p / 100 for p in percents), "up only while every part is"),
        (lambda percents: f"{432 * (100 - min(percents))} min", "must be a number"),
    ],
    "exercise-04-key": [
        (lambda action: action.id, "no order among them"),
        (lambda action: action.plan, "no order among them"),
        (lambda action: action.actor.id, "no order among them"),
        (lambda action: "herd-fiber", "one worker has to do everything"),
        (lambda action: action.account_id.encode(), "must be text"),
    ],
    "exercise-05-listener": [
        (on_every_installer_event, "commission"),
        (on_every_purchase, "nobody earns a commission"),
        (rounded_up, "rounded down"),
        (nothing, "None"),
    ],
    "exercise-10-break-even": [
        (first_crossing, "dearer again"),
        (lambda request_reply, events: first_crossing(request_reply, events, 1), "nobody to keep apart"),
        (strictly_less, "tied together"),
        (lambda request_reply, events: 2, "should return None"),
        (lambda request_reply, events: None, "returned nothing"),
        (lambda request_reply, events: first_crossing(request_reply, events) or 0, "should return"),
    ],
    "exercise-06-replay": [
        (without_a_memory, "the replay mailed"),
        (once_per_household, "got no letter"),
        (remembered_too_early, "is lost"),
        (error_swallowed, "is lost"),
        (about_every_event, "more than browsed plans"),
    ],
}


@pytest.fixture(scope="module")
def chapter() -> Iterator[Chapter]:
    yield Chapter.open("test")
    close_open_chapter()


def checked(name: str, code: str, chapter: Chapter, answer: Callable[..., object] | None = None) -> Outcome:
    """What the exercise's check cell shows after this code was run in place of the starter."""
    names: dict[str, object] = {"chapter": chapter}
    exec(code, names)
    *statements, call = ast.parse(CELLS[f"{name}-check"]).body
    exec(compile(ast.Module(statements, []), name, "exec"), names)
    if answer:
        names[call.value.args[0].id] = answer
    return eval(compile(ast.Expression(call.value), name, "eval"), names)


@pytest.mark.parametrize("name", EXERCISES)
def test_the_starter_is_not_attempted(name: str, chapter: Chapter) -> None:
    outcome = checked(name, CELLS[name], chapter)
    assert outcome.status == "not attempted"
    assert f"def {outcome.message.split()[0]}(" in CELLS[name]


@pytest.mark.parametrize("name", EXERCISES)
def test_the_solution_is_correct(name: str, chapter: Chapter) -> None:
    solution = (NOTEBOOKS / "solutions" / f"{name}.py").read_text(encoding="utf-8")
    assert checked(name, solution, chapter).status == "correct"


@pytest.mark.parametrize(("name", "row"), [(name, row) for name in WRONG for row in range(len(WRONG[name]))])
def test_a_wrong_answer_is_not_yet_and_is_told_why(name: str, row: int, chapter: Chapter) -> None:
    answer, word = WRONG[name][row]
    outcome = checked(name, CELLS[name], chapter, answer)
    assert outcome.status == "not yet"
    assert word in repr(outcome)


def test_every_exercise_has_wrong_answers_of_its_own() -> None:
    assert sorted(WRONG) == EXERCISES
    assert all(len(rows) >= 3 for rows in WRONG.values())


THREADS_AND_SOCKETS = """
import gc, os, threading
gc.collect()  # kafka-python leaves the sockets of broken connections to the garbage collector
threads = [
    thread.name
    for thread in threading.enumerate()
    if not thread.name.startswith(("AnyIO", "asyncio_")) and not type(thread).__module__.startswith("zmq.")
]
folder = "/proc/self/fd"
links = [os.readlink(f"{folder}/{fd}") for fd in os.listdir(folder) if os.path.islink(f"{folder}/{fd}")]
print([sorted(threads), *(sum(what in link for link in links) for what in ("socket:", "sqlite"))])
"""


def every_chapter() -> list[object]:
    """The notebooks. On Apache Kafka all of them run once, in a leg of their own; twice only this one."""
    marks = {path: [pytest.mark.embedded] for path in sorted(NOTEBOOKS.glob("*.ipynb"))}
    marks[NOTEBOOKS / "05-the-backbone.ipynb"] = []  # it uses most of Kafka
    return [pytest.param(path, marks=marks[path], id=path.stem) for path in marks]


@pytest.mark.skipif(sys.platform != "linux", reason="open sockets are counted in /proc")
@pytest.mark.timeout(300)
@pytest.mark.parametrize("path", every_chapter())
def test_every_cell_can_be_run_twice_and_nothing_is_left_after_clean_up(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    client = client_of(notebook, path.parent)
    probe = nbformat.v4.new_code_cell(THREADS_AND_SOCKETS)
    with client.setup_kernel():
        before = printed(client, probe)
        for number, cell in enumerate(notebook.cells):
            for _ in range(2):
                client.clear_display_id_mapping(number)  # the first run's pictures are gone
                client.execute_cell(cell, number)
            complaints = [out for out in cell.get("outputs", []) if out.get("name") == "stderr"]
            assert not complaints, f"{cell.id}: {complaints}"
        eventually(lambda: is_no_more(printed(client, probe), before), f"no more than {before}", within_s=10)


def is_no_more(after: str, before: str) -> bool:
    """Whether there is no thread that was not there before, and no more sockets and ledgers."""
    (threads, *files), (threads_before, *files_before) = ast.literal_eval(after), ast.literal_eval(before)
    more = [name for name in threads if name not in threads_before]
    return not more and all(now <= then for now, then in zip(files, files_before, strict=True))


def printed(client: object, cell: nbformat.NotebookNode) -> str:
    """What the cell prints."""
    return client.execute_cell(cell, 0).outputs[0].text
