"""What check cells call: it finds the exercise and the reader's function, and keeps how that came out."""

import random
import sys
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path

from classroom.chapter import Chapter, open_chapter
from classroom.desk import progress as progress_file
from classroom.desk.outcome import Outcome
from classroom.exercises.check import Answer, Exercise
from classroom.exercises.topic import Topic


class NoExerciseError(LookupError):
    """No exercise has this name."""


def check(name: str, answer: Answer | None = None, seed: int | None = None) -> Outcome:
    """How the reader's function does in the exercise "05-listener", on cases that nobody has seen.

    Without `answer` it is the function that has, in the notebook, the name that the starter gave it. The
    cases are made from the seed; without one they are others every time. Raises NoExerciseError.
    """
    exercise = named(name)
    chapter = open_chapter()
    if not chapter:
        return Outcome("not attempted", "No chapter is open. Run this notebook's Set-up cell, then this one.")
    answer = answer or sys._getframe(1).f_globals.get(exercise.solution.__name__)
    if answer is None:
        missing = f"There is no {exercise.solution.__name__} yet."
        return Outcome("not attempted", f"{missing} Run the cell that defines it, then this one.")
    outcome = judged(exercise, answer, chapter, random.Random(seed))
    keep(chapter, exercise.name, outcome)
    return outcome


def judged(exercise: Exercise, answer: Answer, chapter: Chapter, rng: random.Random) -> Outcome:
    """How the answer does, with a topic of the chapter's Kafka if the exercise needs one."""
    if not exercise.on_topic:
        return exercise.judge(answer, exercise.cases(rng, chapter.company))
    with Topic.new(chapter) as topic:
        return exercise.judge(answer, exercise.cases(rng, chapter.company, topic))


def named(name: str) -> Exercise:
    """The exercise with this name, "05-listener". Raises NoExerciseError."""
    known = {exercise.name.removeprefix("exercise-"): exercise for exercise in exercises()}
    if name not in known:
        raise NoExerciseError(f"there is no exercise {name!r}; choose one of {', '.join(known)}")
    return known[name]


@cache
def exercises() -> tuple[Exercise, ...]:
    """All exercises of the workbook, in its order."""
    files = sorted(Path(__file__).parent.glob("chapter_*.py"))
    return tuple(value for file in files for value in _exercises_of(file.stem))


def _exercises_of(module: str) -> Iterator[Exercise]:
    for value in vars(import_module(f"classroom.exercises.{module}")).values():
        if isinstance(value, Exercise):
            yield value


def keep(chapter: Chapter, name: str, outcome: Outcome) -> None:
    """Keep how an attempt came out, and what was thought; a starter that nobody touched is no attempt."""
    if outcome.status == "not attempted":
        return

    def attempt(progress: progress_file.Progress) -> None:
        before = progress["exercises"].get(name, {})
        progress["exercises"][name] = {
            "outcome": outcome.status,
            "solved": outcome.status == "correct" or before.get("solved", False),
            "attempts": before.get("attempts", 0) + 1,
            "misconception": outcome.misconception or before.get("misconception", ""),
            "message": repr(outcome),
            "when": progress_file.now(),
        }

    progress_file.change(progress_file.folder(), chapter.learner, attempt)
