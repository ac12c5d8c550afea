"""Exercise checks: *correct*, *not yet* (what happened, and who is harmed) or *not attempted*.

A check never raises for what the learner wrote. It does not know any exercise: a notebook gives it the
learner's function, or a wrapper made with `functools.wraps`, and the cases. An endless loop is not caught.
"""

import contextlib
import copy
import inspect
import io
import re
import reprlib
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

Status = Literal["correct", "not yet", "not attempted"]

_SHORT = reprlib.Repr()  # sorts sets and dicts, and shortens what is long, so that its text is stable
_SHORT.maxstring = _SHORT.maxother = 160
_SHORT.maxlist = _SHORT.maxtuple = _SHORT.maxdict = _SHORT.maxset = _SHORT.maxfrozenset = 8


class NoCaseError(ValueError):
    """A check was given no case."""


@dataclass(frozen=True)
class Case:
    """One call of the learner's function, what should come back, and who is harmed if it does not.

    Where many answers are right, `verify` takes what came back and returns what is wrong with it, or
    None; `expected` then says in words what is right. The arguments are copied for every call.
    """

    arguments: tuple[object, ...]
    expected: object
    why: str
    verify: Callable[[object], str | None] | None = None


@dataclass(frozen=True, repr=False)
class Outcome:
    """How a check came out: one line of text and, in Jupyter, the same as two short paragraphs."""

    status: Status
    message: str
    who_is_harmed: str = ""

    def __repr__(self) -> str:
        harmed = f" Who is harmed: {self.who_is_harmed}" if self.who_is_harmed else ""
        return f"{self.status}: {self.message}{harmed}"

    def _repr_markdown_(self) -> str:
        harmed = f"\n\n**Who is harmed:** {_literal(self.who_is_harmed)}" if self.who_is_harmed else ""
        return f"**{self.status.capitalize()}.** {_literal(self.message)}{harmed}"


def check(function: Callable[..., object], cases: Iterable[Case]) -> Outcome:
    """How the learner's function does on the cases, told by the smallest one that fails.

    Raises NoCaseError if there is no case.
    """
    ordered = sorted(cases, key=lambda case: len(repr(case.arguments)))
    if not ordered:
        raise NoCaseError(f"no case for {function!r}; give at least one Case")
    if not callable(function):
        return Outcome("not yet", f"{_shown(function)} is not a function; run the cell that defines yours.")
    outcomes = (_try(function, case) for case in ordered)
    passed = Outcome("correct", f"{len(ordered)} of {len(ordered)} cases came out as expected.")
    return next((outcome for outcome in outcomes if outcome.status != "correct"), passed)


def _try(function: Callable[..., object], case: Case) -> Outcome:
    name = getattr(function, "__name__", "your function")
    call = f"{name}({', '.join(_shown(argument) for argument in case.arguments)})"
    arguments = copy.deepcopy(case.arguments)
    try:
        result, printed = _call(function, arguments)
    except NotImplementedError:
        again = "Write its body, run its cell, then run this cell again."
        return Outcome("not attempted", f"{name} raises NotImplementedError. {again}")
    except (Exception, SystemExit) as error:
        return Outcome("not yet", f"{call} raised {_error(error)}{_own_line(function, error)}.", case.why)
    problem = _problem(case, result, printed)
    return Outcome("not yet", f"{call} {problem}.", case.why) if problem else Outcome("correct", call)


def _call(function: Callable[..., object], arguments: tuple[object, ...]) -> tuple[object, str]:
    """What the function returned and what it printed, which is shown to the learner as always."""
    page = io.StringIO()
    try:
        with contextlib.redirect_stdout(page):
            result = function(*arguments)
    finally:
        print(page.getvalue(), end="")
    return result, page.getvalue()


def _problem(case: Case, result: object, printed: str) -> str | None:
    """None if the result is right, else what should have come back and what did."""
    try:
        wrong = _wrong(case, result)
    except Exception as error:  # what came back may break any comparison
        wrong = f": it cannot be checked, {_error(error)}"
    if wrong is None:
        return None
    expected = case.expected if case.verify else _shown(case.expected)
    came = f"it returned {_shown(result)}{wrong}"
    if result is None:
        came = "it returned nothing: let every way through it end in return"
        if printed:
            came = f"it printed {_shown(printed.strip())} and returned nothing: use return, not print"
    return f"should return {expected}, but {came}"


def _wrong(case: Case, result: object) -> str | None:
    if case.verify:
        reason = case.verify(result)
        return reason and f": {reason}"
    same = result == case.expected and isinstance(result, type(case.expected))  # 80.0 is not 80 cents
    return None if same else ""


def _error(error: BaseException) -> str:
    return f"{type(error).__name__}: {_one_line(str(error))}".removesuffix(": ")


def _own_line(function: Callable[..., object], error: BaseException) -> str:
    """Where in the learner's own cell it happened: the line's number and text, if there is one."""
    file = getattr(getattr(inspect.unwrap(function), "__code__", None), "co_filename", None)
    own = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    return f" in line {own[-1].lineno}: {own[-1].line}" if own else ""


def _shown(value: object) -> str:
    return _one_line(_SHORT.repr(value))


def _one_line(text: str) -> str:
    return re.sub(r" at 0x[0-9a-fA-F]+", "", " ".join(text.split("\n")))


def _literal(text: str) -> str:
    """The text so that Markdown shows it as it is; a dollar sign would begin mathematics."""
    return re.sub(r"[\\`*_\[\]<>#|~&]", r"\\\g<0>", text).replace("$", "`$`")
