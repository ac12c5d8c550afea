"""What does an event cost, from a thousand to a million, and what do more processes bring?

One service decodes and charges every event, in a process and a file of its own; the bare clients and, with
--peers, FastStream and Quix Streams do the same work in the same run (readers.py). Peers are installed in
environments that are thrown away. At KAFKA_BOOTSTRAP_SERVERS, else on the embedded broker, which keeps 50,000
events at most. Every run's charges are compared with the oracle's, to the cent.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import cycle
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

sys.path.insert(0, str(Path(__file__).parents[1]))

from readers import READERS, Task

from classroom.broker import settings
from classroom.broker.connect import connect
from classroom.world import company as days
from classroom.world.running import wait_until
from fiberlab.cluster import Cluster, TopicView
from fiberlab.domain import Action, expected_cents
from fiberlab.eventdriven.events import encode, happened

PARTITIONS, ENOUGH_S = 6, 1800
COMPANY = days.company()
EVENTS = ("cloudevents==2.2.0", "pydantic")  # what fiberlab's events need
PEERS = {  # Quix Streams needs another confluent-kafka than ours
    "FastStream": ("faststream[confluent]==0.7.8", "confluent-kafka==2.16.1", *EVENTS),
    "Quix Streams": ("quixstreams==3.28.1", *EVENTS),
}


class Found(NamedTuple):
    """Seconds from the first event of any process to the last of all, their cents, the most memory of one."""

    seconds: float
    cents: int
    memory_mb: float


class Kafka:
    """A topic that is read, the folder of the ledgers, and the Pythons of the peers by their names."""

    def __init__(self, cluster: Cluster, topic: str, folder: Path, pythons: Mapping[str, str]) -> None:
        self._cluster, self._topic, self._folder, self._pythons = cluster, topic, folder, pythons

    def read(self, reader: str, total: int, processes: int = 1) -> Found:
        """What so many processes of one group have found, once they have committed all events."""
        group = uuid4().hex
        embedded = not self._cluster.broker.isolates
        task = Task(self._cluster.bootstrap_servers, embedded, self._cluster.namespace, group, self._topic)
        python = self._pythons.get(reader.partition(",")[0], sys.executable)
        command = [python, Path(__file__).with_name("readers.py"), reader, self._folder, *map(str, task)]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        children = [subprocess.Popen(command, cwd=self._folder, **pipes) for _ in range(processes)]
        self._wait_until_read(group, total, children)
        told = [json.loads(child.communicate("end\n")[0]) for child in children]
        return found(told)

    def _wait_until_read(self, group: str, total: int, children: list[subprocess.Popen[str]]) -> None:
        with TopicView(self._cluster, self._topic) as view:

            def is_read() -> bool:
                if any(child.poll() is not None for child in children):
                    sys.exit("a reader has ended early; its error is above")
                return sum(view.committed(group).values()) >= total

            wait_until(is_read, f"{total:,} events to be read", ENOUGH_S, 0.5)


def found(told: list[dict[str, float]]) -> Found:
    """What several processes tell, as one."""
    busy = [one for one in told if one["handled"]]
    seconds = max(one["ended_s"] for one in busy) - min(one["started_s"] for one in busy)
    return Found(seconds, sum(one["cents"] for one in told), max(one["memory_mb"] for one in told))


def install(folder: Path) -> dict[str, str]:
    """The Python of each peer, in an environment of its own below the folder."""
    pythons = {}
    for peer, requirements in PEERS.items():
        home = folder / peer.replace(" ", "-")
        venv.create(home, with_pip=True)
        pythons[peer] = str(home / "bin" / "python")
        subprocess.run([pythons[peer], "-m", "pip", "install", "--quiet", *requirements], check=True)
    return pythons


def actions(total: int) -> Iterator[Action]:
    """A day's actions over and over, each with an id of its own."""
    day = days.generated_day(COMPANY, seed=1, actions=min(total, 10_000))
    return (
        replace(action, id=f"{action.id}-{n}") for n, action in zip(range(total), cycle(day), strict=False)
    )


def fill(cluster: Cluster, topic: str, total: int) -> int:
    """The cents that are due for the events that the topic holds afterwards."""
    due_cents = 0
    with cluster.producer(linger_ms=50, batch_size=1 << 18) as producer:
        for action in actions(total):
            message = encode(happened(action, COMPANY.plans))
            producer.send(topic, message.value, message.key.encode(), headers=list(message.headers.items()))
            due_cents += expected_cents(action, COMPANY.plans)
        producer.flush(timeout=ENOUGH_S)
    return due_cents


def show(events: int, name: str, found: Found, due_cents: int) -> None:
    """Print a line."""
    right = "right" if found.cents == due_cents else f"WRONG by {found.cents - due_cents}"
    a_second, per_event = events / found.seconds, 1e6 * found.seconds / events
    print(f"{events:10,} {name:24}{a_second:12,.0f}{per_event:12,.0f}{found.memory_mb:10,.0f}   {right}")


def names(peers: bool, real: bool) -> list[str]:
    """The readers that can run: peers if they are asked for, Quix Streams on a real Kafka only."""
    peer = {name: name.partition(",")[0] in PEERS for name in READERS}
    return [name for name in READERS if (peers or not peer[name]) and (real or name != "Quix Streams")]


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, nargs="+", default=[1000, 10_000, 50_000])
    parser.add_argument("--processes", type=int, nargs="*", default=[])
    parser.add_argument(
        "--peers", action="store_true", help="install FastStream and Quix Streams, and run them"
    )
    asked = parser.parse_args()
    with connect(settings.read(os.environ)) as cluster, tempfile.TemporaryDirectory() as name:
        pythons = install(Path(name)) if asked.peers else {}
        print(f"{'events':>10} {'':24}{'events/s':>12}{'µs an event':>12}{'MB':>10}   cents")
        for total in asked.events:
            topic = cluster.fresh_topic("plan-events", PARTITIONS)
            due_cents, kafka = fill(cluster, topic, total), Kafka(cluster, topic, Path(name), pythons)
            for reader in names(asked.peers, cluster.broker.isolates):
                show(total, reader, kafka.read(reader, total), due_cents)
            for processes in asked.processes:
                ours = kafka.read("Service", total, processes)
                show(total, f"Service, {processes} processes", ours, due_cents)
            cluster.delete_topic(topic)


if __name__ == "__main__":
    main()
