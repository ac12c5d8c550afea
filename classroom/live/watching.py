"""Watch designs at work: a live picture with its own traffic, that leaves a still picture behind.

It is only another reader: closing it changes nothing but that nobody looks any more.
"""

import threading
from collections.abc import Mapping, Sequence

from fiberlab.domain import Action, Company
from fiberlab.lab.designs import Design, EventDriven
from fiberlab.lab.figure import Figure, capital
from fiberlab.lab.live import snapshot as say
from fiberlab.lab.live.controls import Controls
from fiberlab.lab.live.following import steps
from fiberlab.lab.live.listening import Guest, Listener, browse_counter
from fiberlab.lab.live.outcomes import Books
from fiberlab.lab.live.reading import TopicReader
from fiberlab.lab.live.script import Script
from fiberlab.lab.live.sending import Traffic
from fiberlab.lab.live.still import still
from fiberlab.lab.live.view import LiveView, Shown
from fiberlab.lab.running import Worker, wait_until
from fiberlab.lab.services import Handle

TICK_S, BILLS_S = 0.1, 0.25  # how often the picture is told the news, and the bills are looked up
HURRY_A_SECOND = 200  # at least so fast is the rest of a day sent that somebody waits for


class Live:
    """A live picture. It closes by itself when a fixed day is sent and every service has read it."""

    def __init__(
        self,
        designs: Mapping[str, Design],
        company: Company,
        day: Sequence[Action] | None = None,
        a_second: float = 20,
        listener: Listener | tuple[str, Handle] | None = None,
    ) -> None:
        self.designs, self.company = designs, company
        self.still: Figure | None = None
        self.traffic = Traffic(
            Script(company, day), {name: design.url for name, design in designs.items()}, a_second
        )
        event_driven = next((d for d in designs.values() if isinstance(d, EventDriven)), None)
        self.reader = TopicReader(event_driven) if event_driven else None
        joins = Listener(*listener) if listener else browse_counter()
        self.guest = Guest(event_driven, joins) if event_driven else None
        self._wake = threading.Event()
        self.controls = Controls(self.traffic, designs, self.guest, self._wake.set)
        self.view = LiveView()
        self.view.on_msg(self._pressed)
        self.books = Books(designs, self.traffic.script)
        self._ended_at_look: int | None = None
        self._reading = Worker("live reader", self.reader.run if self.reader else lambda stop: None)
        self._ticker = Worker("live picture", self._run)
        self._shown = Shown(self.view, repr(self))
        self._ticker.start()

    def finish(self, within_s: float = 120) -> Figure:
        """The final picture, once the rest of the day is sent, at HURRY_A_SECOND or more, and billed.

        A day without end ends now. Raises what a service raised; TimeoutError if it takes longer.
        """
        if not self.still:
            self.traffic.change(paused=self.traffic.script.day is None)
            self.traffic.change(a_second=max(self.traffic.a_second, HURRY_A_SECOND))
            wait_until(
                lambda: self._over() or not self._ticker.running,
                "the day's traffic to be sent and answered",
                within_s,
            )
            for design in self.designs.values():
                design.settle()
        self.close()
        self._ticker.raise_error()  # what has ended the picture before its time
        return self.still

    def close(self) -> Figure:
        """The final picture as it is now; nothing of the view is left running. Closing twice is fine."""
        self._ticker.tell_to_stop()
        self._wake.set()
        self._ticker.stop()
        if not self.still:
            self._ticker.raise_error()
        self._shown.leave(self.still)  # once more: nbclient hears only a cell that is running
        return self.still

    def __repr__(self) -> str:
        names = " and the ".join(self.designs)
        return f"Live: the {names} design at work. In the end a still picture stays here."

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
            while not stop.is_set() and not self._day_is_over():
                self._reading.raise_error()  # the broker has ended: nothing more will be seen
                self.view.snapshot = self._snapshot()
                self._wake.wait(TICK_S)
                self._wake.clear()
        finally:
            self._leave()

    def _day_is_over(self) -> bool:
        if not self.traffic.ended:
            self._ended_at_look = None
            return False
        if not self.reader:
            return True
        if self._ended_at_look is None:
            self._ended_at_look = self.reader.looks
        return self.reader.all_read(self._ended_at_look)

    def _snapshot(self) -> say.State:
        self.books.look(BILLS_S)
        asked = self.traffic.requests
        return {
            "controls": say.controls(self.traffic, self.controls.delay_s, self._said()),
            "designs": {name: say.requests(requests) for name, requests in asked.items()},
            "actors": self.books.sent_by,
            "topic": say.topic(self.reader, self.guest) if self.reader else None,
            "outcomes": [vars(outcome) | {"said": outcome.said} for outcome in self.books.outcomes],
            "followed": self._followed(),
            "sentence": say.sentence(self.books.outcomes, self.reader),
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
            self.books.look()
            problem = f"{capital(str(error))}." if (error := self._reading.error) else ""
            self.still = still(
                self.traffic.script.sent, self.books.charges, self.company, self.reader, problem
            )
            self._shown.leave(self.still)
        finally:
            self.view.leave(self.still)
            if self.guest:
                self.guest.leave()
