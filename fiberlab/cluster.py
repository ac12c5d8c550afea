"""One Kafka, embedded or real: its address and the client settings that fit it.

`connect()` starts the embedded broker; with an address it uses a real one and never falls back. It
knows nothing of fiber. Whoever takes a producer or consumer from here closes it.
"""

from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any, Self
from uuid import uuid4

from kafka import KafkaConsumer, KafkaProducer
from kafka.errors import KafkaError

from fiberlab.kafka import tuning
from fiberlab.kafka.admin import Admin, Found, Removed
from fiberlab.kafka.answering import Consumer, Producer, answered
from fiberlab.kafka.diagnosis import diagnose
from fiberlab.kafka.embedded import EmbeddedBroker
from fiberlab.kafka.login import client_settings
from fiberlab.kafka.settings import Settings

# An idempotent producer of kafka-python 3.0.12 never sends again once a broker was away for longer than
# delivery_timeout_ms. One request at a time keeps the order without it; what comes twice, listeners notice.
_COMES_BACK = {"enable_idempotence": False, "max_in_flight_requests_per_connection": 1}


@dataclass(frozen=True)
class Cluster:
    """A Kafka that answers. Settings that exist only for the embedded broker stay with it.

    Groups, and topics that `fresh_topic` makes, begin with the namespace: two runs, of one learner or of
    thirty, do not see each other's. What is shown to the learner is the plain name.
    """

    description: str
    bootstrap_servers: str
    namespace: str
    client_settings: dict[str, Any] = field(default_factory=dict, repr=False)
    consumer_settings: dict[str, Any] = field(default_factory=dict)
    producer_settings: dict[str, Any] = field(default_factory=dict)
    broker: EmbeddedBroker | None = None

    def producer(self, **settings: object) -> KafkaProducer:
        """A new producer that waits for all replicas; safe to share between threads."""
        ours = self._settings() | tuning.PRODUCER | _COMES_BACK | self.producer_settings
        return Producer(self.check_alive, **(ours | settings))

    def consumer(self, topic: str, group: str, **settings: object) -> KafkaConsumer:
        """A new member of the group, reading the topic from its start; for one thread only.

        Raises NoKafkaError if the broker does not answer.
        """
        ours = self._settings() | tuning.CONSUMER | self.consumer_settings | self._group(group)

        def joining() -> KafkaConsumer:
            consumer = Consumer(self.check_alive, **(ours | settings))
            consumer.subscribe([topic])
            return consumer

        # It knows the topic before it joins the group, or the first join would be empty.
        return answered(joining, self.bootstrap_servers)

    def reader(self, group: str | None = None, **settings: object) -> KafkaConsumer:
        """A new consumer that joins no group: it may look at any partition, and at a group's offsets."""
        ours = self._settings() | tuning.CONSUMER | self.consumer_settings | self._group(group)
        return answered(lambda: Consumer(self.check_alive, **(ours | settings)), self.bootstrap_servers)

    def fresh_topic(self, name: str, partitions: int = 4) -> str:
        """The full name of a new, empty topic, once it is there."""
        full_name = f"{self.namespace}{name}-{uuid4().hex[:8]}"
        self.create_topic(full_name, partitions)
        return full_name

    def create_topic(self, full_name: str, partitions: int = 4) -> None:
        """Return once the topic is there, and every partition has a leader."""
        if self.broker:
            return self.broker.create_topic(full_name, partitions)
        with self._admin() as admin:
            admin.create(full_name, partitions)

    def delete_topic(self, full_name: str) -> None:
        """Return once the topic and its records are gone."""
        if self.broker:
            return self.broker.delete_topic(full_name) if self.broker.alive else None
        with self._admin() as admin:
            admin.remove(full_name)

    def groups(self, full_name: str) -> dict[str, int]:
        """How many members each group of this run has that has committed on the topic, as the broker says."""
        with nullcontext(self.broker) if self.broker else self._admin() as asked:
            found = asked.groups(full_name, self.namespace)
        return {name.removeprefix(self.namespace): members for name, members in sorted(found.items())}

    def members(self, *groups: str) -> dict[str, int]:
        """How many members each of these groups has, as the broker says."""
        with nullcontext(self.broker) if self.broker else self._admin() as asked:
            found = asked.members(*(self.namespace + group for group in groups))
        return {name.removeprefix(self.namespace): members for name, members in found.items()}

    def found(self, prefix: str) -> Found:
        """The topics and groups of a real Kafka whose names begin with the prefix."""
        with self._admin() as admin:
            return admin.found(prefix)

    def remove_all(self, topics: list[str], groups: list[str]) -> Removed:
        """What was removed of these topics and groups of a real Kafka."""
        with self._admin() as admin:
            return admin.remove_all(topics, groups)

    def check_alive(self) -> None:
        """Return unless the embedded broker has ended: BrokerGoneError, at once instead of a timeout."""
        if self.broker:
            self.broker.check_alive()

    def close(self) -> None:
        """End the embedded broker; of a real one remove this run's topics and groups. Twice is fine."""
        if self.broker:
            return self.broker.close()
        try:
            left = self.found(self.namespace)
            stays = self.remove_all(left.topics, left.groups).kept
            why = "somebody is in it"
        except (KafkaError, OSError) as error:
            stays, why = [f"all of {self.namespace!r}"], str(error)
        for name in stays:
            print(f"{name} stays at {self.bootstrap_servers} ({why}); python3 lab.py kafka clean removes it")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _settings(self) -> dict[str, Any]:
        self.check_alive()
        where = {"bootstrap_servers": self.bootstrap_servers.split(",")}
        return where | tuning.CLIENT | self.client_settings

    def _group(self, name: str | None) -> dict[str, Any]:
        return {"group_id": name and self.namespace + name}

    def _admin(self) -> Admin:
        return Admin(**(self._settings() | tuning.ADMIN))


def connect(kafka: Settings | str | None = None) -> Cluster:
    """The Kafka of the settings, or at the address; the embedded broker if there is no address.

    Raises SettingsError; NoKafkaError, within ANSWER_WITHIN_S, that says what is wrong there.
    """
    settings = kafka if isinstance(kafka, Settings) else Settings(kafka or "")
    namespace = f"{settings.prefix}{uuid4().hex[:8]}."
    return _real(settings, namespace) if settings.address else _embedded(namespace)


def _embedded(namespace: str) -> Cluster:
    broker = EmbeddedBroker()
    return Cluster(
        "embedded broker (in memory, nothing to install)",
        broker.bootstrap_servers,
        namespace,
        tuning.EMBEDDED_CLIENT,
        tuning.embedded_consumer(),
        tuning.EMBEDDED_PRODUCER,
        broker,
    )


def _real(settings: Settings, namespace: str) -> Cluster:
    diagnose(settings)
    address = settings.address
    return Cluster(f"Kafka at {address}", address, namespace, client_settings(settings))
