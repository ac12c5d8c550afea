"""Apache Kafka without Docker: what it is started with, what is left of it, and why it cannot be had."""

import os
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.apache_kafka import compose, jars, ports
from tests.apache_kafka.apache_kafka import ApacheKafka
from tests.apache_kafka.broker import INHERITED
from tests.apache_kafka.errors import NoApacheKafkaError
from tests.facts import eventually

pytestmark = pytest.mark.timeout(120)
ROOT = compose.COMPOSE_FILE.parent


def process_of(broker) -> psutil.Process:
    """The broker's Java process."""
    return psutil.Process(broker._process.pid)


@pytest.mark.kafka
def test_a_broker_runs_with_the_environment_of_the_compose_file_and_leaves_nothing():
    with ApacheKafka() as kafka:
        (broker,) = kafka.brokers.values()
        process = process_of(broker)
        given = {name: value for name, value in process.environ().items() if name not in INHERITED}
        assert given == compose.environment(broker.place)
        settings = (broker.config / "server.properties").read_text()
        assert f"advertised.listeners={given['KAFKA_ADVERTISED_LISTENERS']}" in settings
        assert "auto.create.topics.enable=false" in settings
        assert all(
            c.laddr.ip.endswith("127.0.0.1") for c in process.net_connections() if c.status == "LISTEN"
        )
        janitor = psutil.Process(kafka._janitor.pid)
    assert not process.is_running()
    assert not kafka.folder.exists()
    assert not janitor.is_running()


@pytest.mark.kafka
def test_a_run_that_is_killed_leaves_nothing_either():
    command = [sys.executable, "-m", "tests.apache_kafka", "--for-tests"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, text=True, cwd=ROOT, **pipes) as run:
        assert run.stdout.readline().startswith("127.0.0.1:")
        family = psutil.Process(run.pid).children(recursive=True)
        folder = next(Path(process.cwd()).parent for process in family if process.name() == "java")
        run.send_signal(signal.SIGKILL)
    eventually(lambda: not any(process.is_running() for process in family), "the broker to be killed")
    eventually(lambda: not folder.exists(), "its folder to be removed")


def test_a_taken_port_is_named_and_may_be_a_kafka_that_runs():
    (service,) = compose.services()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        moved = compose.Service(service.name, (), service.environment, {port: compose.CLIENT_PORT})
        with pytest.raises(NoApacheKafkaError, match=f"Port {port} .* taken.*\nNext: .*127.0.0.1:{port}"):
            ports.choose([moved], clients_as_written=True)


def script(folder: Path, name: str, text: str) -> None:
    """A command of this name that does this."""
    (folder / name).write_text(f"#!/bin/sh\n{text}\n")
    (folder / name).chmod(stat.S_IRWXU)


@pytest.fixture
def commands(tmp_path, monkeypatch) -> Path:
    """A folder that holds the only commands there are."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    return tmp_path


@pytest.mark.usefixtures("commands")
def test_no_java_is_said():
    with pytest.raises(NoApacheKafkaError, match=r"no `java` was found.\nNext: install a Java runtime, 17"):
        jars.java()


def test_an_old_java_is_said(commands):
    script(commands, "java", "echo 'openjdk version \"11.0.2\" 2019-01-15' >&2")
    with pytest.raises(NoApacheKafkaError, match=r'needs Java 17 or newer, and .*"11\.0\.2"'):
        jars.java()


@pytest.mark.parametrize(
    ("said", "version"),
    [('openjdk version "17.0.15" 2025-04-15', 17), ('java version "1.8.0_402"', 8), ("what?", 0)],
)
def test_the_version_of_java_is_read(said, version):
    assert jars.java_version(said) == version


@pytest.mark.usefixtures("commands")
def test_no_maven_is_said():
    with pytest.raises(NoApacheKafkaError, match=r"no `mvn` was found.\nNext: install Maven"):
        jars.class_path()


def test_maven_without_a_network_is_said(commands):
    script(commands, "mvn", "echo '[ERROR] Could not transfer artifact: Unknown host repo.invalid'; exit 1")
    with pytest.raises(NoApacheKafkaError, match=r"cannot reach Maven Central.*\nNext: connect"):
        jars.class_path()


def test_what_else_maven_says_is_passed_on(commands):
    script(commands, "mvn", "echo '[ERROR] The POM is malformed'; exit 1")
    with pytest.raises(NoApacheKafkaError, match="The POM is malformed\nNext: see what it says: mvn"):
        jars.class_path()


def test_a_test_run_without_java_did_not_run_and_has_failed(commands):
    ended = subprocess.run(
        [sys.executable, "-m", "classroom.commands.verify", "--kafka"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={name: value for name, value in os.environ.items() if name != "KAFKA_BOOTSTRAP_SERVERS"}
        | {"PATH": str(commands)},
    )
    assert "DID NOT RUN" in ended.stdout
    assert ended.stdout.splitlines()[-1] == "0 passed, 2 failed"
    assert "no `java` was found" in ended.stderr
    assert ended.returncode == 1
