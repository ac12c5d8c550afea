from collections.abc import Callable

from fiberlab.eventdriven.events import Event

Waiting = Callable[[], list[Event]]
Say = Callable[[Event], None]
StrikeOut = Callable[..., None]


def relay(waiting: Waiting, say: Say, strike_out: StrikeOut) -> None:
    """Say what waits, oldest first, and strike out what the broker has acknowledged.

    An error of `say` goes out: the next run begins with that event, so that the order is kept. Who dies
    between the two says it again; listeners know the id.
    """
    for event in waiting():
        say(event)
        strike_out(event)
