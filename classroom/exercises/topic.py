"""A real topic for the exercises whose lesson it is: where keys lead, and who shares a group's cursor."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Self
from uuid import uuid4

from classroom.world.topic import OnKafka, look, read_on, write, write_keys
from fiberlab.domain import Action
from fiberlab.eventdriven.events import Event, decode


@dataclass(frozen=True)
class Topic:
    """A topic on the Kafka of a chapter."""

    chapter: OnKafka
    name: str

    @classmethod
    @contextmanager
    def new(cls, chapter: OnKafka) -> Iterator[Self]:
        """An empty one, which is deleted when the answer has been judged."""
        name = chapter.topic("exercise")
        try:
            yield cls(chapter, name)
        finally:
            chapter.cluster.delete_topic(name)

    def partitions(self, keys: Sequence[str]) -> list[int]:
        """The partitions to which records with these keys go."""
        batch = uuid4().hex
        write_keys(self.chapter, self.name, [(key, f"{batch}-{n}") for n, key in enumerate(keys)])
        records = look(self.chapter, self.name)[0]
        found = dict(zip(records.label, records.partition, strict=True))
        return [int(found[f"{batch}-{n}"]) for n in range(len(keys))]

    def write(self, actions: Iterable[Action]) -> None:
        """Return once the topic has an event for each action."""
        write(self.chapter, self.name, actions)

    def read_on(self, group: str) -> list[Event]:
        """The events that come next for this group, up to the topic's end."""
        records = read_on(self.chapter, self.name, f"{group}.{self.name}")
        return [decode(record.headers, record.key, record.value) for record in records]
