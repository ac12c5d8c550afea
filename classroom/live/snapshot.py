"""What the browser is given ten times a second: small, and nothing that it would have to work out.

One action may be followed on its way, step by step. Whoever has not met partitions yet sees the topic as one
row of events, in the order in which they arrived.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from classroom.figures.look import ACTOR_LOOKS, capital, listing, plural
from classroom.live.reading import Books, Guest, Outcome, Record, TopicReader
from classroom.world.traffic import Requests, Traffic
from fiberlab.domain import Action, Company, dollars, expected_cents
from fiberlab.ledger import Charge

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
        "slow_ms": round(delay_s * 1000),
        "sent": len(script.sent),
        "of_day": script.of_day,
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
    """The topic's ends, newest records and dead letters, each group's cursors and lag, and who may join."""
    new = [reader.new.popleft() for _ in range(len(reader.new))][-MOST:]
    states = reader.design.states(reasons=False).items()
    return {
        "lanes": reader.lanes,
        "ends": _by_lane(reader, [end for _, end in sorted(reader.ends.items())]),
        "new": [[*_place(reader, *item), kind_number(item[1].actor), item[1].id] for item in new],
        "groups": [_group(name, status, reader, guest) for name, status in states],
        "letters": letters(reader),
        "last_reason": reader.last_reason,
        "guest": {"name": guest.listener.name, "is_there": guest.is_there},
    }


def letters(reader: TopicReader) -> str:
    """What the services have set aside, in words; nothing if there is no dead letter."""
    if not (found := reader.letters):
        return ""
    by = listing([f"{count:,} of {name}" for name, count in found.items()])
    return f"{plural(sum(found.values()), 'dead letter')}: {by}"


def _place(reader: TopicReader, number: int, record: Record) -> tuple[int, int]:
    """The event's lane, and its place in it."""
    return (record.partition, record.offset) if reader.lanes else (0, number)


def _by_lane(reader: TopicReader, counts: list[int]) -> list[int]:
    return counts if reader.lanes else [sum(counts)]


def _group(name: str, status: str, reader: TopicReader, guest: Guest) -> State:
    return {
        "name": name,
        "status": status,
        "running": name in reader.design.running(),
        "cursors": _by_lane(reader, [offset for _, offset in sorted(reader.cursors.get(name, {}).items())]),
        "lag": _by_lane(reader, reader.lag(name)),
        "bills": name in reader.design.ledgers,
        "found": guest.found(name),
    }


def first_wrong(books: Books, company: Company) -> State | None:
    """The first wrong bill of this round: whose it is, in which design, in words. None if all are right."""
    if not (wrong := books.first_wrong):
        return None
    action, billed = wrong.action, dollars(wrong.charge.amount_cents)
    which = f"Action {wrong.number:,}" if wrong.number else "The action sent by hand"
    what = f"{action.actor.kind}, {action.name}, {action.plan}, account {action.account_id}"
    due = dollars(expected_cents(action, company.plans))
    return {
        "design": wrong.design,
        "kind": kind_number(action.actor.kind),
        "said": f"{which} ({what}) has the first wrong bill: {billed} instead of {due}.",
    }


def sentence(bills: Iterable[Outcome], reader: TopicReader | None) -> str:
    """The picture in words, for whoever does not see it."""
    said = [f"{bill.design} design, {bill.actor}s: {bill.said}" for bill in bills]
    if reader:
        said.append(f"the topic holds {plural(sum(reader.ends.values()), 'event')}")
        said += [f"{name} is {sum(reader.lag(name)):,} behind" for name in reader.design.services]
        said += [letters(reader)] if reader.letters else []
    return f"{capital('; '.join(said))}."


def kind_number(actor: str) -> int:
    """The actor's place among all kinds; -1 if it is none of them."""
    return KINDS.index(actor) if actor in KINDS else -1


def steps(
    action: Action,
    requests: Mapping[str, Requests],
    reader: TopicReader | None,
    books: Books,
    company: Company,
) -> list[str]:
    """What has happened to the action so far, a sentence each."""
    told = [f"{action.actor.kind} buys {action.plan}"]
    told += [_answer(design, asked, action) for design, asked in requests.items()]
    record = next((r for r in reversed(reader.records) if r.id == action.id), None) if reader else None
    if record:
        told.append(
            f"event: partition {record.partition}, offset {record.offset}"
            if reader.lanes
            else "event written"
        )
        read = [name for name, at in reader.cursors.items() if at.get(record.partition, 0) > record.offset]
        told += [f"read by {listing(read)}"] if read else []
    due = expected_cents(action, company.plans)
    return told + [_bill(design, books.charge(design, action.id), due) for design in requests]


def _answer(design: str, asked: Requests, action: Action) -> str:
    answer = asked.by_hand.get(action.id)
    if not answer:
        return f"{design}: waits for the answer"
    return f"{design}: answered {answer.status} after {answer.answer_s * 1000:,.0f} ms"


def _bill(design: str, charge: Charge | None, due_cents: int) -> str:
    if not charge:
        return f"{design}: not billed yet"
    right = charge.amount_cents == due_cents
    return f"{design}: billed {dollars(charge.amount_cents)} {'✓' if right else f'of {dollars(due_cents)} ✗'}"
