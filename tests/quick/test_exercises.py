"""Every exercise is proven: what is said to the starter, to right answers, to wrong ones and to faults.

The rows are the exercises themselves; a new one needs nothing here. `--seeds 50` tries fifty; the table
is printed by `python3 lab.py test -n 0 -rP -k table_of_exercises`.
"""

import ast
import random
import re
import sqlite3
from collections.abc import Callable
from functools import cache
from itertools import combinations
from pathlib import Path

import nbformat
import pytest

from classroom.commands.notebooks import NOTEBOOKS, SOLUTIONS, solution
from classroom.desk.outcome import Outcome
from classroom.exercises.catalog import exercises
from classroom.exercises.check import Answer, Case, Exercise, Thought
from classroom.world import company as days
from fiberlab.domain import Action
from fiberlab.eventdriven.events import Event
from fiberlab.mailing import Mailing
from tests.quick.list_topic import ListTopic

pytestmark = [pytest.mark.embedded, pytest.mark.timeout(300)]

EXERCISES = {exercise.name: exercise for exercise in exercises()}
CELLS = {cell.id: cell.source for path in NOTEBOOKS.glob("*.ipynb") for cell in nbformat.read(path, 4).cells}
STARTERS = sorted(name for name in CELLS if f"{name}-check" in CELLS)
TRAINERS_PAGE = Path(NOTEBOOKS.parent, "trainer", "README.md").read_text(encoding="utf-8")


@pytest.fixture
def seeds(request: pytest.FixtureRequest) -> range:
    return range(request.config.getoption("--seeds"))


def judged(exercise: Exercise, answer: Answer, seed: int, within_s: float = 2) -> Outcome:
    made = cases_on_a_topic if exercise.on_topic else cases
    return exercise.judge(answer, made(exercise.name, seed), within_s)


@cache
def cases(name: str, seed: int) -> list[Case]:
    """Made once for all answers."""
    return [*EXERCISES[name].cases(random.Random(seed), days.company())]


def cases_on_a_topic(name: str, seed: int) -> list[Case]:
    """Made for each answer: what it has read is read."""
    return [*EXERCISES[name].cases(random.Random(seed), days.company(), ListTopic(days.company()))]


@cache
def defined_by(code: str, name: str) -> Answer:
    """The function that this code defines under the name of the exercise's solution."""
    names: dict[str, Answer] = {}
    exec(code, names)
    return names[EXERCISES[name].solution.__name__]


def test_every_starter_has_an_exercise_and_every_exercise_its_starter():
    assert sorted(EXERCISES) == STARTERS


@pytest.mark.parametrize("name", EXERCISES)
def test_the_check_cell_asks_for_this_exercise(name: str):
    asked, answer = name.removeprefix("exercise-"), EXERCISES[name].solution.__name__
    assert CELLS[f"{name}-check"] == f'chapter.check("{asked}", {answer})'


@pytest.mark.parametrize("name", EXERCISES)
def test_the_starter_is_not_attempted(name: str):
    outcome = judged(EXERCISES[name], defined_by(CELLS[name], name), 1)
    assert outcome.status == "not attempted"
    assert f"def {outcome.message.split()[0]}(" in CELLS[name]


@pytest.mark.parametrize("name", EXERCISES)
def test_the_solution_that_readers_open_is_the_exercises_own_and_stands_alone(name: str):
    written = (SOLUTIONS / f"{name}.py").read_text(encoding="utf-8")
    assert written == solution(EXERCISES[name]), "run python3 lab.py trainer, which writes the solutions"
    assert judged(EXERCISES[name], defined_by(written, name), 1).status == "correct"


@pytest.mark.parametrize("name", EXERCISES)
def test_the_solution_has_the_parameters_of_the_starter(name: str):
    *_, starter = [node for node in ast.parse(CELLS[name]).body if isinstance(node, ast.FunctionDef)]
    *_, shown = [
        node for node in ast.parse(solution(EXERCISES[name])).body if isinstance(node, ast.FunctionDef)
    ]
    assert ast.unparse(shown.args) == ast.unparse(starter.args)


RIGHT = [(name, which) for name, exercise in EXERCISES.items() for which in range(len(exercise.right))]


@pytest.mark.parametrize(("name", "which"), RIGHT)
def test_a_right_answer_is_correct_on_every_seed(name: str, which: int, seeds: range):
    for seed in seeds:
        outcome = judged(EXERCISES[name], EXERCISES[name].right[which], seed)
        assert outcome.status == "correct", outcome


# What is right but for its form harms nobody.
OF_FORM_ONLY = ("in percent", "0 for nothing to do", "as they come", "a number for none")
WRONG = [(name, thought) for name, exercise in EXERCISES.items() for thought in exercise.thoughts]


@pytest.mark.parametrize(("name", "thought"), WRONG, ids=lambda part: getattr(part, "name", part))
def test_a_wrong_answer_is_named_and_told_why_on_every_seed(name: str, thought: Thought, seeds: range):
    for seed in seeds:
        outcome = judged(EXERCISES[name], thought.answer, seed)
        assert (outcome.status, outcome.misconception) == ("not yet", thought.name)
        assert outcome.message.endswith(thought.told)
        assert bool(outcome.who_is_harmed) is (thought.name not in OF_FORM_ONLY)


# What is wrong in its type is told as that, and nothing that many think is blamed for it.
OF_THE_WRONG_TYPE: dict[str, tuple[Answer, str]] = {
    "exercise-01-price": (lambda name, price: f"${price / 100:.2f}", "a value of type str, not int"),
    "exercise-01-chain": (lambda parts: f"{min(parts):.1%}", "not a share from 0 to 1"),
    "exercise-03-repair": (
        lambda action, plans, accounts, discounts: plans[action.plan].list_price_cents * 0.8,
        "a value of type float, not int",
    ),
    "exercise-03-again": (
        lambda uses, changed: sorted(EXERCISES["exercise-03-again"].solution(uses, changed)),
        "a value of type list, not set",
    ),
    "exercise-04-key": (lambda action: action.account_id.encode(), "must be text, not of type bytes"),
    "exercise-10-moves-most": (lambda saving, inputs: saving(inputs), "a value of type int, not str"),
}


@pytest.mark.parametrize("name", OF_THE_WRONG_TYPE)
def test_an_answer_of_another_type_is_told_its_type(name: str, seeds: range):
    answer, told = OF_THE_WRONG_TYPE[name]
    for seed in seeds:
        outcome = judged(EXERCISES[name], answer, seed)
        assert (outcome.status, outcome.misconception) == ("not yet", "")
        assert told in outcome.message


def writes_behind_its_back(action: Action, plans: dict, accounts: object, discounts: dict) -> int:
    accounts._database.change("INSERT OR REPLACE INTO accounts VALUES (?, 0)", action.account_id)
    return EXERCISES["exercise-03-repair"].solution(action, plans, accounts, discounts)


def completes_partitions(reads: dict[str, set[tuple[int, int]]]) -> list[str]:
    """Looks at partitions, and not whether every event was seen."""
    lanes = {name: {n for n, _ in seen} for name, seen in sorted(reads.items()) if seen}
    every = sorted(set().union(*lanes.values()))
    groups = (some for size in range(2, len(lanes) + 1) for some in combinations(lanes, size))
    return next((list(some) for some in groups if sorted(n for s in some for n in lanes[s]) == every), [])


def sees_everything_together(reads: dict[str, set[tuple[int, int]]]) -> list[str]:
    """Does not mind who saw the same event twice."""
    every = set().union(*reads.values())
    names = [name for name in sorted(reads) if reads[name] and reads[name] != every]
    groups = (some for size in range(2, len(names) + 1) for some in combinations(names, size))
    return next((list(some) for some in groups if set().union(*map(reads.get, some)) == every), [])


def three_rounds(uses: dict[str, set[str]], changed: str) -> set[str]:
    found = {changed}
    for _ in range(3):
        found |= {module for module in uses if uses[module] & found}
    return found


def in_its_own_set() -> tuple[str, Callable]:
    mine: set[str] = set()

    def handle(event: Event, looks: dict[str, int], seen: set) -> None:
        if event.id not in mine:
            mine.add(event.id)
            EXERCISES["exercise-06-own-service"].solution()[1](event, looks, set())

    return "mine", handle


def in_a_default(event: Event, mailing: Mailing, seen: set[str] = set()) -> None:  # noqa: B006 (the fault)
    if event.ACTION == "browse_plan" and event.id not in seen:
        mailing.mail(event.account_id, event.plan.name)
        seen.add(event.id)


CHARGED: set[str] = set()


def charged_before(event: Event) -> bool:
    known = event.source + event.id in CHARGED
    CHARGED.add(event.source + event.id)
    return known


def remembers_in_a_helper(event: Event, database: sqlite3.Connection) -> None:
    if not charged_before(event):
        row = event.source, event.id, event.account_id, event.plan.list_price_cents
        with database:
            database.execute("INSERT INTO charges VALUES (?, ?, ?, ?)", row)


def notes_many_first(event: Event, database: sqlite3.Connection) -> None:
    """Notes and charges in two transactions, the second by another of the connection's methods."""
    key = event.source, event.id
    row = *key, event.account_id, event.plan.list_price_cents
    if not database.execute("SELECT 1 FROM noted WHERE source = ? AND id = ?", key).fetchall():
        with database:
            database.execute("INSERT INTO noted VALUES (?, ?)", key)
        with database:
            database.executemany("INSERT INTO charges VALUES (?, ?, ?, ?)", [row])


# Wrong answers that once passed, or that were told something else than what is wrong with them.
TOLD: dict[Answer, tuple[str, str]] = {
    writes_behind_its_back: ("03-repair", "it wrote on the account"),
    completes_partitions: ("04-group", "should return"),
    sees_everything_together: ("04-group", "should return"),
    three_rounds: ("03-again", "should return"),
    in_its_own_set: ("06-own-service", "the list is wrong"),
    remembers_in_a_helper: ("07-once", "a set in memory"),
    notes_many_first: ("07-once", "Noted, then dead"),
    in_a_default: ("06-replay", "a memory beside `mailing`, which does not survive a restart"),
}


@pytest.mark.parametrize("answer", TOLD)
def test_a_wrong_answer_never_passes(answer: Answer, seeds: range):
    name, told = TOLD[answer]
    for seed in seeds:
        outcome = judged(EXERCISES[f"exercise-{name}"], answer, seed)
        assert outcome.status == "not yet"
        assert told in outcome.message


@pytest.mark.parametrize("seed", range(20))
def test_only_one_group_of_services_completes_each_other(seed: int):
    for case in cases("exercise-04-group", seed):
        (reads,) = case.arguments
        every = sorted(set().union(*reads.values()))
        names = [name for name in reads if reads[name]]
        groups = [some for size in range(2, 7) for some in combinations(names, size)]
        found = [some for some in groups if sorted(event for s in some for event in reads[s]) == every]
        assert [sorted(some) for some in found] == ([case.expected] if case.expected else [])


def test_one_key_for_all_is_told_that_one_worker_has_to_do_everything(seeds: range):
    for seed in seeds:
        outcome = judged(EXERCISES["exercise-04-key"], lambda action: "herd-fiber", seed)
        assert outcome.status == "not yet"
        assert "one worker has to do everything" in outcome.message


def loops(*arguments: object) -> None:
    while True:
        pass


def raises(*arguments: object) -> None:
    raise KeyError("plan")


def is_of_the_wrong_type(*arguments: object) -> object:
    return object


def prints(*arguments: object) -> None:
    print("the answer")


FAULTS: dict[str, tuple[Answer, str, str]] = {
    "endless loop": (loops, "error in your code", "did not end within 0.2 s; it was still in line"),
    "exception": (raises, "error in your code", "raised KeyError: 'plan' in line"),
    "wrong type": (is_of_the_wrong_type, "not yet", "of type type"),
    "print, no return": (prints, "not yet", "use return, not print"),
}
# Where something has to be done it is told what came of it.
DONE = {("exercise-06-replay", "wrong type"): "0 letters on the first reading"}
DONE |= {
    ("exercise-07-once", "wrong type"): "never charged",
    ("exercise-07-relay", "wrong type"): "never said",
}
DONE |= {(name, "print, no return"): "does nothing" for name, _ in DONE}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", EXERCISES)
def test_a_fault_has_the_right_outcome_in_time(name: str, fault: str):
    answer, status, told = FAULTS[fault]
    outcome = judged(EXERCISES[name], answer, 1, within_s=0.2)
    assert outcome.status == status
    assert DONE.get((name, fault), told) in outcome.message


def test_the_trainers_page_names_a_misconception_of_each_exercise():
    rows = re.findall(
        r"^\| (\d\S*) ([^|]+) \| ([^|]+) \|", TRAINERS_PAGE.partition("## The exercises")[2], re.M
    )
    named = {f"exercise-{number}-{name.replace(' ', '-')}": thought for number, name, thought in rows}
    assert sorted(named) == sorted(EXERCISES)
    for name, thought in named.items():
        assert thought in [known.name for known in EXERCISES[name].thoughts], name


# What is shown, and of how many answers; the tests above are made of the same rows.
COLUMNS: dict[str, Callable[[Exercise], int]] = {
    "starter": lambda exercise: int(exercise.name in STARTERS),
    "right": lambda exercise: len(set(exercise.right)),
    "wrong": lambda exercise: len({thought.name for thought in exercise.thoughts}),
    "faults": lambda exercise: len(FAULTS),
}
AT_LEAST = {"starter": 1, "right": 3, "wrong": 3, "faults": 4}


def test_the_table_of_exercises_and_proofs_is_complete(seeds: range):
    print(f"{len(seeds)} seeds{'':16}{''.join(f'{what:>10}' for what in COLUMNS)}")
    for name, exercise in EXERCISES.items():
        row = {what: of(exercise) for what, of in COLUMNS.items()}
        print(f"{name:24}{''.join(f'{count:10}' for count in row.values())}")
        assert all(row[what] >= least for what, least in AT_LEAST.items()), name
