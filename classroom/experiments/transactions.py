"""Kafka's transactions: each sale becomes a bill on another topic, and its card is charged on the way.

Who reads only what was committed sees each bill once, wherever a process dies. A card terminal is no topic.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path

import pandas as pd
from kafka import KafkaProducer, TopicPartition
from kafka.structs import OffsetAndMetadata

from classroom.chapter import Chapter
from classroom.experiments import strategies
from classroom.experiments.crashes import Charged, Night, Place, first_sales, night, wrong
from classroom.experiments.strategies import Died, Fuse, Life, Sale
from classroom.world.running import progress
from fiberlab.cluster import Cluster


class Copying(Life):
    """The life of a service that writes a bill for each sale, and charges the card in the same step."""

    producer: KafkaProducer
    bills: str  # a topic
    mark: bytes  # of this run's bills

    def bill(self, sale: Sale) -> None:
        """Return once the card is charged and the broker has the bill."""
        self.database.change("INSERT INTO payments VALUES (?)", sale.charge.id)
        self.producer.send(self.bills, sale.charge.id.encode(), self.mark).get(timeout=10)
        self.done("bill")

    def send_offsets(self) -> None:
        """Put the group's place into the transaction, with the bills."""
        consumer = self.consumer
        [partition] = consumer.assignment()
        place = {partition: OffsetAndMetadata(consumer.position(partition), "", -1)}
        self.producer.send_offsets_to_transaction(place, consumer.group_metadata())
        self.done("offsets")

    def commit_transaction(self) -> None:
        """Bills and place count from now on, all of them."""
        self.producer.commit_transaction()
        self.done("commit")


def bill_then_commit(life: Copying) -> None:
    """Without a transaction."""
    for sales in life.batches():
        for sale in sales:
            life.bill(sale)
        life.commit()


def in_a_transaction(life: Copying) -> None:
    """Bills and the place in the topic, together or not at all."""
    life.producer.init_transactions()  # ends what a dead predecessor left open
    for sales in life.batches():
        life.producer.begin_transaction()
        for sale in sales:
            life.bill(sale)
        life.send_offsets()
        life.commit_transaction()


COPYING = {"without a transaction": bill_then_commit, "in a transaction": in_a_transaction}
READERS = {"who reads everything": "read_uncommitted", "who reads what was committed": "read_committed"}
CARD = "the card terminal"


def exactly_once(chapter: Chapter) -> pd.DataFrame:
    """What each reader sees, and what cards are charged, for a death after every step and a second life.

    A row per strategy, reader and death: strategy, reader, number, step, lost_cents, double_cents. Needs a
    Kafka whose transactions isolate.
    """
    sales, bills = first_sales(chapter), chapter.topic("bills", partitions=1)
    tables = []
    with night(chapter, sales) as one:
        for name, strategy in COPYING.items():
            places, ends = _deaths(one, bills, name, strategy)
            for reader, charged in ends.items():
                cents = wrong(chapter.company, sales, charged)[["lost_cents", "double_cents"]]
                table = pd.DataFrame(places, columns=Place._fields).join(cents)
                tables.append(table.assign(reader=reader))
    return pd.concat(tables, ignore_index=True)


def _deaths(
    one: Night, bills: str, name: str, strategy: Callable[[Copying], None]
) -> tuple[list[Place], dict[str, list[Charged]]]:
    """Where one can die, and what every reader finds in the end for each of these deaths."""
    live = partial(_live, one, bills, strategy)
    places = [Place(name, *step) for step in enumerate(live(*one.new()), start=1)]
    runs = [one.new() for _ in places]
    with progress(len(places), f"deaths, each after another step of: {name}") as bar:
        for place, run in zip(places, runs, strict=True):
            live(*run, place.number)
            live(*run)
            bar.value += 1
    found = {reader: _read(one.cluster, bills, level) for reader, level in READERS.items()}
    ends = {reader: [seen[group] for group, _ in runs] for reader, seen in found.items()}
    return places, {**ends, CARD: [strategies.charged(file) for _, file in runs]}


def _live(
    one: Night,
    bills: str,
    strategy: Callable[[Copying], None],
    group: str,
    file: Path,
    dies_at: int | None = None,
) -> list[str]:
    """The steps of a life of this strategy, up to its end or its death; the group marks its bills."""
    fuse, connect = Fuse(dies_at), partial(strategies.alone, one.cluster, one.topic, group)
    own = {"transactional_id": one.cluster.namespace + group, "enable_idempotence": True}
    producer = one.cluster.producer(linger_ms=0, **(own if strategy is in_a_transaction else {}))
    life = Copying(connect, file, fuse)
    life.producer, life.bills, life.mark = producer, bills, group.encode()
    with suppress(Died):
        strategy(life)
    life.close()
    producer.close(timeout=1)  # an open transaction stays open, as when the process is killed
    return fuse.steps


def _read(cluster: Cluster, bills: str, level: str) -> Mapping[str, Charged]:
    """How often a reader finds each bill, by what marks a run."""
    found: defaultdict[str, Counter[str]] = defaultdict(Counter)
    with cluster.reader(isolation_level=level) as reader:
        reader.assign([TopicPartition(bills, 0)])
        [(partition, end)] = reader.end_offsets(reader.assignment()).items()
        while reader.position(partition) < end:
            for record in reader.poll(timeout_ms=400).get(partition, []):
                found[record.key.decode()][record.value.decode()] += 1
    return found
