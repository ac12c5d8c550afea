"""What runs in the background of a notebook: apps and workers by name, and how to wait for a fact.

Apps give up requests that are never whole or larger than an action, as a proxy in front of a real backend
does. The one HTTP client of apps, tablets and tests asks this computer only: a client that asks the
environment sends a request to 127.0.0.1 by way of HTTP_PROXY, fails at a NO_PROXY that it cannot read, and
opens the files of SSL_CERT_FILE and SSLKEYLOGFILE although nothing here speaks TLS. A progress bar becomes
one line of text when the work is done. `interrupt_waits` is for what the stop button must not stop half-way.
"""

import asyncio
import os
import signal
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

import h11
import httpx
import ipywidgets
import uvicorn
from fastapi import FastAPI
from fastapi.responses import JSONResponse
from IPython import get_ipython
from IPython.display import display
from uvicorn.protocols.http.h11_impl import H11Protocol

REQUEST_WITHIN_S = 10
MOST_BYTES = 2 * 1024 * 1024  # an action has some 200; what is too long or too many in it is said by the app

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]


class Patience(H11Protocol):
    """HTTP/1.1 that closes a connection if the first lines of a request do not arrive in time."""

    _late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._wait()

    def handle_events(self) -> None:
        """Wait on while nothing, or only the beginning of a request's first lines, has arrived."""
        super().handle_events()
        if self.conn.their_state is not h11.IDLE:
            self._wait_no_longer()
        elif self._late is None:
            self._wait()

    def connection_lost(self, error: Exception | None) -> None:
        """Leave nothing behind."""
        self._wait_no_longer()
        super().connection_lost(error)

    def shutdown(self) -> None:
        """Part at once with a client that is still saying what it wants."""
        if self.conn.their_state is h11.SEND_BODY:
            self.transport.close()
        else:
            super().shutdown()

    def _wait(self) -> None:
        self._late = self.loop.call_later(REQUEST_WITHIN_S, self.transport.close)

    def _wait_no_longer(self) -> None:
        if self._late:
            self._late.cancel()
            self._late = None


class WholeRequests:
    """The app, which sees a request once its body is whole, and never one that is late or too large."""

    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer 408 or 413, or let the app answer. A client that has left is not answered."""
        try:
            async with asyncio.timeout(REQUEST_WITHIN_S):
                body = await _body(receive)
        except ConnectionAbortedError:
            return
        except TimeoutError:
            late = f"the request was not whole within {REQUEST_WITHIN_S} s; send it again"
            return await _refusal(408, late)(scope, receive, send)
        if len(body) > MOST_BYTES:
            large = f"the body has more than {MOST_BYTES:,} bytes; send one action"
            return await _refusal(413, large)(scope, receive, send)
        await self.app(scope, _once(body, receive), send)


async def _body(receive: Receive) -> bytes:
    """The whole body; of one that is too large the end is read and dropped, so that its sender hears why."""
    body, more = bytearray(), True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionAbortedError("the client has left before its request was whole")
        if len(body) <= MOST_BYTES:
            body += message.get("body", b"")
        more = message.get("more_body", False)
    return bytes(body)


def _once(body: bytes, receive: Receive) -> Receive:
    """What the app reads: this body, then whatever else the client does."""
    told: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def next_message() -> Message:
        return told.pop() if told else await receive()

    return next_message


def _refusal(status: int, sentence: str) -> JSONResponse:
    return JSONResponse({"detail": sentence}, status, {"connection": "close"})


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


class PortError(OSError):
    """A server cannot listen where it should: why, and the next step."""


class HttpServer:
    """An HTTP app, served from a background thread. Where it listens: a free port of this computer only.

    Raises PortError if another address is given, and cannot be had.
    """

    def __init__(self, name: str, app: FastAPI, at: tuple[str, int] = ("127.0.0.1", 0)) -> None:
        self._socket = _listening(at)
        self.url = "http://{}:{}".format(*self._socket.getsockname())
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


def _listening(at: tuple[str, int]) -> socket.socket:
    # Named as TCP: asyncio switches Nagle's delay off (40 ms an answer) only for sockets that say so.
    found = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    if at[1] and os.name == "posix":  # a port that was left a moment ago is free
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind(at)
    except OSError as error:
        found.close()
        raise PortError(f"port {at[1]} of {at[0]} cannot be used ({error.strerror}); name another") from error
    return found


def tell_health(app: FastAPI, look: Callable[[], dict[str, object]]) -> None:
    """From now on GET /health is answered 200 with what `look` finds, or 503 with its ConnectionError."""

    @app.get("/health")
    def health() -> JSONResponse:
        try:
            return JSONResponse(look())
        except ConnectionError as error:
            return JSONResponse({"detail": str(error)}, 503)


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


_open: list[ipywidgets.IntProgress] = []


@contextmanager
def progress(total: int, what: str) -> Iterator[ipywidgets.IntProgress]:
    """A bar whose `value` counts up to `total`; shown only in a notebook, of nested bars the outermost."""
    text = f"{total:,} {what}"
    bar = ipywidgets.IntProgress(max=total, description=text, style={"description_width": "initial"})
    view = {"application/vnd.jupyter.widget-view+json": {"model_id": bar.model_id, "version_major": 2}}
    shown = None
    if _in_notebook() and not _open:
        shown = display(view | {"text/plain": text}, raw=True, display_id=True)
    _open.append(bar)
    try:
        yield bar
    finally:
        _open.remove(bar)
        bar.close()
        if shown:
            shown.update({"text/plain": text}, raw=True)


def _in_notebook() -> bool:
    shell = get_ipython()
    return shell is not None and hasattr(shell, "kernel")


NoAnswerError = httpx.RequestError  # what every client raises when no answer came
Response = httpx.Response


class HttpClient(httpx.Client):
    """A client of what answers at this address, and of nothing in between. `within_s` is for each step."""

    def __init__(self, url: str = "", within_s: float = 30) -> None:
        super().__init__(base_url=url, timeout=within_s, trust_env=False, verify=False)


@contextmanager
def interrupt_waits() -> Iterator[None]:
    """While an interrupt waits; it comes at the end. In other threads than the main one none comes anyway."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: came.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if came:
            signal.raise_signal(signal.SIGINT)
