"""What the buttons and sliders do. They act in a thread of their own, so that nobody waits for them."""

import threading
from collections.abc import Callable, Mapping
from queue import SimpleQueue
from typing import Any

from fiberlab.domain import ACTORS, Action
from fiberlab.lab.designs import Design, EventDriven
from fiberlab.lab.live.listening import Guest
from fiberlab.lab.live.sending import Traffic
from fiberlab.lab.live.slow import SlowLedger
from fiberlab.lab.running import Worker

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
