"""All exercises of the workbook, found by their names."""

from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path

from classroom.exercises.check import Exercise


class NoExerciseError(LookupError):
    """No exercise has this name."""


def named(name: str) -> Exercise:
    """The exercise with this name, "05-listener". Raises NoExerciseError."""
    known = {exercise.name.removeprefix("exercise-"): exercise for exercise in exercises()}
    if name not in known:
        raise NoExerciseError(f"there is no exercise {name!r}; choose one of {', '.join(known)}")
    return known[name]


def of_chapter(number: str) -> list[Exercise]:
    """The exercises of the chapter "05"; none if it has none."""
    return [exercise for exercise in exercises() if exercise.name.startswith(f"exercise-{number}-")]


@cache
def exercises() -> tuple[Exercise, ...]:
    """All exercises of the workbook, in its order."""
    files = sorted(Path(__file__).parent.glob("chapter_*.py"))
    return tuple(value for file in files for value in _exercises_of(file.stem))


def _exercises_of(module: str) -> Iterator[Exercise]:
    for value in vars(import_module(f"classroom.exercises.{module}")).values():
        if isinstance(value, Exercise):
            yield value
