"""A listener that joins while the picture lives: a consumer group of its own, from offset 0 on."""

from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

from fiberlab.eventdriven.events import Event, PlanBrowsed
from fiberlab.lab.figure import plural
from fiberlab.lab.services import Handle, Services


class Listener(NamedTuple):
    """What the button adds: a service's name, what it does with an event, and what it has found so far."""

    name: str
    handle: Handle
    found: Callable[[], str] = str  # in words, for the picture


def browse_counter() -> Listener:
    """A listener that counts how often each plan was looked at. It has nothing to do with bills."""
    looks: Counter[str] = Counter()

    def handle(event: Event) -> None:
        if isinstance(event, PlanBrowsed):
            looks[event.plan.name] += 1

    def found() -> str:
        most = max(looks, key=looks.__getitem__, default=None)
        return f"{plural(looks.total(), 'look')}, most at {most}" if most else "no look at a plan yet"

    return Listener("browse-counter", handle, found)


class Guest:
    """The listener of the button. It joins once, and leaves with the picture that has let it in."""

    def __init__(self, services: Services, listener: Listener) -> None:
        self.listener, self._services, self._joined = listener, services, False

    @property
    def is_there(self) -> bool:
        """Whether the topic has a service of this name, whoever added it."""
        return self.listener.name in self._services.services

    def found(self, name: str) -> str:
        """What the service of this name says it has found; nothing if it is not the one that was let in."""
        return self.listener.found() if self._joined and name == self.listener.name else ""

    def join(self) -> None:
        """Start the listener; raises NameTakenError if there is one of its name."""
        self._services.add(self.listener.name, self.listener.handle)
        self._joined = True  # after it: what somebody else has added is not ours to remove

    def leave(self) -> None:
        """Stop and remove the listener, unless somebody else has added it. Leaving twice is fine."""
        joined, self._joined = self._joined, False
        if joined and self.is_there:
            self._services.remove(self.listener.name)
