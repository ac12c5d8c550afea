"""A service in a process of its own, as `lab.py service` runs it, on the Kafka of a test."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Self
from uuid import uuid4

from classroom.commands.service import topic_of
from classroom.world import company as days
from classroom.world.designs import PARTITIONS
from fiberlab.cluster import Cluster
from fiberlab.domain import Action, Company, expected_cents
from fiberlab.eventdriven.events import encode, happened
from fiberlab.ledger import Ledger
from tests.facts import eventually

SERVICE = ("-m", "classroom.commands", "classroom.commands.service")
ROOT = Path(__file__).parents[1]
DAY = days.generated_day(days.company(), seed=7, actions=120, installer_percent=40)


def new_system(cluster: Cluster) -> Cluster:
    """The same Kafka with a run of its own, whose topic is there; it goes with the cluster."""
    system = replace(cluster, namespace=f"{cluster.namespace}{uuid4().hex[:8]}.")
    system.create_topic(topic_of(system), PARTITIONS)
    return system


def say(system: Cluster, company: Company, actions: Sequence[Action]) -> None:
    """Return once the broker has the event of each action, one after the other."""
    with system.producer() as producer:
        for action in actions:
            event = encode(happened(action, company.plans))
            headers = list(event.headers.items())
            producer.send(topic_of(system), event.value, event.key.encode(), headers).get(10)


def due(company: Company, actions: Sequence[Action], kind: str) -> dict[str, int]:
    """What this kind of actor owes, by action, in cents."""
    theirs = (action for action in actions if action.actor.kind == kind)
    return {action.id: cents for action in theirs if (cents := expected_cents(action, company.plans))}


def billed(file: Path) -> dict[str, int]:
    """What the ledger says, by action, in cents."""
    with Ledger(file) as ledger:
        return {charge.id: charge.amount_cents for charge in ledger.charges()}


def variables(cluster: Cluster) -> dict[str, str]:
    """The environment of a process that is to find this Kafka."""
    learner = cluster.namespace.split(".")[1]
    return os.environ | {"KAFKA_BOOTSTRAP_SERVERS": cluster.bootstrap_servers, "FIBERLAB_LEARNER": learner}


def words(cluster: Cluster, name: str, *options: object) -> list[str]:
    """What `lab.py service` is told."""
    run = cluster.namespace.split(".", 2)[2].rstrip(".")
    embedded = [] if cluster.broker.isolates else ["--embedded"]
    return [name, "--run", run, *embedded, *map(str, options)]


class ServiceProcess:
    """A running service; what it says is read from its log. It is killed when the block ends."""

    def __init__(
        self,
        cluster: Cluster,
        log: Path,
        name: str,
        *options: object,
        program: tuple[str, ...] = SERVICE,
    ) -> None:
        self.log, self.name = log, name
        command = [sys.executable, *program, *words(cluster, name, *options)]
        with log.open("ab") as out:
            self._began = out.tell()
            self.process = subprocess.Popen(command, stdout=out, env=variables(cluster), cwd=ROOT)

    def lines(self) -> list[dict[str, str]]:
        """What it has said since it was started."""
        said = self.log.read_bytes()[self._began :].decode()
        return [json.loads(line) for line in said.splitlines(keepends=True) if line.endswith("\n")]

    def said(self, *events: str) -> list[str]:
        """What happened, of these events."""
        return [line["what"] for line in self.lines() if line["event"] in events]

    def wait_for(self, event: str, times: int = 1) -> list[str]:
        """What happened, once this event has been said so often; fails if it ends before."""
        eventually(lambda: len(self.said(event)) >= times or self.ended, f"{event!r} of {self.name}")
        found = self.said(event)
        assert len(found) >= times, self.lines()
        return found

    @property
    def ended(self) -> bool:
        """Whether it has ended."""
        return self.process.poll() is not None

    def end(self, signal: int) -> int:
        """Its exit status after this signal."""
        self.process.send_signal(signal)
        return self.process.wait(20)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
