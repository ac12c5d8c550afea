"""Start and stop apps and services in the background of a notebook, by name."""

import socket
import threading
import time
from collections.abc import Callable

import uvicorn
from fastapi import FastAPI

from fiberlab.lab.running_http import Patience, WholeRequests

STOP_WITHIN_S = 15


class StillRunningError(TimeoutError):
    """A background worker did not end in time."""


class Worker:
    """A named background thread around `run(stop)`, which returns soon after `stop` is set.

    Whether it runs is told by the thread itself: Python 3.11 takes one for dead whose `join` was interrupted.
    """

    def __init__(self, name: str, run: Callable[[threading.Event], None]) -> None:
        self.name = name
        self.error: BaseException | None = None
        self._run = run
        self._stop, self._ended = threading.Event(), threading.Event()
        self._ended.set()
        self._thread: threading.Thread | None = None

    @property
    def running(self) -> bool:
        """Whether the thread has not ended yet."""
        return not self._ended.is_set()

    @property
    def status(self) -> str:
        """The state in words: "running", "stopped", or "failed: " and why."""
        if self.running:
            return "running"
        return f"failed: {self.error}" if self.error else "stopped"

    def start(self) -> None:
        """Start the thread; a running one goes on, one that was told to stop ends first."""
        if self.running and not self._stop.is_set():
            return
        self.stop()
        stop, ended = threading.Event(), threading.Event()
        thread = threading.Thread(target=self._keep_error, name=self.name, args=(stop, ended), daemon=True)
        try:
            self.error, self._stop, self._ended = None, stop, ended
            thread.start()
            self._thread = thread
        except BaseException:  # interrupted, or one thread too many: whether it has begun or not, it ends
            stop.set()
            if thread.ident is None:
                ended.set()
            raise

    def tell_to_stop(self) -> None:
        """Return at once; the thread ends soon."""
        self._stop.set()

    def stop(self) -> None:
        """Return once the thread has ended; raise StillRunningError if it does not."""
        self.tell_to_stop()
        if not self._ended.wait(STOP_WITHIN_S):
            raise StillRunningError(f"{self.name!r} still runs {STOP_WITHIN_S} s after it was told to stop")
        if self._thread:
            self._thread.join()

    def raise_error(self) -> None:
        """Raise what the thread raised since its last start; return if it raised nothing."""
        if self.error:
            raise self.error

    def _keep_error(self, stop: threading.Event, ended: threading.Event) -> None:
        try:
            self._run(stop)
        except (Exception, SystemExit) as error:  # uvicorn exits when it cannot start
            self.error = error
        finally:
            ended.set()


class HttpServer:
    """An HTTP app on a free port of 127.0.0.1, served from a background thread."""

    def __init__(self, name: str, app: FastAPI) -> None:
        # Named as TCP: asyncio switches Nagle's delay off (40 ms an answer) only for sockets that say so.
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._socket.bind(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._server = uvicorn.Server(_settings(app))
        self.worker = Worker(name, lambda stop: self._server.run(sockets=[self._socket]))
        try:
            self.worker.start()
            wait_until(lambda: self._server.started or not self.worker.running, f"{name} to answer", 10)
            self.worker.raise_error()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Return once the server has ended and its port is free."""
        self._server.should_exit = True
        try:
            self.worker.stop()
        finally:
            self._socket.close()


def _settings(app: FastAPI) -> uvicorn.Config:
    """How an app is served. What uvicorn only warns of, strangers that knock, stays out of the cell."""
    return uvicorn.Config(
        WholeRequests(app),
        http=Patience,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="error",
        timeout_graceful_shutdown=2,
    )


def wait_until(fact: Callable[[], bool], awaited: str, within_s: float = 30, every_s: float = 0.01) -> None:
    """Return as soon as the fact holds; raise TimeoutError naming what was awaited.

    A fact that is asked of the broker is looked at less often: the looks would slow what they wait for.
    """
    deadline = time.monotonic() + within_s
    while not fact():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {within_s} s for {awaited}; see status(), then run Set-up again")
        time.sleep(every_s)
