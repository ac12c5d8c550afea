"""Watch designs at work: a live picture with its own traffic, that leaves a still picture behind.

It is only another reader: closing it changes nothing but that nobody looks any more. What the buttons and
sliders do, they do in a thread of their own, so that nobody waits for them.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from queue import SimpleQueue
from typing import Any

from classroom.figures.look import Figure, capital
from classroom.live import snapshot as say
from classroom.live.reading import Books, Guest, Listener, TopicReader, WrongBill, browse_counter
from classroom.live.snapshot import steps
from classroom.live.view import LiveView, Shown, still
from classroom.world.designs import Design, EventDriven, Handle, SlowLedger
from classroom.world.running import Worker, wait_until
from classroom.world.traffic import Script, Traffic
from fiberlab.domain import ACTORS, Action, Company

RATES, DELAYS_MS = (1, 400), (0, 2000)
Message = Mapping[str, Any]


class Controls:
    """Messages from the browser, done one after the other. `said` tells the reader what the last one did."""

    def __init__(
        self, traffic: Traffic, designs: Mapping[str, Design], guest: Guest | None, done: Callable[[], None]
    ) -> None:
        self.said = ""
        self.followed: Action | None = None
        self._traffic, self._designs, self._guest, self._done = traffic, designs, guest, done
        self._messages: SimpleQueue[Message | None] = SimpleQueue()
        self._worker = Worker("live controls", self._run)

    @property
    def ledgers(self) -> list[SlowLedger]:
        """The ledgers that can be made slow."""
        return [ledger for design in self._designs.values() for ledger in design.ledgers.values()]

    @property
    def delay_s(self) -> float:
        """How much longer each bill takes now."""
        return max(ledger.delay_s for ledger in self.ledgers)

    def start(self) -> None:
        """Return at once; messages are done from now on."""
        self._worker.start()

    def stop(self) -> None:
        """Return once nothing is done any more, with every ledger as fast as it was. Twice is fine."""
        self._messages.put(None)
        self._worker.stop()
        self._slow(0)

    def receive(self, message: Message) -> None:
        """Return at once; the message is done soon."""
        self._messages.put(message)

    def _run(self, _: threading.Event) -> None:
        while (message := self._messages.get()) is not None:
            try:
                self.said = self._do(message)
            except Exception as error:  # a service that failed, a message nobody knows: told, not raised
                self.said = f"{message.get('do')!r} did not work: {error}"
            self._done()

    def _do(self, message: Message) -> str:
        actions: dict[str, Callable[[], str]] = {
            "pause": lambda: self._pause(True),
            "start": lambda: self._pause(False),
            "reset": self._reset,
            "rate": lambda: self._rate(int(message["value"])),
            "share": lambda: self._share(int(message["value"])),
            "slow": lambda: self._slow(int(message["value"])),
            "service": lambda: self._service(str(message["name"])),
            "listen": self._listen,
            "send": lambda: self._send(str(message["actor"])),
        }
        return actions[message["do"]]()

    def _pause(self, paused: bool) -> str:
        self._traffic.change(paused=paused)
        return "traffic paused" if paused else "traffic flows"

    def _reset(self) -> str:
        self._traffic.reset()
        self.followed = None
        return "the day begins again, with new ids; the topic and the ledgers keep what they have"

    def _rate(self, a_second: int) -> str:
        self._traffic.change(a_second=_within(a_second, RATES))
        return f"{self._traffic.a_second} actions a second"

    def _share(self, percent: int) -> str:
        self._traffic.script.share(_within(percent, (0, 100)))
        return f"{percent} % of the visits are installers'"

    def _slow(self, delay_ms: int) -> str:
        delay_ms = _within(delay_ms, DELAYS_MS)
        for ledger in self.ledgers:
            ledger.delay_s = delay_ms / 1000
        return f"every bill takes {delay_ms:,} ms longer"

    def _service(self, name: str) -> str:
        for design in self._designs.values():
            if isinstance(design, EventDriven) and name in design.services:
                running = name in design.running()
                (design.stop if running else design.start)(name)
                return f"{name} {'stopped' if running else 'started'}"
        raise LookupError(f"there is no service {name!r} here")

    def _listen(self) -> str:
        if not self._guest:
            raise LookupError("there is no topic to listen to here")
        self._guest.join()
        return f"{self._guest.listener.name} listens, from offset 0 on; nobody else was touched"

    def _send(self, kind: str) -> str:
        if kind not in ACTORS:
            raise LookupError(f"there is no actor {kind!r}")
        self.followed = self._traffic.by_hand(kind)
        return f"one purchase by {'a customer' if kind == 'customer' else 'an installer'}, by hand"


def _within(value: int, limits: tuple[int, int]) -> int:
    return min(max(value, limits[0]), limits[1])


TICK_S, BILLS_S = 0.1, 0.25  # how often the picture is told the news, and the bills are looked up
WATCHFUL_S = 0.05  # both, where the first wrong bill is waited for
HURRY_A_SECOND = 200  # at least so fast is the rest of a day sent that somebody waits for


class Live:
    """A live picture. It stays until it is closed, also when its day is sent.

    Without `lanes` the topic is one row of events. With `pause_at_wrong_bill` the traffic pauses by itself at
    the first wrong bill of each round, until it is told to go on.
    """

    def __init__(
        self,
        designs: Mapping[str, Design],
        company: Company,
        day: Sequence[Action] | None = None,
        a_second: float = 20,
        listener: Listener | tuple[str, Handle] | None = None,
        lanes: bool = True,
        pause_at_wrong_bill: bool = False,
    ) -> None:
        self.designs, self.company = designs, company
        self.still: Figure | None = None
        self._finished = False
        self.traffic = Traffic(
            Script(company, day), {name: design.url for name, design in designs.items()}, a_second
        )
        event_driven = next((d for d in designs.values() if isinstance(d, EventDriven)), None)
        self.reader = TopicReader(event_driven, lanes) if event_driven else None
        joins = Listener(*listener) if listener else browse_counter()
        self.guest = Guest(event_driven, joins) if event_driven else None
        self._wake = threading.Event()
        self.controls = Controls(self.traffic, designs, self.guest, self._wake.set)
        self.view = LiveView()
        self.view.on_msg(self._pressed)
        self.books = Books(designs, self.traffic.script)
        self._pausing, self._pauses = threading.Lock(), pause_at_wrong_bill
        self._paused_at: WrongBill | None = None
        self._reading = Worker("live reader", self.reader.run if self.reader else lambda stop: None)
        self._ticker = Worker("live picture", self._run)
        self._shown = Shown(self.view, repr(self))
        self._ticker.start()

    def finish(self, within_s: float = 120) -> Figure:
        """The final picture, once the rest of the day is sent, at HURRY_A_SECOND or more, and billed.

        It is to stand below; the live one leaves a card. A day without end ends now. Raises what a service
        raised; TimeoutError if it takes longer.
        """
        if not self.still:
            self._hurry()
            wait_until(
                lambda: self._over() or not self._ticker.running,
                "the day's traffic to be sent and answered",
                within_s,
            )
            for design in self.designs.values():
                design.settle()
        self._finished = True
        self.close()
        self._ticker.raise_error()  # what has ended the picture before its time
        return self.still

    def close(self) -> Figure:
        """The final picture as it is now, in the live one's place; nothing is left running. Twice is fine."""
        self._ticker.tell_to_stop()
        self._wake.set()
        self._ticker.stop()
        if not self.still:
            self._ticker.raise_error()
        # Once more: nbclient hears only a cell that is running. What `finish` shows is not shown twice.
        self._shown.leave(None if self._finished else self.still)
        return self.still

    def _hurry(self) -> None:
        with self._pausing:
            self._pauses = False
            self.traffic.change(paused=self.traffic.script.day is None)
        self.traffic.change(a_second=max(self.traffic.a_second, HURRY_A_SECOND))

    def __repr__(self) -> str:
        names = " and the ".join(self.designs)
        return f"Live: the {names} design at work. Its still picture stands below, once it is finished."

    def _pressed(self, _: object, message: Mapping[str, object], __: object) -> None:
        if message.get("do") == "close":
            self._ticker.tell_to_stop()
            self._wake.set()
        else:
            self.controls.receive(message)

    def _over(self) -> bool:
        """Whether nothing is sent any more, and nothing waits for an answer."""
        waiting = any(requests.open for requests in self.traffic.requests.values())
        return not waiting and (self.traffic.paused or self.traffic.script.exhausted)

    def _run(self, stop: threading.Event) -> None:
        try:
            for part in (self._reading, self.controls, self.traffic):
                part.start()  # here and not before: a cell is to return at once
            while not stop.is_set():
                self._reading.raise_error()  # the broker has ended: nothing more will be seen
                self.books.look(0 if self._pauses else BILLS_S)
                self._pause_at_wrong_bill()
                self.view.snapshot = self._snapshot()
                self._wake.wait(WATCHFUL_S if self._pauses else TICK_S)
                self._wake.clear()
        finally:
            self._leave()

    def _pause_at_wrong_bill(self) -> None:
        with self._pausing:
            if self._pauses and self.books.first_wrong is not self._paused_at:
                self._paused_at = self.books.first_wrong
                self.traffic.change(paused=self.traffic.paused or self._paused_at is not None)

    def _snapshot(self) -> say.State:
        asked = self.traffic.requests
        outcomes = self.books.outcomes(self.reader.behind() if self.reader else {})
        return {
            "controls": say.controls(self.traffic, self.controls.delay_s, self._said()),
            "designs": {name: say.requests(requests) for name, requests in asked.items()},
            "actors": self.books.sent_by,
            "topic": say.topic(self.reader, self.guest) if self.reader else None,
            "outcomes": [vars(outcome) | {"said": outcome.said} for outcome in outcomes],
            "wrong": say.first_wrong(self.books, self.company) if self._paused_at else None,
            "followed": self._followed(),
            "sentence": say.sentence(outcomes, self.reader),
        }

    def _said(self) -> str:
        return (self.reader and self.reader.problem) or self.controls.said

    def _followed(self) -> list[str]:
        action = self.controls.followed
        if not action:
            return []
        return steps(action, self.traffic.requests, self.reader, self.books, self.company)

    def _leave(self) -> None:
        """Stop everything that the view has started, and leave the still picture."""
        self.view.on_msg(self._pressed, remove=True)
        try:
            for part in (self.traffic, self.controls, self._reading):
                part.stop()
            self.still = self._last_picture()
            self._shown.leave(self.still)
        finally:
            self.view.leave(self.still)
            if self.guest:
                self.guest.leave()

    def _last_picture(self) -> Figure:
        unread = self.reader.unread() if self.reader else {}  # before the bills: what is late is not wrong
        self.books.look()
        problem = f"{capital(str(error))}." if (error := self._reading.error) else ""
        sent = {name: requests.sent for name, requests in self.traffic.requests.items()}
        frames = self.books.bills(sent, unread)
        return still(len(self.traffic.script.sent), frames, self.reader, problem)
