"""Apache Kafka on this computer's loopback, as docker-compose.yml describes it: one broker, or three.

    with ApacheKafka("cluster") as kafka:
        connect(kafka.bootstrap_servers)
        kafka.stop(node=2)

Nothing is left running or on disk afterwards, whatever ends the block, SIGKILL included; only after an
error the brokers' logs stay, and the error says where.
"""

import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Self

from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from tests.apache_kafka import compose, janitor, ports
from tests.apache_kafka.broker import Broker
from tests.apache_kafka.jars import class_path, java

READY_WITHIN_S = 60


class ApacheKafka:
    """The brokers of a profile of docker-compose.yml, running; `close()` ends them."""

    def __init__(
        self,
        profile: str | None = None,
        ports_as_written: bool = False,
        besides: Mapping[str, str] | None = None,
    ) -> None:
        """besides: settings that are added to the compose file's, or replace them."""
        command, jars = java(), class_path()
        services = [
            replace(s, environment=s.environment | (besides or {})) for s in compose.services(profile)
        ]
        self.ports = ports.choose(services, ports_as_written)
        self.folder = Path(tempfile.mkdtemp(prefix="fiberlab-kafka-"))
        self.keep_logs = False  # whether the brokers' logs stay at the end
        self._janitor = _janitor(self.folder)
        self.brokers = {
            s.node: Broker(command, jars, compose.Place(s, self.folder / s.name / "data", self.ports))
            for s in services
        }
        self.bootstrap_servers = ",".join(broker.address for broker in self.brokers.values())
        try:
            self.start(*self.brokers)
        except BaseException:
            self.keep_logs = True
            self.close()
            raise

    def start(self, *nodes: int) -> None:
        """Return once all running brokers know these as well. Raises NoApacheKafkaError."""
        for node in nodes:
            self.brokers[node].set_up()
        for node in nodes:
            self.brokers[node].start()
        deadline = time.monotonic() + READY_WITHIN_S
        while not self._ready():
            for broker in self.brokers.values():
                if broker.place.service.node in nodes and not broker.running:
                    raise broker.failed("ended before it answered")
            if time.monotonic() > deadline:
                raise self.brokers[nodes[0]].failed(f"did not answer within {READY_WITHIN_S} s")
            time.sleep(0.05)

    def stop(self, node: int, kill: bool = False) -> None:
        """Return once the broker has ended: orderly, or killed. What it has stored stays."""
        self.brokers[node].stop(kill)

    def leader(self, topic: str) -> int:
        """The broker that leads the topic's first partition."""
        with KafkaAdminClient(bootstrap_servers=self.bootstrap_servers.split(",")) as admin:
            [described] = admin.describe_topics([topic])
        return described["partitions"][0]["leader_id"]

    def close(self) -> None:
        """End all brokers and remove their folder, but for their logs if these are to be kept."""
        for broker in self.brokers.values():
            broker.stop(kill=True)
        data = [broker.place.data for broker in self.brokers.values()]
        for folder in data if self.keep_logs else [self.folder]:
            shutil.rmtree(folder, ignore_errors=True)
        self._janitor.communicate("done\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.keep_logs |= kind is not None and issubclass(kind, Exception)
        self.close()

    def _ready(self) -> bool:
        """Whether every running broker can be asked, and knows of all the others."""
        running = [broker for broker in self.brokers.values() if broker.running]
        return all(_answers(broker.port, len(running)) for broker in running)


def _answers(port: int, brokers: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()  # the admin client would wait longer
        with KafkaAdminClient(bootstrap_servers=f"127.0.0.1:{port}", api_version=(2, 6)) as admin:
            known = admin.describe_cluster()
    except (KafkaError, OSError):
        return False
    return len(known["brokers"]) >= brokers and known["controller_id"] >= 0


def _janitor(folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", janitor.__name__, str(folder)],
        stdin=subprocess.PIPE,
        text=True,
        cwd=compose.COMPOSE_FILE.parent,
        start_new_session=True,
    )
