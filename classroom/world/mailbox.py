"""A mail server for the notebook: SMTP on a free port of 127.0.0.1, which keeps every letter it gets."""

import asyncio
import logging
import socket
import threading
from email import message_from_bytes
from email.policy import default
from typing import NamedTuple, Self
from weakref import WeakSet

from aiosmtpd.smtp import SMTP, Envelope, Session

from classroom.world.running import Worker, wait_until
from fiberlab.mailing import MailServer


class Received(NamedTuple):
    """A letter that came in."""

    to: str
    subject: str


class Mailbox:
    """A mail server in the background; it runs from the start. It takes `delay_s` for each letter.

    While it is `full` it takes none. Stopped, it refuses connections; started again, it has the address
    that it had before.
    """

    def __init__(self, name: str = "mailbox") -> None:
        self.letters: list[Received] = []
        self.delay_s = 0.0
        self.full = False
        self._listening = threading.Event()
        self._conversations: WeakSet[SMTP] = WeakSet()
        logging.getLogger("mail.log").setLevel("ERROR")  # of strangers that knock it warns, in the cell
        self._worker = Worker(name, self._run)
        self.server = MailServer("127.0.0.1", _free_port())
        self.start()

    @property
    def status(self) -> str:
        """The state in words: "running", "stopped", or "failed: " and why."""
        return self._worker.status

    def start(self) -> None:
        """Return once it takes letters; a running one goes on."""
        self._worker.start()
        wait_until(lambda: self._listening.is_set() or not self._worker.running, "the mailbox to listen")
        self._worker.raise_error()

    def stop(self) -> None:
        """Return once it takes no letter any more. Stopping twice is fine."""
        self._worker.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    async def handle_DATA(self, _: SMTP, __: Session, envelope: Envelope) -> str:
        """The SMTP answer to a letter, once it is kept."""
        await asyncio.sleep(self.delay_s)
        if self.full:
            return "452 the mailbox is full"
        letter = message_from_bytes(envelope.content, policy=default)
        self.letters += [Received(to, letter["Subject"]) for to in envelope.rcpt_tos]
        return "250 kept"

    def _run(self, stop: threading.Event) -> None:
        try:
            asyncio.run(self._serve(stop))
        finally:
            self._listening.clear()

    async def _serve(self, stop: threading.Event) -> None:
        at = self.server.host, self.server.port
        with socket.create_server(at) as listening:
            listening.setblocking(False)
            accepting = asyncio.create_task(self._accept(listening))
            self._listening.set()
            await asyncio.to_thread(stop.wait)
            accepting.cancel()
            await asyncio.wait([accepting])
        while open := [talk for talk in self._conversations if talk.transport]:
            for conversation in open:
                conversation.transport.abort()  # whoever is in the middle of a letter has to come again
            await asyncio.sleep(0)  # a turn of the loop, which closes what was aborted

    async def _accept(self, listening: socket.socket) -> None:
        # asyncio's own server loses, for good, a connection that comes in the moment in which it is closed.
        loop = asyncio.get_running_loop()
        while True:
            connection, _ = await loop.sock_accept(listening)
            connection.setsockopt(
                socket.IPPROTO_TCP, socket.TCP_NODELAY, 1
            )  # or each letter takes 40 ms more
            conversation = SMTP(self, hostname="mailbox")
            self._conversations.add(conversation)
            await loop.connect_accepted_socket(lambda made=conversation: made, connection)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
