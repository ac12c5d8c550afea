"""Ways to read, charge and commit, and the life of a process that does so until it dies.

Each strategy is the loop of a billing service that could be met somewhere. Everything here needs Kafka and
SQLite only, so a process of its own, `python -m classroom.experiments.strategies`, is there quickly; it knows
neither the company nor a notebook.
"""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

from kafka import KafkaConsumer, TopicPartition
from kafka.consumer.fetcher import ConsumerRecord

from classroom.broker import settings
from classroom.broker.connect import join
from classroom.place import ROOT
from fiberlab.cluster import Cluster
from fiberlab.database import Database
from fiberlab.eventdriven import cloudevent
from fiberlab.ledger import Charge, Ledger

BATCH = 3
KILLED = 9  # the exit status of a process that ended itself in the middle of its work
TABLES = """BEGIN;
CREATE TABLE IF NOT EXISTS payments (id TEXT);  -- as a card terminal: whoever is charged twice pays twice
CREATE TABLE IF NOT EXISTS noted (id TEXT);
CREATE TABLE IF NOT EXISTS saved (next_offset INTEGER);
COMMIT;"""


class Died(BaseException):
    """The process ended here; no `except Exception` notices."""


class NotKilledError(RuntimeError):
    """A process did not end as it was told to: what it said."""


def _raise() -> None:
    raise Died


class Fuse:
    """Counts the steps of a life, and ends it once so many are done."""

    def __init__(self, dies_at: int | None = None, die: Callable[[], None] = _raise) -> None:
        self.steps: list[str] = []
        self._dies_at, self._die = dies_at, die

    def __call__(self, step: str) -> None:
        """Note that this step is done; here the process may end."""
        self.steps.append(step)
        if len(self.steps) == self._dies_at:
            self._die()


class Sale(NamedTuple):
    """A record of the topic: its place, and what it costs whom."""

    offset: int
    charge: Charge


Connect = Callable[..., KafkaConsumer]  # given settings
Done = Callable[[str], None]  # is told each step


@contextmanager
def transaction(database: Database) -> Iterator[None]:
    """What is written in it is there at its end, or none of it."""
    database.change("BEGIN")
    try:
        yield
    except Died:
        database.change("ROLLBACK")  # as SQLite does when it finds what a dead process left
        raise
    database.change("COMMIT")


class Life:
    """One life of a billing process, from its connection to its end; `close()` it.

    connect: a new consumer of the one partition. file: its database. Each step is told to `done`.
    """

    def __init__(self, connect: Connect, file: Path, done: Done) -> None:
        self._connect, self.done = connect, done
        self._file, self.database = file, Database(file, TABLES)
        self.consumer: KafkaConsumer | None = None

    def open(self, **settings: object) -> KafkaConsumer:
        """The consumer; by default nothing is committed by a timer."""
        self.consumer = self._connect(**settings)
        return self.consumer

    def batches(self) -> Iterator[list[Sale]]:
        """The sales from where the group stands to the partition's end, BATCH at a time."""
        consumer = self.consumer or self.open()
        ahead = _ahead(consumer)
        while batch := _batch(consumer, min(BATCH, ahead)):
            ahead -= len(batch)
            self.done("read")
            yield [_sale(record) for record in batch]

    def charge(self, sale: Sale) -> None:
        """Take the money. Twice is twice."""
        self.database.change("INSERT INTO payments VALUES (?)", sale.charge.id)
        self.done("charge")

    def charge_once(self, sale: Sale) -> None:
        """Write the charge into the ledger, which takes each source and id once."""
        with Ledger(self._file) as ledger:
            ledger.write(sale.charge)
        self.done("charge")

    def note(self, sale: Sale) -> None:
        """Remember that this sale was dealt with."""
        self.database.change("INSERT INTO noted VALUES (?)", sale.charge.id)
        self.done("note")

    def noted(self, sale: Sale) -> bool:
        """Whether this sale was dealt with."""
        return bool(self.database.rows("SELECT 1 FROM noted WHERE id = ?", sale.charge.id))

    def commit(self) -> None:
        """Tell Kafka that the batch is done."""
        self.consumer.commit()
        self.done("commit")

    def transaction(self) -> AbstractContextManager[None]:
        """What is written in it is there at its end, or none of it."""
        return transaction(self.database)

    def save_offset(self, sale: Sale) -> None:
        """Keep the place of the next sale beside the charges."""
        self.database.change("DELETE FROM saved")
        self.database.change("INSERT INTO saved VALUES (?)", sale.offset + 1)
        self.done("save")

    def seek_saved(self) -> None:
        """Begin at the place that is kept; Kafka's own is not asked."""
        [(offset,)] = self.database.rows("SELECT coalesce(max(next_offset), 0) FROM saved")
        consumer = self.open()
        consumer.seek(*consumer.assignment(), offset)

    def close(self) -> None:
        """End as a killed process does: nothing is committed on the way out."""
        if self.consumer:
            self.consumer.close(autocommit=False, timeout_ms=1000)
        self.database.close()


def auto_commit(life: Life) -> None:
    """A timer commits, every five seconds unless you say otherwise."""
    life.open(enable_auto_commit=True)
    for sales in life.batches():
        for sale in sales:
            life.charge(sale)


def auto_commit_closed(life: Life) -> None:
    """The same, and tidy: whatever happens, the consumer is closed."""
    consumer = life.open(enable_auto_commit=True)
    try:
        for sales in life.batches():
            for sale in sales:
                life.charge(sale)
    finally:
        consumer.close()


def commit_then_charge(life: Life) -> None:
    """First the place in the topic, then the money."""
    for sales in life.batches():
        life.commit()
        for sale in sales:
            life.charge(sale)


def charge_then_commit(life: Life) -> None:
    """First the money, then the place in the topic."""
    for sales in life.batches():
        for sale in sales:
            life.charge(sale)
        life.commit()


def note_then_charge(life: Life) -> None:
    """Remember the id first, in a transaction of its own."""
    for sales in life.batches():
        for sale in sales:
            if not life.noted(sale):
                life.note(sale)
                life.charge(sale)
        life.commit()


def charge_then_note(life: Life) -> None:
    """Remember the id afterwards, in a transaction of its own."""
    for sales in life.batches():
        for sale in sales:
            if not life.noted(sale):
                life.charge(sale)
                life.note(sale)
        life.commit()


def charge_once_then_commit(life: Life) -> None:
    """The charge carries the event's id, and the ledger takes an id once."""
    for sales in life.batches():
        for sale in sales:
            life.charge_once(sale)
        life.commit()


def offset_with_charge(life: Life) -> None:
    """The charge and the place of the next sale, in one transaction."""
    life.seek_saved()
    for sales in life.batches():
        for sale in sales:
            with life.transaction():
                life.charge(sale)
                life.save_offset(sale)


Strategy = Callable[[Life], None]
STRATEGIES: Mapping[str, Strategy] = {
    "auto-commit, process killed": auto_commit,
    "auto-commit, consumer closed": auto_commit_closed,
    "commit, then charge": commit_then_charge,
    "charge, then commit": charge_then_commit,
    "note the id, then charge": note_then_charge,
    "charge, then note the id": charge_then_note,
    "charge once, then commit": charge_once_then_commit,
    "offset saved with the charge": offset_with_charge,
}


def live(connect: Connect, file: Path, strategy: Strategy, done: Done) -> None:
    """Return once the strategy has read all there is. What `done` raises ends the life on the spot."""
    life = Life(connect, file, done)
    try:
        strategy(life)
    finally:
        life.close()


def alone(cluster: Cluster, topic: str, group: str, **settings: object) -> KafkaConsumer:
    """A consumer of the topic's first partition that needs no other members, so it is there at once."""
    # By default the timer commits every 5 s; six sales take less, except on a computer that stands still.
    consumer = cluster.reader(group, auto_commit_interval_ms=60_000, **settings)
    consumer.assign([TopicPartition(topic, 0)])
    return consumer


def charged(file: Path) -> Counter[str]:
    """How often each sale was charged, by its id."""
    database = Database(file, TABLES)
    found = database.rows("SELECT id FROM payments")
    if database.rows("SELECT 1 FROM sqlite_master WHERE name = 'charges'"):
        found += database.rows("SELECT id FROM charges")
    database.close()
    return Counter(id for (id,) in found)


def _ahead(consumer: KafkaConsumer) -> int:
    """How many records are left to read."""
    [(partition, end)] = consumer.end_offsets(consumer.assignment()).items()
    return end - consumer.position(partition)


def _batch(consumer: KafkaConsumer, size: int) -> list[ConsumerRecord]:
    batch: list[ConsumerRecord] = []
    while len(batch) < size:
        for records in consumer.poll(timeout_ms=400, max_records=size - len(batch)).values():
            batch += records
    return batch


def _sale(record: ConsumerRecord) -> Sale:
    """The sale in a record, read without the packages that events need: a process is there sooner."""
    said = cloudevent.read(record.headers, record.value)
    source, id, facts = said.attributes["source"], said.attributes["id"], said.facts()
    actor, plan = facts["actor"]["kind"], facts["plan"]
    cents = plan["list_price_cents"]
    return Sale(record.offset, Charge(source, id, facts["account_id"], actor, "sale", plan["name"], cents))


def killed(cluster: Cluster, topic: str, group: str, file: Path, name: str, dies_at: int) -> None:
    """Return once a process has lived by the strategy of this name, and was killed after the step.

    Raises NotKilledError.
    """
    run = cluster.namespace.split(".")[-2]
    told = [run, not cluster.broker.isolates, topic, group, str(file), name, dies_at]
    command = [sys.executable, "-m", __name__, json.dumps(told)]
    where = os.environ | {settings.ADDRESS: cluster.bootstrap_servers}
    ended = subprocess.run(command, cwd=ROOT, env=where, capture_output=True, text=True)
    if ended.returncode != KILLED:
        last = ended.stderr[-500:]
        raise NotKilledError(f"{name!r}, step {dies_at!r}: it ended with {ended.returncode!r}: {last}")


def main(told: str) -> None:
    """A life in this process, which ends itself in the middle of its work; nothing is closed or written."""
    run, embedded, topic, group, file, name, dies_at = json.loads(told)
    cluster = join(settings.read(os.environ), run, embedded)
    fuse = Fuse(dies_at, partial(os._exit, KILLED))
    live(partial(alone, cluster, topic, group), Path(file), STRATEGIES[name], fuse)


if __name__ == "__main__":
    main(sys.argv[1])
