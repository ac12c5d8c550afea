"""How work is shared when it grows: by members, by keys, and by a topic that gets more partitions."""

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple
from uuid import uuid4

import pandas as pd
from kafka import KafkaAdminClient

from classroom.chapter import Chapter
from classroom.experiments.recordings import live_or_recorded
from classroom.world.running import Worker, wait_until
from classroom.world.topic import OnKafka, write, write_keys
from fiberlab.cluster import Cluster, TopicView
from fiberlab.domain import Action, plans_in_force
from fiberlab.eventdriven import provisioning
from fiberlab.eventdriven.dead_letters import DeadLetters
from fiberlab.eventdriven.events import Event, decode
from fiberlab.eventdriven.service import Service
from fiberlab.lines import Lines

PARTITIONS = 6
FEW_BATCHES = {"linger_ms": 500}  # 36 members wait: each shall be woken once, not at every event


def crews(chapter: Chapter, sizes: Iterable[int], actions: Sequence[Action]) -> pd.DataFrame:
    """How the actions' events are shared in crews of these sizes: groups that all read the same topic.

    A row per member: crew, the partitions it owns, the events it handled. Whoever has most comes first.
    """
    topic = chapter.topic("plan-events", PARTITIONS)
    groups = {size: Crew(chapter, topic, size) for size in sizes}
    workers = [Worker(member.name, member.run) for crew in groups.values() for member in crew.members]
    try:
        for worker in workers:
            worker.start()
        wait_until(lambda: _complete(chapter, groups.values(), workers), "crews to be complete", 60, 0.1)
        sent = write(_in_few_batches(chapter), topic, actions)
        done = lambda: all(len(crew.handled) == sent for crew in groups.values())  # noqa: E731
        wait_until(done, f"every crew to handle {sent} events")
        rows = [row for crew in groups.values() for row in crew.shares()]  # before anybody leaves
    finally:
        stop_all(workers)
    columns = ["crew", "partitions", "events"]
    return pd.DataFrame(rows, columns=columns).sort_values(
        columns, ascending=[True, False, False], ignore_index=True
    )


def _in_few_batches(chapter: Chapter) -> OnKafka:
    """The chapter's Kafka, to which events go together."""
    settings = chapter.cluster.producer_settings | FEW_BATCHES
    cluster = replace(chapter.cluster, producer_settings=settings)
    return SimpleNamespace(cluster=cluster, company=chapter.company)


class Crew:
    """A group of so many members that do nothing with an event but note who had it first."""

    def __init__(self, chapter: Chapter, topic: str, size: int) -> None:
        self.name = f"crew-of-{size}.{topic}"
        self.handled: dict[str, int] = {}  # the member's number by the event's id
        connect = partial(chapter.cluster.consumer, topic, self.name, **_patient(chapter.cluster))
        letters = partial(DeadLetters, self.name, f"{topic}.dead-letters", chapter.cluster.producer)
        handlers = [partial(self._handle, number) for number in range(size)]
        self.members = [Service(self.name, connect, handle, letters()) for handle in handlers]

    def owned(self) -> list[int]:
        """How many partitions each member has."""
        return [member.standing.owned for member in self.members]

    def shares(self) -> list[tuple[int, int, int]]:
        """A row per member: the crew's size, partitions, events."""
        events = Counter(self.handled.values())
        return [(len(self.members), owned, events[number]) for number, owned in enumerate(self.owned())]

    def _handle(self, number: int, event: Event) -> None:
        self.handled.setdefault(event.id, number)


def _patient(cluster: Cluster) -> dict[str, int]:
    """Many members ask for the next event, so each asks seldom; none is taken for dead on a busy machine."""
    session_ms = cluster.consumer_settings.get("session_timeout_ms", 10_000)
    return {"fetch_max_wait_ms": 500, "session_timeout_ms": 2 * session_ms}


def stop_all(workers: Sequence[Worker]) -> None:
    """Return once all have ended; they end side by side."""
    for worker in workers:
        worker.tell_to_stop()
    for worker in workers:
        worker.stop()


def _complete(chapter: Chapter, crews: Collection[Crew], workers: Iterable[Worker]) -> bool:
    """Whether every member is in its group, and every partition of the topic is somebody's in each."""
    for worker in workers:
        worker.raise_error()
    sizes = {crew.name: len(crew.members) for crew in crews}
    busy = {crew.name: sum(map(bool, crew.owned())) for crew in crews if sum(crew.owned()) == PARTITIONS}
    if busy != {name: min(size, PARTITIONS) for name, size in sizes.items()}:
        return False
    return chapter.cluster.members(*sizes) == sizes


Key = Callable[[Action], str]


def loads(chapter: Chapter, actions: Sequence[Action], keys: Mapping[str, Key]) -> pd.DataFrame:
    """How many of the actions' events each partition gets: a row per partition, a column per key."""
    found = {}
    for name, key in keys.items():
        each = pd.Series([key(action) for action in actions])
        counts = each.map(homes(chapter, each.unique(), PARTITIONS)).value_counts()
        found[name] = counts.reindex(range(PARTITIONS), fill_value=0)
    return pd.DataFrame(found)


def homes(chapter: Chapter, keys: Iterable[str], partitions: int) -> dict[str, int]:
    """The partition of each key, as the producer chooses it in a topic with so many partitions."""
    topic = chapter.topic("homes", partitions)
    write_keys(chapter, topic, [(key, "") for key in keys])
    with TopicView(chapter.cluster, topic) as view:
        found = {record.key.decode(): record.partition for record in view.records()}
    chapter.cluster.delete_topic(topic)
    return found


def moves(chapter: Chapter, changes: Iterable[tuple[int, int]]) -> pd.DataFrame:
    """How many households move when a topic gets more partitions: a row per change, before and after."""
    sizes = {size for change in changes for size in change}
    found = {size: homes(chapter, chapter.company.accounts, size) for size in sizes}
    return pd.DataFrame(
        {
            "before": before,
            "after": after,
            "moved": sum(found[before][key] != found[after][key] for key in found[before]),
            "households": len(found[before]),
        }
        for before, after in changes
    )


class Written(NamedTuple):
    """An event where it stands: in the earlier or the later topic, and in a partition at this offset."""

    topic: int
    partition: int
    offset: int
    event: Event


BEFORE = 4  # partitions that the topic has at first
ORDERS: dict[str, Callable[[Written], tuple[int, ...]]] = {
    "old partitions first": lambda at: (at.partition, at.offset),
    "side by side": lambda at: (at.offset, at.partition),
    "new partitions first": lambda at: (at.partition < BEFORE, at.partition, at.offset),
}
MORE, NEW = "one topic, more partitions", "a new topic, and a cut-over"


def seam(chapter: Chapter) -> pd.DataFrame:
    """How many lines run at the wrong plan when half a day is written to 4 partitions, and half to 6.

    A row per remedy and reading order: remedy, order, wrong (households), off_cents (of their list prices).
    One topic that has grown holds in each partition what went there before and, behind it, what went there
    after: so the halves, which real producers wrote, are put end to end. Where there are two topics, the
    earlier one is read to its end first.
    """
    said = [action for action in chapter.day if action.name != "browse_plan"]
    apart = _written(chapter, 0, said[: len(said) // 2], BEFORE)
    apart += _written(chapter, 1, said[len(said) // 2 :], PARTITIONS)
    grown, due, rows = _end_to_end(apart), plans_in_force(said), []
    for order, place in ORDERS.items():
        one = sorted(grown, key=place)
        two = sorted(apart, key=lambda at, place=place: (at.topic, *place(at)))
        for remedy, read in ((MORE, one), (NEW, two)):
            rows.append({"remedy": remedy, "order": order} | _off(chapter, _provisioned(read), due))
    return pd.DataFrame(rows).sort_values("remedy", ascending=False, kind="stable", ignore_index=True)


def _written(chapter: Chapter, number: int, actions: Sequence[Action], partitions: int) -> list[Written]:
    topic = chapter.topic("plan-events", partitions)
    write(chapter, topic, actions)
    with TopicView(chapter.cluster, topic) as view:
        return [
            Written(number, record.partition, record.offset, decode(record.headers, record.key, record.value))
            for record in view.records()
        ]


def _end_to_end(apart: Sequence[Written]) -> list[Written]:
    lengths = Counter(at.partition for at in apart if at.topic == 0)
    return [at._replace(offset=at.offset + at.topic * lengths[at.partition]) for at in apart]


def _provisioned(read: Iterable[Written]) -> dict[str, str]:
    with Lines(Path(":memory:")) as lines:
        for at in read:
            provisioning.handle(at.event, lines)
        return lines.plans()


def _off(chapter: Chapter, came: Mapping[str, str], due: Mapping[str, str]) -> dict[str, int]:
    prices = {None: 0} | {name: plan.list_price_cents for name, plan in chapter.company.plans.items()}
    wrong = [account for account in came.keys() | due.keys() if came.get(account) != due.get(account)]
    off_cents = sum(abs(prices[came.get(account)] - prices[due.get(account)]) for account in wrong)
    return {"wrong": len(wrong), "off_cents": off_cents}


def table_of_the_log(chapter: Chapter) -> pd.DataFrame:
    """What a new service learns of the day's log, and of what is left of it.

    A row each: records (read), lines (that run then), wrong (households), off_cents (of their list prices).
    """
    said = [action for action in chapter.day if action.name != "browse_plan"]
    log = _written(chapter, 0, said, BEFORE)
    last = {at.event.account_id: at for at in log}  # a later one takes the place of an earlier one
    kept = {action.id for action in said[len(said) // 2 :]}  # retention removes what is old
    parts = {
        "the whole log": log,
        "each household's last event": list(last.values()),
        "the newer half": [at for at in log if at.event.id in kept],
    }
    rows = {}
    for name, read in parts.items():
        lines = _provisioned(read)
        rows[name] = {"records": len(read), "lines": len(lines)} | _off(chapter, lines, plans_in_force(said))
    return pd.DataFrame(rows).T


COMPACTED = {"cleanup.policy": "compact", "segment.ms": "100", "min.cleanable.dirty.ratio": "0.01"}
COMPACTED_WITHIN_S = 60


def compacted(chapter: Chapter) -> tuple[pd.DataFrame, str]:
    """What compaction leaves of the day's log, and where that was seen: on this Kafka, or in a recording."""
    return live_or_recorded(chapter, "compaction", compaction)


def compaction(chapter: Chapter) -> pd.DataFrame:
    """What is left of the day's log, look by look, where Kafka keeps only the last record of each key.

    A row per look: at_s, records (of households). Needs a Kafka that compacts. Now and then a further record
    is written, without which nothing would happen: Kafka never compacts the segment that it writes to.
    """
    topic = f"{chapter.cluster.namespace}table-{uuid4().hex[:8]}"
    where = {"bootstrap_servers": chapter.cluster.bootstrap_servers.split(",")}
    with KafkaAdminClient(**where, **chapter.cluster.client_settings) as admin:
        admin.create_topics({topic: {"num_partitions": 1, "configs": COMPACTED}})
    said = [action for action in chapter.day if action.name != "browse_plan"]
    write(chapter, topic, said)
    rows, start_s = [], time.monotonic()

    def is_compacted() -> bool:
        write_keys(chapter, topic, [("poke", "")])
        with TopicView(chapter.cluster, topic) as view:
            keys = [record.key for record in view.records() if record.key != b"poke"]
        rows.append((round(time.monotonic() - start_s, 1), len(keys)))
        return len(keys) == len(set(keys))

    wait_until(is_compacted, "Kafka to compact the topic", COMPACTED_WITHIN_S, 0.3)
    chapter.cluster.delete_topic(topic)
    return pd.DataFrame(rows, columns=["at_s", "records"])
