"""A gateway that keeps a table of sales *and* says events dies after every step: what do both hold then?

Herd Fiber's own gateway keeps no table. Here it is given one, in five ways.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pandas as pd
from kafka import KafkaProducer

from classroom.chapter import Chapter
from classroom.experiments.crashes import first_sales
from classroom.experiments.strategies import Died, Fuse, transaction
from classroom.world.running import progress
from fiberlab.cluster import TopicView
from fiberlab.database import Database
from fiberlab.domain import Action, expected_cents
from fiberlab.eventdriven.events import decode, encode, happened

APPS = {"the app gives up": False, "the app tries again, same id": True}
TABLES = "CREATE TABLE sold (id TEXT PRIMARY KEY); CREATE TABLE outbox (id TEXT PRIMARY KEY);"


class Gateway:
    """A gateway's table, its outbox and its topic; each step is told to `done`."""

    def __init__(self, send: Callable[[str], None], done: Fuse) -> None:
        self._database, self._send, self._done = Database(Path(":memory:"), TABLES), send, done

    def say(self, sale: str) -> None:
        """Return once the broker has the event."""
        self._send(sale)
        self._done("say")

    def save(self, sale: str) -> bool:
        """Whether the sale is new; one that the table holds stays as it is."""
        new = self._database.change("INSERT OR IGNORE INTO sold VALUES (?)", sale) == 1
        self._done("save")
        return new

    def put_out(self, sale: str) -> None:
        """Put the event beside it, to be said."""
        self._database.change("INSERT INTO outbox VALUES (?)", sale)
        self._done("put out")

    def strike_out(self, sale: str) -> None:
        """The event need not be said any more."""
        self._database.change("DELETE FROM outbox WHERE id = ?", sale)
        self._done("strike out")

    def waiting(self) -> list[str]:
        """What is still to be said, in its order."""
        return [id for (id,) in self._database.rows("SELECT id FROM outbox ORDER BY rowid")]

    def sold(self) -> list[str]:
        """What the table holds."""
        return [id for (id,) in self._database.rows("SELECT id FROM sold")]

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    def transaction(self) -> AbstractContextManager[None]:
        """All of it, or nothing."""
        return transaction(self._database)


def say_then_save(gateway: Gateway, sale: str) -> None:
    """The topic first."""
    gateway.say(sale)
    gateway.save(sale)


def save_then_say(gateway: Gateway, sale: str) -> None:
    """The table first."""
    gateway.save(sale)
    gateway.say(sale)


def save_then_say_once(gateway: Gateway, sale: str) -> None:
    """The short cut: a known id is answered at once."""
    if sale not in gateway.sold():  # a known id is answered at once
        save_then_say(gateway, sale)


def put_into_outbox(gateway: Gateway, sale: str) -> None:
    """Sale and event in one transaction; a relay says it."""
    with gateway.transaction():
        if gateway.save(sale):
            gateway.put_out(sale)


def say_then_strike_out(gateway: Gateway) -> None:
    """The relay: first the broker's answer."""
    for sale in gateway.waiting():
        gateway.say(sale)
        gateway.strike_out(sale)


def strike_out_then_say(gateway: Gateway) -> None:
    """The relay, the other way round."""
    for sale in gateway.waiting():
        gateway.strike_out(sale)
        gateway.say(sale)


class Design(NamedTuple):
    """How a gateway takes a sale, and what its relay does then, and after a restart."""

    take: Callable[[Gateway, str], None]
    relay: Callable[[Gateway], object] = Gateway.waiting  # no relay: nobody says what waits


GATEWAYS = {
    "say, then save": Design(say_then_save),
    "save, then say": Design(save_then_say),
    "save, then say; a known id is answered at once": Design(save_then_say_once),
    "outbox, struck out after it was said": Design(put_into_outbox, say_then_strike_out),
    "outbox, struck out before": Design(put_into_outbox, strike_out_then_say),
}


class Run(NamedTuple):
    """One run: which gateway, with which app, dying after which step."""

    gateway: str
    app: str
    number: int | None


def dual_writes(chapter: Chapter) -> pd.DataFrame:
    """What four sales come to, for each gateway and app, and a death after every step.

    A row per run: gateway, app, number; ghosts_cents (said, never sold: billed all the same), orphans_cents
    (sold, never said: never billed), and said_twice, how many events.
    """
    sales = {sale.id: sale for sale in first_sales(chapter, 4)}
    topic = chapter.topic("said", partitions=1)
    with chapter.cluster.producer(linger_ms=0) as producer:
        live = partial(_live, partial(_send, chapter, producer, topic, sales), list(sales))
        runs = [
            Run(gateway, app, number)
            for gateway in GATEWAYS
            for app in APPS
            for number in _steps(live, gateway)
        ]
        with progress(len(runs), "deaths, each after another step") as bar:
            sold = []
            for run in runs:
                sold.append(live(run)[0])
                bar.value += 1
    said = _said(chapter, topic)
    cents = {id: expected_cents(sale, chapter.company.plans) for id, sale in sales.items()}
    rows = [_row(run, cents, set(table), said[run]) for run, table in zip(runs, sold, strict=True)]
    return pd.DataFrame(rows)


def _steps(live: Callable[[Run], tuple[list[str], int]], gateway: str) -> range:
    """The numbers of all steps, counted in a run in which nobody dies."""
    return range(1, live(Run(gateway, next(iter(APPS)), None))[1] + 1)


def _live(send: Callable[[Run, str], None], sales: Sequence[str], run: Run) -> tuple[list[str], int]:
    """What the table holds after the run, and how many steps it had."""
    fuse, design = Fuse(run.number), GATEWAYS[run.gateway]
    gateway = Gateway(partial(send, run), fuse)
    for sale in sales:
        try:
            design.take(gateway, sale)
            design.relay(gateway)
        except Died:  # it is started again
            design.relay(gateway)
            if APPS[run.app]:
                design.take(gateway, sale)
                design.relay(gateway)
    sold = gateway.sold()
    gateway.close()
    return sold, len(fuse.steps)


def _send(
    chapter: Chapter, producer: KafkaProducer, topic: str, sales: Mapping[str, Action], run: Run, id: str
) -> None:
    """Return once the broker has the event; its key says of which run it is."""
    event = encode(happened(sales[id], chapter.company.plans))
    producer.send(topic, event.value, json.dumps(run).encode(), list(event.headers.items())).get(timeout=10)


def _said(chapter: Chapter, topic: str) -> Mapping[Run, Counter[str]]:
    """How often each event was said in each run."""
    said: defaultdict[Run, Counter[str]] = defaultdict(Counter)
    with TopicView(chapter.cluster, topic) as view:
        for record in view.records():
            event = decode(record.headers, record.key, record.value)
            said[Run(*json.loads(record.key))][event.id] += 1
    return said


def _row(run: Run, cents: Mapping[str, int], sold: set[str], said: Mapping[str, int]) -> dict[str, object]:
    return {
        **run._asdict(),
        "ghosts_cents": sum(cents[id] for id in said.keys() - sold),
        "orphans_cents": sum(cents[id] for id in sold - said.keys()),
        "said_twice": sum(count > 1 for count in said.values()),
    }
