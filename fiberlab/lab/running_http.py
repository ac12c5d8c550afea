"""What a server asks of a request before an app sees it: it is whole, soon, and no larger than an action.

Without this a client that announces a body and never ends it keeps its connection, and its place in memory,
as long as it likes. In front of a real backend a proxy (nginx, a load balancer) does the same.
"""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import h11
from fastapi.responses import JSONResponse
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
