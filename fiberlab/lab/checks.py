"""Exercise checks: *correct*, *not yet*, *not attempted* or *error in your code*.

A check never raises for what the learner wrote, and ends it if it does not end. It does not know any
exercise: it is given the learner's function, or a wrapper made with `functools.wraps`, and the cases.
"""

import copy
import inspect
import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from fiberlab.lab import time_limit
from fiberlab.lab.cases import Case, Misconception, error_text, harm, problem, shown
from fiberlab.lab.outcomes import Outcome


class NoCaseError(ValueError):
    """A check was given no case."""


def check(
    function: Callable[..., object],
    cases: Iterable[Case],
    misconceptions: Sequence[Misconception] = (),
    within_s: float | None = None,
) -> Outcome:
    """How the learner's function does on the cases, told by the smallest one that fails.

    A call may take `within_s`, by default time_limit.WITHIN_S. Raises NoCaseError if there is no case.
    """
    ordered = sorted(cases, key=lambda case: len(repr(case.arguments)))
    if not ordered:
        raise NoCaseError(f"no case for {function!r}; give at least one Case")
    if not callable(function):
        return Outcome("not yet", f"{shown(function)} is not a function; run the cell that defines yours.")
    outcomes = (_try(function, case, within_s or time_limit.WITHIN_S) for case in ordered)
    passed = Outcome("correct", f"{len(ordered)} of {len(ordered)} cases came out as expected.")
    first = next((outcome for outcome in outcomes if outcome.status != "correct"), passed)
    return _named(first, function, ordered, misconceptions) if first.status == "not yet" else first


def _named(
    outcome: Outcome, function: Callable[..., object], cases: list[Case], known: Sequence[Misconception]
) -> Outcome:
    """The outcome with the misconception that answers every case as the learner's function does."""
    given = _answers(function, cases) if known else None
    for misconception in known:
        if given and _same(given, _answers(misconception.answer, cases)):
            told = f"{outcome.message} {misconception.told}"
            return replace(outcome, message=told, misconception=misconception.name)
    return outcome


def _answers(function: Callable[..., object], cases: list[Case]) -> list[tuple[type, object]] | None:
    """What comes back for each case; None if one call brings nothing back."""
    answers = []
    for case in cases:
        called = _call(function, case, time_limit.WITHIN_S)
        if called.hung_at or called.error:
            return None
        answers.append((type(called.result), _without_noise(called.result)))
    return answers


def _same(given: object, known: object) -> bool:
    try:
        return bool(given == known)
    except Exception:  # what came back may break any comparison
        return False


def _without_noise(result: object) -> object:
    """The result; two ways to compute a fraction differ in its last digits."""
    return round(result, 9) if isinstance(result, float) else result


def _call(function: Callable[..., object], case: Case, within_s: float) -> time_limit.Call:
    return time_limit.call(function, copy.deepcopy(case.arguments), within_s)


def _try(function: Callable[..., object], case: Case, within_s: float) -> Outcome:
    """How one case came out; what the learner prints is shown as always."""
    name = getattr(function, "__name__", "your function")
    call = f"{name}({', '.join(shown(argument) for argument in case.arguments)})"
    called = _call(function, case, within_s)
    print(called.printed, end="")
    if called.hung_at:
        return Outcome("error in your code", f"{call} {_hung(function, called, within_s)}")
    if isinstance(called.error, NotImplementedError):
        again = "Write its body, run its cell, then run this cell again."
        return Outcome("not attempted", f"{name} raises NotImplementedError. {again}")
    if called.error:
        return Outcome("error in your code", f"{call} {_raised(function, called.error)}.")
    wrong = problem(case, called.result, called.printed)
    if wrong:
        return Outcome("not yet", f"{call} {wrong}.", harm(case, called.result))
    return Outcome("correct", call)


def _hung(function: Callable[..., object], called: time_limit.Call, within_s: float) -> str:
    line = _own_line(function, called.hung_at) or " in what it called"
    where = f"did not end within {within_s:g} s; it was still{line}."
    restart = " It cannot be ended from here, because it waits outside Python: restart the kernel."
    return where if called.ended else where + restart


def _raised(function: Callable[..., object], error: BaseException) -> str:
    return f"raised {error_text(error)}{_own_line(function, traceback.extract_tb(error.__traceback__))}"


def _own_line(function: Callable[..., object], lines: traceback.StackSummary) -> str:
    """Where in the learner's own cell it happened: the line's number and text, if there is one."""
    file = getattr(getattr(inspect.unwrap(function), "__code__", None), "co_filename", None)
    own = [line for line in lines if line.filename == file]
    return f" in line {own[-1].lineno}: {own[-1].line}" if own else ""
