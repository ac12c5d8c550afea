"""What a learner is told about an exercise."""

import functools
import linecache
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from classroom.desk.outcome import Outcome
from classroom.exercises.check import Case, Exercise, Thought

pytestmark = pytest.mark.embedded

ADA_OVERPAYS = "Ada pays $9.98 too much."
CASES = (
    Case((4990, 10), 4491, "a customer with ten percent off"),
    Case((4990,), 3992, ADA_OVERPAYS),
)


def check(function: object, cases: Sequence[Case], thoughts: Sequence[Thought] = ()) -> Outcome:
    return Exercise("exercise-99-price", lambda rng, company: cases, (price,), tuple(thoughts)).judge(
        function, cases
    )


Cell = Callable[[str], Callable[..., object]]


@pytest.fixture
def cell() -> Iterator[Cell]:
    """Run source as a notebook does: under a file name of its own, its lines known to tracebacks."""
    name = "<cell 3>"

    def run(source: str) -> Callable[..., object]:
        linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
        names: dict[str, Callable[..., object]] = {}
        exec(compile(source, name, "exec"), names)
        return names["price"]

    yield run
    linecache.cache.pop(name, None)


def price(cents: int, percent: int = 20) -> int:
    return cents * (100 - percent) // 100


def unwritten(cents: int, percent: int = 20) -> int:
    raise NotImplementedError


def no_discount(cents: int, percent: int = 20) -> int:
    return cents


def test_right_answers_are_correct():
    outcome = check(price, CASES)
    assert outcome.status == "correct"
    assert repr(outcome) == "correct: 2 of 2 cases came out as expected."


def test_the_starter_is_not_attempted():
    outcome = check(unwritten, CASES)
    assert outcome.status == "not attempted"
    assert repr(outcome).startswith("not attempted: unwritten raises NotImplementedError. Write its body")


def test_a_wrong_answer_says_what_happened_and_who_is_harmed():
    outcome = check(no_discount, CASES)
    assert repr(outcome) == (
        "not yet: no_discount(4990) should return 3992, but it returned 4990. "
        "Who is harmed: Ada pays $9.98 too much."
    )


@pytest.mark.parametrize("cases", [CASES, CASES[::-1]], ids=["smallest last", "smallest first"])
def test_the_smallest_failing_case_is_told(cases: tuple[Case, ...]):
    assert "no_discount(4990) " in check(no_discount, cases).message


def test_a_case_that_passes_is_not_told():
    outcome = check(lambda cents, percent=20: 3992, CASES)
    assert "(4990, 10) should return 4491, but it returned 3992" in outcome.message


def test_printing_instead_of_returning_has_its_own_message(capsys: pytest.CaptureFixture[str]):
    def prints(cents: int, percent: int = 20) -> None:
        print(cents * (100 - percent) // 100)

    outcome = check(prints, CASES)
    assert outcome.status == "not yet"
    assert "it printed '3992' and returned nothing: use return, not print" in outcome.message
    assert capsys.readouterr().out == "3992\n"


def test_returning_nothing_has_its_own_message():
    assert "let every way through it end in return" in check(lambda *_: None, CASES).message


def test_none_may_be_the_right_answer():
    assert check(lambda event: None, [Case(("browsed",), None, "")]).status == "correct"


def test_what_has_to_be_done_is_told_by_what_came_of_it(capsys: pytest.CaptureFixture[str]):
    def prints(letter: str) -> int:
        print(letter)
        return 0

    outcome = check(prints, [Case(("hello",), 1, "Ada, who waits", effect=True)])
    assert outcome.message == (
        "prints('hello') should lead to 1, but it led to 0; what it printed, 'hello', does nothing."
    )


def test_what_the_learner_prints_on_the_way_is_shown(capsys: pytest.CaptureFixture[str]):
    def chatty(cents: int, percent: int = 20) -> int:
        print("got", cents)
        return price(cents, percent)

    assert check(chatty, CASES).status == "correct"
    assert capsys.readouterr().out == "got 4990\ngot 4990\n"


def test_an_exception_names_the_learners_own_line(cell: Cell):
    mine = cell("def price(cents):\n    rate = {}\n    return cents * rate['installer']\n")
    assert check(mine, [Case((4990,), 3992, ADA_OVERPAYS)]) == Outcome(
        "error in your code",
        "price(4990) raised KeyError: 'installer' in line 3: return cents * rate['installer'].",
    )


def test_an_exception_behind_a_wrapper_names_the_learners_line(cell: Cell):
    mine = cell("def price(cents):\n    return cents['list']\n")

    @functools.wraps(mine)
    def twice(cents: int) -> object:
        return mine(cents), mine(cents)

    message = check(twice, CASES).message
    assert message.startswith("price(4990) raised TypeError")
    assert message.endswith("in line 2: return cents['list'].")


def test_an_exception_inside_a_library_names_the_learners_line_that_called_it(cell: Cell):
    mine = cell("import json\ndef price(cents):\n    return json.loads('')\n")
    message = check(mine, CASES).message
    assert "raised JSONDecodeError: Expecting value" in message
    assert message.endswith("in line 3: return json.loads('').")


def leaves(cents: int) -> int:
    raise SystemExit(1)


def says_nothing(cents: int) -> int:
    raise ValueError


def recurses(cents: int) -> int:
    return recurses(cents)


FAULTS = {
    "too few parameters": (lambda: 1, "raised TypeError: "),
    "leaving Python": (leaves, "raised SystemExit: 1 in line"),
    "no message": (says_nothing, "raised ValueError in line"),
    "endless recursion": (recurses, "raised RecursionError: "),
}


@pytest.mark.parametrize(("function", "message"), FAULTS.values(), ids=FAULTS)
def test_what_the_learners_code_raises_is_an_error_in_it(function: Callable[..., object], message: str):
    outcome = check(function, CASES)
    assert outcome.status == "error in your code"
    assert message in outcome.message


def test_what_is_not_a_function_is_not_yet():
    assert "42 is not a function; run the cell that defines yours" in check(42, CASES).message


def test_another_type_is_named():
    message = check(str, CASES).message
    assert "should return 3992, but it returned '4990': a value of type str, not int" in message


def test_stopping_the_kernel_stops_the_check():
    def interrupted(cents: int) -> int:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check(interrupted, CASES)


def test_an_answer_that_cannot_be_compared_is_not_yet():
    class Odd(int):
        def __eq__(self, other: object) -> bool:
            raise RuntimeError("no")

        def __hash__(self) -> int:
            return 0

    outcome = check(lambda *_: Odd(), CASES)
    assert outcome.status == "not yet"
    assert "it cannot be checked, RuntimeError: no" in outcome.message
    assert "0x" not in outcome.message


def test_dollars_are_not_cents():
    outcome = check(lambda cents, percent=20: cents * (100 - percent) / 100, CASES)
    assert "should return 3992, but it returned 3992.0" in outcome.message


def test_a_learner_who_changes_the_arguments_changes_only_a_copy():
    case = Case(([3, 1],), [1, 3], "")

    def sort_in_place(events: list[int]) -> list[int]:
        events.append(9)
        return events

    first, second = check(sort_in_place, [case]), check(sort_in_place, [case])
    assert first == second
    assert "sort_in_place([3, 1])" in first.message
    assert case.arguments == ([3, 1],)


def one_lane(key: object) -> str | None:
    return None if key == "acct-1" else "two events of acct-1 would go to different partitions"


KEY = Case(({"id": 7, "account": "acct-1"},), "a key by account", "Ada's cancellation overtakes", one_lane)


def test_a_predicate_may_judge_the_answer():
    assert check(lambda event: event["account"], [KEY]).status == "correct"
    outcome = check(lambda event: event["id"], [KEY])
    assert outcome.status == "not yet"
    assert "should return a key by account, but it returned 7: two events of acct-1" in outcome.message


def test_a_predicate_that_the_answer_breaks_is_not_yet():
    case = Case(((),), "some text", "", lambda answer: None if answer.isupper() else "small letters")
    outcome = check(lambda _: 5, [case])
    assert outcome.status == "not yet"
    assert "it cannot be checked, AttributeError" in outcome.message


def test_a_predicate_is_told_apart_from_an_answer_that_is_missing():
    assert "it returned nothing" in check(lambda event: None, [KEY]).message


def test_the_text_is_one_line_and_the_same_every_time():
    case = Case(({"b", "a"}, object(), list(range(50)), "x\ny"), "one\ntwo", "many")
    lines = {repr(check(lambda *_: object(), [case])) for _ in range(3)}
    assert len(lines) == 1
    (line,) = lines
    assert "\n" not in line
    assert "0x" not in line
    assert "{'a', 'b'}" in line
    assert len(line) < 300


def test_who_is_harmed_is_told_with_how_much():
    case = Case((4990,), 3992, "Ada, who pays", how_much=lambda came: f"{came - 3992} cents too much")
    assert check(no_discount, [case]).who_is_harmed == "Ada, who pays, 998 cents too much"


def nobody_is_harmed(came: object) -> str | None:
    return f"{came} cents" if came == 4990 else None


# What came, what is said of it, and whether it harms.
FORMS: dict[str, tuple[object, object, str, bool]] = {
    "a text for a number": (3992, "much", "a value of type str, not int", False),
    "a Decimal": (3992, Decimal(3992), "a value of type Decimal, not int", False),
    "a fraction": (3992, Fraction(3992), "a value of type Fraction, not int", False),
    "a bool": (1, True, "a value of type bool, not int", False),
    "a bool of numpy": (1, np.bool_(True), "a value of type bool, not int", False),
    "a float of numpy": (3992, np.float64(3992), "a value of type float, not int", False),
    "an array": (3992, np.array([3992]), "a value of type ndarray, not int", False),
    "a tuple": ([1, 2], (1, 2), "a value of type tuple, not list", False),
    "an array for a list": ([1, 2], np.array([1, 2]), "a value of type ndarray, not list", False),
    "a bool in a list": ([1, 2], [True, 2], "True in it is of type bool, not int", False),
    "a float in a set": ({1, 2}, {1.0, 2}, "1.0 in it is of type float, not int", False),
    "a float in a dict": ({"A": 2}, {"A": 2.0}, "2.0 in it is of type float, not int", False),
    "in another order": ([1, 2], [2, 1], "the right ones, in another order", False),
    "more than once": ([1, 2], [1, 2, 2], "the right ones, some more than once", False),
    "another number": (3992, 4990, "it returned 4990.", True),
}


@pytest.mark.parametrize(("expected", "came", "told", "harms"), FORMS.values(), ids=FORMS)
def test_what_is_wrong_in_its_form_alone_is_told_as_that(
    expected: object, came: object, told: str, harms: bool
):
    outcome = check(lambda cents: came, [Case((4990,), expected, "Ada", how_much=nobody_is_harmed)])
    assert outcome.status == "not yet"
    assert told in outcome.message
    assert outcome.who_is_harmed == ("Ada, 4990 cents" if harms else "")


NUMBERS_OF_NUMPY = (
    (3992, np.int64(3992)),
    (3992, np.uint8(152) + np.int64(3840)),
    ([1, 2], list(np.array([1, 2]))),
    ({"A": 2}, {"A": np.int32(2)}),
)


@pytest.mark.parametrize(("expected", "came"), NUMBERS_OF_NUMPY)
def test_a_number_of_numpy_is_a_number(expected: object, came: object):
    assert check(lambda cents: came, [Case((4990,), expected, "Ada")]).status == "correct"


def test_where_none_is_an_answer_it_is_not_taken_for_a_missing_return():
    due = Case((4990,), 3992, "Ada", how_much=lambda came: f"{came} instead", optional=int)
    outcome = check(lambda cents: None, [due])
    assert "should return 3992, but it returned None" in outcome.message
    assert outcome.who_is_harmed == "Ada, None instead"
    none_due = Case((4990,), None, "Ada", how_much=nobody_is_harmed, optional=int)
    assert "a value of type str, not int" in check(lambda cents: "none", [none_due]).message
    assert check(lambda cents: 0, [none_due]).who_is_harmed == ""


FULL_PRICE = Thought("nobody has a discount", "An installer's sale has one.", lambda cents, percent=0: cents)
TENTH = Thought("always ten percent", "Look at the percents.", lambda cents, percent=0: cents * 9 // 10)


def test_a_known_misconception_is_named_and_its_sentence_told():
    outcome = check(no_discount, CASES, [TENTH, FULL_PRICE])
    assert outcome.misconception == "nobody has a discount"
    assert outcome.message.endswith("but it returned 4990. An installer's sale has one.")


def test_another_wrong_answer_is_given_no_name():
    outcome = check(lambda cents, percent=0: 0, CASES, [TENTH, FULL_PRICE])
    assert (outcome.status, outcome.misconception) == ("not yet", "")


def test_a_wrong_answer_that_fails_elsewhere_is_given_no_name():
    outcome = check(lambda cents, percent=20: cents if percent == 20 else 1 // 0, CASES, [FULL_PRICE])
    assert (outcome.status, outcome.misconception) == ("not yet", "")
