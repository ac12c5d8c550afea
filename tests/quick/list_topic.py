"""A topic without a Kafka, for proofs: a list, a cursor for each group, kafka-python's partitioner."""

from collections.abc import Iterable, Sequence

from kafka.partitioner.default import murmur2

from fiberlab.domain import Action, Company
from fiberlab.eventdriven.events import Event, decode, encode, happened

PARTITIONS = 4


class ListTopic:
    """What a Topic does for an exercise."""

    def __init__(self, company: Company) -> None:
        self._company = company
        self._events: list[Event] = []
        self._cursors: dict[str, int] = {}

    def partitions(self, keys: Sequence[str]) -> list[int]:
        """Where a keyed record goes: the same on every Kafka of this many partitions."""
        return [(murmur2(key.encode()) & 0x7FFFFFFF) % PARTITIONS for key in keys]

    def write(self, actions: Iterable[Action]) -> None:
        """Return once the topic has an event for each action, as it comes out of a record."""
        records = [encode(happened(action, self._company.plans)) for action in actions]
        self._events += [decode(made.headers.items(), made.key.encode(), made.value) for made in records]

    def read_on(self, group: str) -> list[Event]:
        """The events that come next for this group."""
        begin, self._cursors[group] = self._cursors.get(group, 0), len(self._events)
        return self._events[begin:]
