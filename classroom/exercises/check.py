"""An exercise as one value, and how an answer to it does: *correct*, *not yet*, *not attempted* or an error.

Judging never raises for what the learner wrote, and ends it if it does not end. It knows no exercise, no
notebook and no Kafka: it is given an exercise's cases, made from a seed, and a function.
"""

import contextlib
import copy
import inspect
import io
import re
import reprlib
import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial, wraps
from typing import Any

import numpy as np

from classroom.desk.outcome import Outcome
from classroom.exercises import time_limit
from fiberlab.domain import dollars

Answer = Callable[..., Any]

_SHORT = reprlib.Repr()  # sorts sets and dicts, and shortens what is long, so that its text is stable
_SHORT.maxstring = _SHORT.maxother = 160
_SHORT.maxlist = _SHORT.maxtuple = _SHORT.maxdict = _SHORT.maxset = _SHORT.maxfrozenset = 8


@dataclass(frozen=True)
class Case:
    """One call of the learner's function, what should come of it, and who is harmed if it does not.

    Where more than the value counts, `verify` takes what came and returns what is wrong with it, or None;
    `expected` may then say in words what is right. `how_much` says of a wrong answer by how much it harms;
    None if nobody is harmed, because only its form is wrong, as is that of whatever has another type. An
    answer that is an int or None is `optional=int`. Where the function has to do something, `effect` is True.
    The arguments are copied for every call.
    """

    arguments: tuple[object, ...]
    expected: object
    harmed: str
    verify: Callable[[Any], str | None] | None = None
    how_much: Callable[[Any], str | None] | None = None
    effect: bool = False
    optional: type | None = None

    @property
    def in_words(self) -> bool:
        """Whether `expected` says what is right, instead of being it."""
        return self.verify is not None and isinstance(self.expected, str)


@dataclass(frozen=True)
class Thought:
    """A wrong answer that many give: its short name, what to say to whoever gave it, and the answer."""

    name: str
    told: str
    answer: Answer


def called(answer: Answer, *arguments: object) -> object:
    """What comes back."""
    return answer(*arguments)


@dataclass(frozen=True)
class Exercise:
    """All about one exercise.

    `cases` makes them of a random.Random and the company, and of a Topic if the exercise is `on_topic`. The
    first of the answers that are `right` is the solution. `run` says what an answer leads to in a case:
    mostly it is called with the case's arguments.
    """

    name: str
    cases: Callable[..., Iterable[Case]]
    right: tuple[Answer, ...]
    thoughts: tuple[Thought, ...]
    run: Callable[..., object] = called
    on_topic: bool = False

    @property
    def solution(self) -> Answer:
        """The right answer that is shown; the learner's function has its name and parameters."""
        return self.right[0]

    def judge(self, answer: Answer, cases: Iterable[Case], within_s: float = time_limit.WITHIN_S) -> Outcome:
        """How the answer does on the cases, told by the smallest that fails. A call may take `within_s`."""
        if not callable(answer):
            return Outcome("not yet", f"{shown(answer)} is not a function; run the cell that defines yours.")
        ordered = sorted(cases, key=lambda case: len(repr(case.arguments)))
        led_to = cache(lambda number: _call(answer, self.run, ordered[number], within_s))
        tried = (_tried(answer, case, led_to(number), within_s) for number, case in enumerate(ordered))
        passed = Outcome("correct", f"{len(ordered)} of {len(ordered)} cases came out as expected.")
        first = next((outcome for outcome in tried if outcome.status != "correct"), passed)
        if first.status != "not yet":
            return first
        return self._with_thought(first, ordered, [_result(led_to(n)) for n in range(len(ordered))])

    def _with_thought(self, outcome: Outcome, cases: Sequence[Case], given: Sequence[object]) -> Outcome:
        """The outcome with the thought that leads to the same in every case as the learner's function."""
        pairs = [*zip(cases, given, strict=True)][::-1]  # large cases tell most apart
        for thought in self.thoughts if all(given) else ():
            if all(_same(came, self._result_of(thought.answer, case)) for case, came in pairs):
                message = f"{outcome.message} {thought.told}"
                return replace(outcome, message=message, misconception=thought.name)
        return outcome

    def _result_of(self, answer: Answer, case: Case) -> object:
        """As _result, of an answer of ours: it ends, so no time is limited. What it prints is not shown."""
        with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(Exception):
            return _typed(self.run(_plainly(answer), *copy.deepcopy(case.arguments)))
        return None


def _result(call: time_limit.Call) -> tuple[type, object] | None:
    """What the call led to, with its type; None if to nothing."""
    return None if call.hung_at or call.error else _typed(call.result)


def _typed(result: object) -> tuple[type, object]:
    return type(result), _without_noise(result)


def _same(given: object, known: object) -> bool:
    try:
        return bool(given == known)
    except Exception:  # what came back may break any comparison
        return False


def _without_noise(result: object) -> object:
    """The result; two ways to compute a fraction differ in its last digits."""
    return round(result, 9) if isinstance(result, float) else result


def _call(answer: Answer, run: Callable[..., object], case: Case, within_s: float) -> time_limit.Call:
    return time_limit.call(partial(run, _plainly(answer)), copy.deepcopy(case.arguments), within_s)


def _plainly(answer: Answer) -> Answer:
    @wraps(answer)
    def plainly(*arguments: object) -> object:
        return plain(answer(*arguments))

    return plainly


def plain(value: object) -> object:
    """The value, with numpy's numbers as Python's own; nothing else is taken for what it is not."""
    if isinstance(value, np.generic):
        return value.item()
    if type(value) in (list, tuple, set, frozenset):
        return type(value)(map(plain, value))
    return {plain(key): plain(of) for key, of in value.items()} if type(value) is dict else value


def _tried(answer: Answer, case: Case, came: time_limit.Call, within_s: float) -> Outcome:
    """How one case came out; what the learner prints is shown as always."""
    name = getattr(answer, "__name__", "your function")
    call = f"{name}({', '.join(shown(argument) for argument in case.arguments)})"
    print(came.printed, end="")
    if came.hung_at:
        return Outcome("error in your code", f"{call} {_hung(answer, came, within_s)}")
    if isinstance(came.error, NotImplementedError):
        again = "Write its body, run its cell, then run this cell again."
        return Outcome("not attempted", f"{name} raises NotImplementedError. {again}")
    if came.error:
        return Outcome("error in your code", f"{call} {_raised(answer, came.error)}.")
    wrong = _problem(case, came.result, came.printed)
    if wrong:
        return Outcome("not yet", f"{call} {wrong}.", _harm(case, came.result))
    return Outcome("correct", call)


def _hung(answer: Answer, call: time_limit.Call, within_s: float) -> str:
    line = _own_line(answer, call.hung_at) or " in what it called"
    where = f"did not end within {within_s:g} s; it was still{line}."
    restart = " It cannot be ended from here, because it waits outside Python: restart the kernel."
    return where if call.ended else where + restart


def _raised(answer: Answer, error: BaseException) -> str:
    return f"raised {error_text(error)}{_own_line(answer, traceback.extract_tb(error.__traceback__))}"


def _own_line(answer: Answer, lines: traceback.StackSummary) -> str:
    """Where in the learner's own cell it happened: the line's number and text, if there is one."""
    file = getattr(getattr(inspect.unwrap(answer), "__code__", None), "co_filename", None)
    own = [line for line in lines if line.filename == file]
    return f" in line {own[-1].lineno}: {own[-1].line}" if own else ""


def _problem(case: Case, result: object, printed: str) -> str | None:
    """None if the result is right, else what should have come of it and what did."""
    try:
        wrong = _wrong(case, result)
    except Exception as error:  # what came back may break any comparison
        wrong = f": it cannot be checked, {error_text(error)}"
    if wrong is None:
        return None
    expected = case.expected if case.in_words else shown(case.expected)
    came = f"it {'led to' if case.effect else 'returned'} {shown(result)}{wrong}"
    if case.effect and printed:
        came += f"; what it printed, {shown(printed.strip())}, does nothing"
    if result is None and printed:
        came = f"it printed {shown(printed.strip())} and returned nothing: use return, not print"
    elif result is None and not case.optional:
        came = "it returned nothing: let every way through it end in return"
    return f"should {'lead to' if case.effect else 'return'} {expected}, but {came}"


def _wrong(case: Case, result: object) -> str | None:
    if wrong := _form_of(case, result):
        return f": {wrong}"
    if case.verify:
        wrong = case.verify(result)
    else:
        wrong = None if result == case.expected else _arrangement(case.expected, result)
    return wrong and f": {wrong}"


def _form_of(case: Case, result: object) -> str:
    """What is wrong with the result's type, if anything; where `expected` is words, `verify` looks at it."""
    if case.in_words or (case.optional and result is None):
        return ""
    return form(case.optional() if case.optional and case.expected is None else case.expected, result)


def form(expected: object, came: object) -> str:
    """What is wrong with the type of what came, or of a part of it; nothing if its type is right."""
    if not _is_a(came, type(expected)):
        return f"a value of type {_type_of(came)}, not {_type_of(expected)}"  # 80.0 is not 80 cents
    if isinstance(expected, dict):
        return form([*expected], [*came]) or form([*expected.values()], [*came.values()])
    if isinstance(expected, list | tuple | set) and expected:
        wanted = type(next(iter(expected)))
        wrong = sorted((shown(part), _type_of(part)) for part in came if not _is_a(part, wanted))
        return f"{wrong[0][0]} in it is of type {wrong[0][1]}, not {wanted.__name__}" if wrong else ""
    return ""


def _is_a(value: object, wanted: type) -> bool:
    return isinstance(value, wanted) and (wanted is bool or not isinstance(value, bool))  # True is no 1


def _type_of(value: object) -> str:
    return "None" if value is None else type(value).__name__


def _arrangement(expected: object, came: object) -> str:
    """What is wrong with a list that has the right parts; nothing if it has others."""
    if not isinstance(expected, list) or set(came) != set(expected) or len(came) < len(expected):
        return ""
    return f"the right ones, {'in another order' if len(came) == len(expected) else 'some more than once'}"


def _harm(case: Case, result: object) -> str:
    """Who is harmed by this result and, where it can be told, by how much; nobody by its form alone."""
    if _form_of(case, result) or (result is None and not case.optional):
        return ""
    if not case.how_much:
        return case.harmed
    try:
        how_much = case.how_much(result)
    except Exception:  # what came back cannot be measured
        return ""
    return f"{case.harmed}, {how_much}" if how_much else ""


def cents_off(expected_cents: int, came: int | None) -> str | None:
    """By how much an amount harms whoever pays or earns it: "$3.00 too much". None harms as 0 does."""
    off = (came or 0) - expected_cents
    return f"{dollars(abs(off))} too {'much' if off > 0 else 'little'}" if off else None


def error_text(error: BaseException) -> str:
    """The error's type and message in one line."""
    return f"{type(error).__name__}: {_one_line(str(error))}".removesuffix(": ")


def shown(value: object) -> str:
    """The value as Python writes it: one line, not too long, and the same every time."""
    return _one_line(_SHORT.repr(value))


def _one_line(text: str) -> str:
    """The text in one line, without the addresses of objects."""
    return re.sub(r" at 0x[0-9a-fA-F]+", "", " ".join(text.split("\n")))
