"""Call a function within a time limit, and end it when the time is over, on every system.

It runs in a thread, into which an exception is raised (PyThreadState_SetAsyncExc of CPython) until it has
ended. A call into C that does not come back, such as a wait without a timeout, cannot be ended in this way:
then `ended` is False, and the exception waits for it. No process and no signal is involved, so the function
sees the notebook's own objects.
"""

import contextlib
import ctypes
import io
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass

WITHIN_S = 2.0
END_WITHIN_S = 2.0
GRACE_S = 0.25  # a machine that stood still gives the function its turn before it is judged
PRINTED_LENGTH = 10_000


class TimeIsUpError(BaseException):
    """Raised inside a function whose time is over; no `except Exception` keeps it."""


@dataclass(frozen=True)
class Call:
    """How a call ended: with a result, with an error, or not in time and in which lines."""

    result: object = None
    error: BaseException | None = None
    hung_at: traceback.StackSummary | None = None
    ended: bool = True
    printed: str = ""


def call(function: Callable[..., object], arguments: tuple[object, ...], within_s: float) -> Call:
    """How the call ended, at most about `within_s` + END_WITHIN_S from now. An interrupt ends it, too."""
    page, came, ended = _Page(), {}, threading.Event()
    thread = threading.Thread(
        target=_keep, args=(came, ended, function, arguments), name="your function", daemon=True
    )
    with contextlib.redirect_stdout(page):
        try:
            thread.start()
            _ = ended.wait(within_s) or ended.wait(GRACE_S)
            hung_at = None if ended.is_set() else _lines(thread)
        finally:
            has_ended = _end(thread, ended)
    if isinstance(came.get("error"), KeyboardInterrupt):
        raise came["error"]
    if hung_at:
        return Call(hung_at=hung_at, ended=has_ended, printed=page.getvalue())
    return Call(came.get("result"), came.get("error"), printed=page.getvalue())


class _Page(io.StringIO):
    """Keeps the beginning of what is printed: an endless loop may print without end."""

    def write(self, text: str) -> int:
        super().write(text[: max(PRINTED_LENGTH - self.tell(), 0)])
        return len(text)


def _keep(
    came: dict[str, object],
    ended: threading.Event,
    function: Callable[..., object],
    arguments: tuple[object, ...],
) -> None:
    with contextlib.suppress(TimeIsUpError):  # the one that comes while another is being handled
        try:
            came["result"] = function(*arguments)
        except BaseException as error:
            came["error"] = error
        finally:
            ended.set()


def _lines(thread: threading.Thread) -> traceback.StackSummary | None:
    """Where the thread is, the innermost call last; None if it has ended."""
    frame = sys._current_frames().get(thread.ident) if thread.is_alive() else None
    return traceback.extract_stack(frame) if frame else None


def _end(thread: threading.Thread, ended: threading.Event) -> bool:
    """Whether the thread has ended; it is told again until then, for a bare `except` may keep the first.

    It says itself that it ends: Python 3.11 takes a thread for dead whose `join` was interrupted.
    """
    deadline = time.monotonic() + END_WITHIN_S
    while not _is_over(thread, ended) and time.monotonic() < deadline:
        ident, error = ctypes.c_ulong(thread.ident), ctypes.py_object(TimeIsUpError)
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ident, error)
        ended.wait(0.05)
    if ended.is_set():
        thread.join()
    return _is_over(thread, ended)


def _is_over(thread: threading.Thread, ended: threading.Event) -> bool:
    return ended.is_set() or not thread.is_alive()  # an exception may have come before it could say so
