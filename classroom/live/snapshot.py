"""What the browser is given ten times a second: small, and nothing that it would have to work out."""

from collections.abc import Iterable
from typing import Any

from fiberlab.lab.figure import ACTOR_LOOKS, capital, plural
from fiberlab.lab.live.listening import Guest
from fiberlab.lab.live.outcomes import Outcome
from fiberlab.lab.live.reading import TopicReader
from fiberlab.lab.live.sending import Requests, Traffic

MOST = 24  # news of one kind in a snapshot; the others are counted, not seen to move
KINDS = list(ACTOR_LOOKS)  # the browser gets an actor as its place in this list
State = dict[str, Any]


def controls(traffic: Traffic, delay_s: float, said: str) -> State:
    """Where the controls stand. `said` is what the last one did."""
    script = traffic.script
    return {
        "paused": traffic.paused,
        "ended": traffic.ended,
        "rate": traffic.a_second,
        "share": script.installer_percent,
        "fixed": script.day is not None,
        "slow_ms": round(delay_s * 1000),
        "sent": len(script.sent),
        "total": len(script.day) if script.day is not None else None,
        "said": said,
    }


def requests(asked: Requests) -> State:
    """The requests of one design: how many, who waits inside, and who went in or came out since."""
    news = [asked.news.popleft() for _ in range(len(asked.news))]
    inside = list(asked.inside.items())
    return {
        "accepted": asked.accepted,
        "failed": asked.failed,
        "waiting": max(0, asked.open - len(inside)),
        "inside": [[id, kind_number(actor)] for id, actor in inside[:MOST]],
        "inside_count": len(inside),
        "in": [[id, kind_number(actor)] for what, id, actor in news if what == "in"][-MOST:],
        "out": [[id, kind_number(actor)] for what, id, actor in news if what == "out"][-MOST:],
    }


def topic(reader: TopicReader, guest: Guest) -> State:
    """The topic's ends, its newest records, each group's cursors and lag by partition, and who may join."""
    new = [reader.new.popleft() for _ in range(len(reader.new))][-MOST:]
    return {
        "ends": [end for _, end in sorted(reader.ends.items())],
        "new": [
            [record.partition, record.offset, kind_number(record.actor), record.sale, record.id]
            for record in new
        ],
        "groups": [_group(name, status, reader, guest) for name, status in reader.design.states().items()],
        "guest": {"name": guest.listener.name, "is_there": guest.is_there},
    }


def _group(name: str, status: str, reader: TopicReader, guest: Guest) -> State:
    return {
        "name": name,
        "status": status,
        "running": name in reader.design.running(),
        "cursors": [offset for _, offset in sorted(reader.cursors.get(name, {}).items())],
        "lag": reader.lag(name),
        "bills": name in reader.design.ledgers,
        "found": guest.found(name),
    }


def sentence(bills: Iterable[Outcome], reader: TopicReader | None) -> str:
    """The picture in words, for whoever does not see it."""
    said = [f"{bill.design} design, {bill.actor}s: {bill.said}" for bill in bills]
    if reader:
        said.append(f"the topic holds {plural(sum(reader.ends.values()), 'event')}")
        said += [f"{name} is {sum(reader.lag(name)):,} behind" for name in reader.design.services]
    return f"{capital('; '.join(said))}."


def kind_number(actor: str) -> int:
    """The actor's place among all kinds; -1 if it is none of them."""
    return KINDS.index(actor) if actor in KINDS else -1
