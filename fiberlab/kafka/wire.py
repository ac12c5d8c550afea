"""One connection on which one request after the other is asked and answered, all of it until a deadline.

For looking at a Kafka that may not be one: unlike the client, it never tries again, and keeps what happened.
"""

import socket
import ssl
import threading
import time
from dataclasses import dataclass
from typing import Any, Self

from kafka.errors import KafkaError
from kafka.protocol.metadata import ApiVersionsRequest
from kafka.protocol.parser import KafkaProtocol


@dataclass(frozen=True)
class Place:
    """One broker's address, and until when (by time.monotonic) it has to have answered."""

    host: str
    port: int
    until: float

    def __str__(self) -> str:
        return f"'{self.host}:{self.port}'"


class Wire:
    """An open connection; `close()` it. Raises OSError (TimeoutError at the deadline, socket.gaierror)."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._protocol = KafkaProtocol(client_id="fiberlab")
        self._socket = self._connected(_resolved(place.host, place.port, self._left()))
        self.heard = b""  # the last bytes that came

    def encrypt(self, context: ssl.SSLContext) -> None:
        """Return once TLS is agreed on. Raises ssl.SSLError, OSError."""
        self._socket.settimeout(self._left())
        self._socket = context.wrap_socket(self._socket, server_hostname=self._place.host)

    def ask(self, request: Any) -> Any:  # noqa: ANN401 (kafka-python's messages have no common type)
        """The answer. Raises OSError; KafkaError if it is not one."""
        self._protocol.send_request(request)
        self._socket.settimeout(self._left())
        self._socket.sendall(self._protocol.send_bytes())
        while True:
            self._socket.settimeout(self._left())
            self.heard = self._socket.recv(65536)
            if not self.heard:
                raise ConnectionResetError("the connection was closed")
            for _, answer in self._protocol.receive_bytes(self.heard):
                return answer

    def close(self) -> None:
        """End the connection."""
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _left(self) -> float:
        left = self._place.until - time.monotonic()
        if left <= 0:
            raise TimeoutError("the time is over")
        return left

    def _connected(self, places: list[tuple]) -> socket.socket:
        """To the first place that answers; each has its share of the time."""
        errors = []
        for number, (family, kind, protocol, _, place) in enumerate(places):
            opened = socket.socket(family, kind, protocol)
            try:
                opened.settimeout(self._left() / (len(places) - number))
                opened.connect(place)
                return opened
            except OSError as error:
                opened.close()
                errors.append(error)
        raise errors[0]


def _resolved(host: str, port: int, within_s: float) -> list[tuple]:
    """What getaddrinfo says. It cannot be interrupted: a thread that is too late is left to end by itself."""
    found: list[list[tuple]] = []
    errors: list[OSError] = []

    def resolve() -> None:
        try:
            found.append(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            errors.append(error if isinstance(error, OSError) else socket.gaierror(str(error)))

    thread = threading.Thread(target=resolve, name=f"resolve {host}", daemon=True)
    thread.start()
    thread.join(within_s)
    if not found:
        raise errors[0] if errors else socket.gaierror("the name server does not answer")
    return found[0]


def speaks_plainly(place: Place) -> bool:
    """Whether a Kafka without TLS answers."""
    try:
        with Wire(place) as wire:
            wire.ask(ApiVersionsRequest[0]())
    except (OSError, KafkaError):
        return False
    return True


def speaks_tls(place: Place) -> bool:
    """Whether anybody with TLS answers, whoever it is."""
    trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    try:
        with Wire(place) as wire:
            wire.encrypt(trusting)
    except OSError as error:  # an alert is a word of TLS, too
        return isinstance(error, ssl.SSLError) and "ALERT" in (error.reason or "")
    return True
