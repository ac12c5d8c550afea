"""What has to be done at a real Kafka: make topics, and remove topics and groups by their prefix."""

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, NamedTuple

from kafka import KafkaAdminClient
from kafka.errors import (
    KafkaConnectionError,
    KafkaError,
    NodeNotReadyError,
    TopicAlreadyExistsError,
    UnknownTopicOrPartitionError,
)
from kafka.protocol.metadata import MetadataRequest

from fiberlab.cluster import CLIENT

READY_WITHIN_S = 15
ADMIN = {"request_timeout_ms": 5000, "bootstrap_timeout_ms": 5000}


@dataclass(frozen=True)
class Removed:
    """Names of topics and groups that are gone, and of groups that stay, mostly because of a member."""

    topics: list[str]
    groups: list[str]
    kept: list[str]


class Found(NamedTuple):
    """Names of topics, of groups, and of the groups that have members."""

    topics: list[str]
    groups: list[str]
    in_use: list[str]


class Admin(KafkaAdminClient):
    """An admin client that waits for facts; `close()` it."""

    def __init__(self, **settings: object) -> None:
        try:
            super().__init__(**settings)
        except BaseException:  # its thread runs already
            self._net.stop()
            raise

    def create(self, name: str, partitions: int) -> None:
        """Return once every broker knows a leader of every partition. Raises KafkaError, TimeoutError."""
        self.create_topics({name: {"num_partitions": partitions}})  # replicas: as many as the broker likes
        self._wait_until(lambda errors: errors == [0] * (partitions + 1), name, "to have leaders")

    def remove(self, *topics: str) -> None:
        """Return once no broker knows the topics. One that is not there is fine."""
        if not topics:
            return
        answered = self.delete_topics(list(topics), raise_errors=False)["topics"]
        gone = UnknownTopicOrPartitionError.errno
        for topic in answered:
            if topic["error_code"] == 0:
                self._wait_until(lambda errors: errors == [gone], topic["name"], "to be gone")

    def found(self, prefix: str) -> Found:
        """The topics and groups whose names begin with the prefix, and which groups somebody is in."""
        topics = sorted(name for name in self.list_topics() if name.startswith(prefix))
        groups = sorted({g["group_id"] for g in self.list_groups() if g["group_id"].startswith(prefix)})
        in_use = [group for group, members in self.members(*groups).items() if members]
        return Found(topics, groups, in_use)

    def remove_all(self, topics: list[str], groups: list[str]) -> Removed:
        """What was removed of these topics and groups."""
        self.remove(*topics)
        answers = self.delete_groups(groups) if groups else {}
        gone = [group for group in groups if answers[group] in ("OK", "GroupIdNotFoundError")]
        return Removed(topics, gone, [group for group in groups if group not in gone])

    def groups(self, topic: str, prefix: str) -> dict[str, int]:
        """How many members each group with the prefix has that has committed an offset of the topic."""
        names = {g["group_id"] for g in self.list_groups() if g["group_id"].startswith(prefix)}
        offsets = {name: self.list_group_offsets(name)[name] for name in sorted(names)}
        readers = [name for name, committed in offsets.items() if topic in {p.topic for p in committed}]
        return self.members(*readers)

    def members(self, *groups: str) -> dict[str, int]:
        """How many members each of these groups has, if it is there."""
        known = sorted({g["group_id"] for g in self.list_groups()} & set(groups))
        described = self.describe_groups(known) if known else {}
        return {name: len(group["members"]) for name, group in described.items()}

    def _wait_until(self, fact: Callable[[list[int]], bool], name: str, what: str) -> None:
        deadline = time.monotonic() + READY_WITHIN_S
        while not all(fact(errors) for errors in self._errors(name)):
            if time.monotonic() > deadline:
                raise TimeoutError(f"waited {READY_WITHIN_S} s for topic {name!r} {what}; see its brokers")
            time.sleep(0.02)

    def _errors(self, name: str) -> Iterator[list[int]]:
        """From each broker that answers: its errors for the topic and each partition, 0 for none."""
        for broker in self._manager.cluster.brokers():
            asked = [MetadataRequest.MetadataRequestTopic(name=name)]
            request = MetadataRequest(topics=asked, allow_auto_topic_creation=False)
            with suppress(KafkaConnectionError, NodeNotReadyError):  # it is away: it misleads nobody
                (topic,) = self._manager.run(self._manager.send, request, broker.node_id).topics
                yield [topic.error_code, *(partition.error_code for partition in topic.partitions)]


class RealBroker:
    """A real Kafka, asked as an administrator; each question opens a connection and closes it."""

    isolates = True

    def __init__(self, address: str, namespace: str, client_settings: dict[str, Any]) -> None:
        self._address, self._namespace = address, namespace
        self._settings = {"bootstrap_servers": address.split(","), **CLIENT, **client_settings, **ADMIN}

    def create_topic(self, name: str, partitions: int) -> None:
        """Return once every broker knows a leader of every partition."""
        with self._admin() as admin:
            admin.create(name, partitions)

    def delete_topic(self, name: str) -> None:
        """Return once no broker knows the topic."""
        with self._admin() as admin:
            admin.remove(name)

    def groups(self, topic: str, prefix: str) -> dict[str, int]:
        """How many members each group with the prefix has that has committed an offset of the topic."""
        with self._admin() as admin:
            return admin.groups(topic, prefix)

    def members(self, *groups: str) -> dict[str, int]:
        """How many members each of these groups has, if it is there."""
        with self._admin() as admin:
            return admin.members(*groups)

    def found(self, prefix: str) -> Found:
        """The topics and groups whose names begin with the prefix."""
        with self._admin() as admin:
            return admin.found(prefix)

    def remove_all(self, topics: list[str], groups: list[str]) -> Removed:
        """What was removed of these topics and groups."""
        with self._admin() as admin:
            return admin.remove_all(topics, groups)

    def check_alive(self) -> None:
        """Return: a broker that is away may come back."""

    def close(self) -> None:
        """Remove the topics and groups of the namespace; what stays is printed. Twice is fine."""
        try:
            left = self.found(self._namespace)
            stays = self.remove_all(left.topics, left.groups).kept
            why = "somebody is in it"
        except (KafkaError, OSError) as error:
            stays, why = [f"all of {self._namespace!r}"], str(error)
        for name in stays:
            print(f"{name} stays at {self._address} ({why}); python3 lab.py kafka clean removes it")

    def _admin(self) -> Admin:
        return Admin(**self._settings)


class LastingBroker(RealBroker):
    """A real Kafka with the topics and groups of a system: they stay when one of its processes leaves."""

    def create_topic(self, name: str, partitions: int) -> None:
        """Return once the topic is there, whoever has made it."""
        with suppress(TopicAlreadyExistsError):
            super().create_topic(name, partitions)

    def close(self) -> None:
        """Return: everything stays."""
