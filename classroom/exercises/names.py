"""The names under which a notebook knows the functions of exercises, and what a check has to say of them."""

import inspect
from collections.abc import Iterable, Mapping, MutableMapping
from dataclasses import replace

from IPython import get_ipython

from classroom.desk.outcome import Outcome
from classroom.exercises.check import Answer, Exercise

Notebook = MutableMapping[str, object]  # what is defined in it, by name


class NotThere:
    """Stands under a function's name until the cell that defines it has run, so that its check can say so."""

    def __init__(self, name: str) -> None:
        self.__name__ = name

    def __call__(self, *_: object) -> None:
        """Raise the NameError that would have come without it."""
        raise NameError(f"name {self.__name__!r} is not defined; run the cell with `def {self.__name__}`")

    def __repr__(self) -> str:
        return f"{self.__name__} is not defined yet. Run the cell with `def {self.__name__}`, then this cell."


def notebook() -> Notebook:
    """What is defined in the notebook of this kernel; nothing without one."""
    shell = get_ipython()
    return shell.user_ns if shell else {}


def in_front_end(environment: Mapping[str, str]) -> bool:
    """Whether somebody reads: Jupyter's server and VS Code tell a kernel which notebook they have open."""
    return "JPY_SESSION_NAME" in environment or "__vsc_ipynb_file__" in notebook()


def expect(exercises: Iterable[Exercise], defined: Notebook) -> None:
    """Return once something stands under the name of each exercise's function; what is there stays."""
    for exercise in exercises:
        name = exercise.solution.__name__
        defined.setdefault(name, NotThere(name))


def with_its_name(outcome: Outcome, answer: object, exercise: Exercise, defined: Notebook) -> Outcome:
    """The outcome and, if the function has another name than its exercise asks for, that it has."""
    wanted, name = exercise.solution.__name__, getattr(answer, "__name__", "<lambda>")
    also = ""
    if outcome.status == "not attempted":
        alike = [other for other in list(defined) if _is_alike(exercise.solution, other, defined)]
        also = f" Is {alike[-1]} your answer? Then call it {wanted}." if alike else ""
    elif name not in (wanted, "<lambda>"):
        also = f" It is called {name}; this exercise asks for {wanted}."
    return replace(outcome, message=outcome.message + also)


def _is_alike(solution: Answer, name: str, defined: Notebook) -> bool:
    """Whether a function that was written in the notebook begins as the solution does, but for its name."""
    value = defined[name]
    own = inspect.isfunction(value) and value.__module__ == "__main__" and name != solution.__name__
    return own and inspect.signature(value) == inspect.signature(solution)
