"""An Apache Kafka for the time of a test run: the one at KAFKA_BOOTSTRAP_SERVERS, or one of its own."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import PIPE

ROOT = Path(__file__).parents[2]
ADDRESS = "KAFKA_BOOTSTRAP_SERVERS"


@dataclass
class Lent:
    """An Apache Kafka for the time of the tests; without an address there is none."""

    address: str
    keep_logs: bool = False


@contextmanager
def apache_kafka() -> Iterator[Lent]:
    """The Kafka at KAFKA_BOOTSTRAP_SERVERS if that is set, else one that tests/apache_kafka starts."""
    if address := os.environ.get(ADDRESS):
        yield Lent(address)
        return
    print("Starting Apache Kafka, the version of docker-compose.yml, without Docker ...")
    command = [sys.executable, "-m", "tests.apache_kafka", "--for-tests"]
    with subprocess.Popen(command, stdin=PIPE, stdout=PIPE, text=True, cwd=ROOT) as process:
        kafka = Lent(process.stdout.readline().strip())
        try:
            yield kafka
        finally:
            print(process.communicate("keep\n" if kafka.keep_logs else "")[0], end="")
