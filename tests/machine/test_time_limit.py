"""A function that does not end is ended, and said where it was; a right one is left alone."""

import linecache
import threading
from collections.abc import Callable, Iterator

import pytest

from classroom.desk.outcome import Outcome
from classroom.exercises import time_limit
from classroom.exercises.check import Answer, Case, Exercise
from classroom.exercises.time_limit import call
from tests.facts import eventually, interrupt

pytestmark = pytest.mark.embedded


def check(function: Answer) -> Outcome:
    case = Case((4990,), 3992, "Ada")
    return Exercise("exercise-99-price", lambda rng, company: [case], (), ()).judge(function, [case], 0.1)


def loops() -> None:
    while True:
        pass


def keeps_every_exception() -> None:
    while True:
        try:
            loops()
        except Exception:
            continue


def keeps_everything() -> None:
    while True:
        try:
            len("x")
        except:  # noqa: E722
            continue


def recurses_for_ever(depth: int = 0) -> int:
    return recurses_for_ever(depth + 1) + recurses_for_ever(depth + 1) if depth < 60 else 1


def prints_for_ever() -> None:
    while True:
        print("herd")


ENDLESS = [loops, keeps_every_exception, keeps_everything, recurses_for_ever, prints_for_ever]


@pytest.mark.parametrize("endless", ENDLESS, ids=lambda endless: endless.__name__)
def test_what_does_not_end_is_ended_and_leaves_no_thread(endless: Callable[..., object]):
    before = set(threading.enumerate())
    called = call(endless, (), within_s=0.1)
    assert called.hung_at
    assert called.ended
    assert set(threading.enumerate()) <= before
    assert len(called.printed) <= time_limit.PRINTED_LENGTH


def test_a_check_names_the_line_that_hung(monkeypatch: pytest.MonkeyPatch):
    source = "def price(cents):\n    while cents:\n        cents + 1\n"
    monkeypatch.setitem(linecache.cache, "<cell 3>", (len(source), None, source.splitlines(True), "<cell 3>"))
    exec(compile(source, "<cell 3>", "exec"), names := {})
    outcome = check(names["price"])
    assert outcome.status == "error in your code"
    assert outcome.message.startswith("price(4990) did not end within 0.1 s; it was still in line ")
    assert outcome.message.endswith(("2: while cents:.", "3: cents + 1."))


@pytest.fixture
def wait() -> Iterator[threading.Lock]:
    """A lock that nobody gives back: waiting for it is one call into C."""
    lock = threading.Lock()
    lock.acquire()
    yield lock
    lock.release()
    eventually(
        lambda: not [t for t in threading.enumerate() if t.name == "your function"], "the thread to end"
    )


def test_what_cannot_be_ended_is_said_and_ends_when_its_wait_ends(
    monkeypatch: pytest.MonkeyPatch, wait: threading.Lock
):
    monkeypatch.setattr(time_limit, "END_WITHIN_S", 0.2)
    outcome = check(lambda cents: wait.acquire())
    assert "it waits outside Python: restart the kernel" in outcome.message


def test_what_ends_in_time_gives_its_result_its_print_or_its_error(capsys: pytest.CaptureFixture[str]):
    assert call(lambda cents: cents + 1, (1,), within_s=30).result == 2
    assert call(print, ("herd",), within_s=30).printed == "herd\n"
    assert isinstance(call(lambda: 1 // 0, (), within_s=30).error, ZeroDivisionError)
    assert capsys.readouterr().out == ""


def test_an_interrupt_ends_the_function_too():
    def interrupts() -> None:
        interrupt()
        loops()

    with pytest.raises(KeyboardInterrupt):
        call(interrupts, (), within_s=30)
    assert not [thread for thread in threading.enumerate() if thread.name == "your function"]
