"""A broker that needs neither Docker nor Java: librdkafka's mock cluster in a child process.

It speaks the Kafka protocol over TCP on 127.0.0.1, so kafka-python is the real client. It is a test
double all the same: records live in memory and are gone with the process, at most 5 MiB a partition;
nothing is replicated, so `acks` protects nothing; transactions can be called but isolate nothing; a
rebalance takes a second; an empty fetch is answered only when its wait is over; offsets cannot be
looked up by time; there is no TLS and no login.

A child process, because the library calls abort() when two members of a group share no assignor: the
broker then dies, the notebook does not. When the owner ends, by any means, the broker ends too.
"""

import json
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from typing import Self

from kafka.errors import BrokerNotAvailableError

from classroom.broker import embedded_process
from classroom.place import ROOT

STOP_WITHIN_S = 5
_ABORT = -6, 3  # the exit status after abort(): on POSIX, on Windows
_ABORTED = (
    " (it was aborted, as when a client that is not the workbook's joins a group with another assignor)"
)


class BrokerGoneError(BrokerNotAvailableError):
    """The embedded broker's process has ended, and its topics with it."""

    def __str__(self) -> str:
        return " ".join(self.args)


class EmbeddedElsewhere:
    """An embedded broker that another process owns, which makes and removes its topics."""

    isolates = False

    def __init__(self, address: str) -> None:
        host, _, port = address.partition(",")[0].rpartition(":")
        self._at, self._looked_s, self._gone = (host, int(port)), 0.0, False

    def check_alive(self) -> None:
        """Return if the broker answers, asked at most once a second; raise BrokerGoneError if not."""
        if not self._gone and time.monotonic() - self._looked_s > 1:
            self._looked_s = time.monotonic()
            try:
                socket.create_connection(self._at, STOP_WITHIN_S).close()
            except OSError:
                self._gone = True  # for good: its topics are gone with it
        if self._gone:
            raise BrokerGoneError("the embedded broker has ended and its topics are gone; run Set-up again")

    def create_topic(self, name: str, partitions: int) -> None:
        """Return: its owner has made the topic."""

    def close(self) -> None:
        """Return: everything stays."""


class EmbeddedBroker:
    """A running cluster of `brokers` brokers; `close()` ends it. Ready in about 0.1 s."""

    isolates = False

    def __init__(self, brokers: int = 3) -> None:
        self._brokers = brokers
        self._lock = threading.Lock()
        self._asked = 0
        self._child = subprocess.Popen(
            [sys.executable, "-m", embedded_process.__name__, str(brokers)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,  # where -m finds the package
        )
        self.bootstrap_servers = self._child.stdout.readline().strip()
        if not self.bootstrap_servers:
            self.close()
            embedded_process.load()  # says what is missing, if that was the reason
            raise BrokerGoneError("the embedded broker ended as soon as it had started; run Set-up again")

    @property
    def alive(self) -> bool:
        """Whether the broker's process runs."""
        return self._child.poll() is None

    def check_alive(self) -> None:
        """Return if the broker's process runs; raise BrokerGoneError if not."""
        if not self.alive:
            why = _ABORTED if self._child.returncode in _ABORT else ""
            raise BrokerGoneError(
                f"the embedded broker has ended{why} and its topics are gone; run Set-up again"
            )

    def create_topic(self, name: str, partitions: int) -> None:
        """Return once the topic is there, its partitions led by the brokers in turn."""
        self._call("topic_create", name, partitions, self._brokers)
        for partition in range(partitions):
            self._call("partition_set_leader", name, partition, partition % self._brokers + 1)

    def delete_topic(self, name: str) -> None:
        """Return once the topic and its records are gone, as they are with the broker."""
        if self.alive:
            self._call("topic_delete", name)

    def groups(self, topic: str, prefix: str) -> dict[str, int]:
        """How many members each group with the prefix has that has committed an offset of the topic."""
        found = self._overheard("groups", topic)
        return {name: members for name, members in found.items() if name.startswith(prefix)}

    def members(self, *groups: str) -> dict[str, int]:
        """How many members each of these groups has, if anybody has ever joined it."""
        return {name: members for name, members in self._overheard("members").items() if name in groups}

    def truncate(self, name: str, partition: int, before: int) -> None:
        """Return once the partition's records before this offset are gone, as retention would do it."""
        self._call("partition_delete_records", name, partition, before)

    def delay(self, milliseconds: int) -> None:
        """Return once every answer of every broker is this late. 0 ends it."""
        for broker in range(1, self._brokers + 1):
            self._call("broker_set_rtt", broker, milliseconds)

    def fail_next(self, api_key: int, *error_codes: int) -> None:
        """Return once the next requests of this type will be answered with these Kafka error codes."""
        self._call("push_request_errors_array", api_key, list(error_codes))

    def close(self) -> None:
        """End the process. Closing twice is fine."""
        if self.alive:
            try:
                self._child.communicate("quit\n", timeout=STOP_WITHIN_S)
            except subprocess.TimeoutExpired:
                self._child.kill()
        self._child.wait()
        for pipe in (self._child.stdin, self._child.stdout):
            with suppress(OSError):  # a command that never reached a dead child
                pipe.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _call(self, function: str, *arguments: object) -> None:
        with self._lock:
            code = self._ask(function, *arguments)
        if code != "0":
            raise ValueError(f"the embedded broker refused {function}{arguments!r}: {code}")

    def _overheard(self, *question: str) -> dict[str, int]:
        with self._lock:
            return self._ask(*question)

    def _ask(self, *call: object) -> object:
        """The answer to this call. One that an interrupted call has left unread is passed over."""
        self._asked += 1
        with suppress(OSError, ValueError):
            self._child.stdin.write(json.dumps([self._asked, *call]) + "\n")
            self._child.stdin.flush()
            for line in iter(self._child.stdout.readline, ""):
                with suppress(ValueError):  # half a line is what the interrupted call has not read
                    number, answer = json.loads(line)
                    if number == self._asked:
                        return answer
        self._child.wait()
        return self.check_alive()
