"""A case of a check: one call of the learner's function, and what is wrong with what came back."""

import re
import reprlib
from collections.abc import Callable
from dataclasses import dataclass

_SHORT = reprlib.Repr()  # sorts sets and dicts, and shortens what is long, so that its text is stable
_SHORT.maxstring = _SHORT.maxother = 160
_SHORT.maxlist = _SHORT.maxtuple = _SHORT.maxdict = _SHORT.maxset = _SHORT.maxfrozenset = 8


@dataclass(frozen=True)
class Case:
    """One call of the learner's function, what should come back, and who is harmed if it does not.

    Where many answers are right, `verify` takes what came back and returns what is wrong with it, or
    None; `expected` then says in words what is right. `how_much` says of a wrong answer by how much
    it harms. Where the function has to do something, `effect` is True, and what comes back is what
    came of it. The arguments are copied for every call.
    """

    arguments: tuple[object, ...]
    expected: object
    why: str
    verify: Callable[[object], str | None] | None = None
    how_much: Callable[[object], str] | None = None
    effect: bool = False


@dataclass(frozen=True)
class Misconception:
    """A wrong answer that many give: its short name, what to say to whoever gave it, and how it answers."""

    name: str
    told: str
    answer: Callable[..., object]


def problem(case: Case, result: object, printed: str) -> str | None:
    """None if the result is right, else what should have come back and what did."""
    try:
        wrong = _wrong(case, result)
    except Exception as error:  # what came back may break any comparison
        wrong = f": it cannot be checked, {error_text(error)}"
    if wrong is None:
        return None
    expected = case.expected if case.verify else shown(case.expected)
    came = f"it {'led to' if case.effect else 'returned'} {shown(result)}{wrong}"
    if case.effect and printed:
        came += f"; what it printed, {shown(printed.strip())}, does nothing"
    if result is None:
        came = "it returned nothing: let every way through it end in return"
        if printed:
            came = f"it printed {shown(printed.strip())} and returned nothing: use return, not print"
    return f"should {'lead to' if case.effect else 'return'} {expected}, but {came}"


def _wrong(case: Case, result: object) -> str | None:
    if case.verify:
        reason = case.verify(result)
        return reason and f": {reason}"
    if result == case.expected and isinstance(result, type(case.expected)):
        return None
    expected = "None" if case.expected is None else type(case.expected).__name__
    came = type(result).__name__
    return "" if expected == came else f": a value of type {came}, not {expected}"  # 80.0 is not 80 cents


def harm(case: Case, result: object) -> str:
    """Who is harmed by this result and, where it can be told, by how much."""
    try:
        return f"{case.why}, {case.how_much(result)}" if case.how_much else case.why
    except Exception:  # what came back cannot be measured
        return case.why


def error_text(error: BaseException) -> str:
    """The error's type and message in one line."""
    return f"{type(error).__name__}: {one_line(str(error))}".removesuffix(": ")


def shown(value: object) -> str:
    """The value as Python writes it: one line, not too long, and the same every time."""
    return one_line(_SHORT.repr(value))


def one_line(text: str) -> str:
    """The text in one line, without the addresses of objects."""
    return re.sub(r" at 0x[0-9a-fA-F]+", "", " ".join(text.split("\n")))
