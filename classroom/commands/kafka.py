"""An Apache Kafka for the workbook: `python3 lab.py kafka up [--cluster]`, `status`, `down`, `clean`.

The first three call docker compose on docker-compose.yml; where that does not work they say why, and what to
do. `clean` removes the topics and groups of one learner from a shared Kafka: what begins with the learner's
own prefix, which `lab.py doctor` shows.
"""

import argparse
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence

from classroom.broker import settings as environment
from classroom.broker.connect import connect
from classroom.broker.settings import Settings, SettingsError
from classroom.place import ROOT
from fiberlab.clients import NoKafkaError

ONE, THREE = ("kafka",), ("kafka-1", "kafka-2", "kafka-3")
ADDRESSES = {ONE: "127.0.0.1:9092", THREE: "127.0.0.1:19091,127.0.0.1:19092,127.0.0.1:19093"}
OLDEST_COMPOSE = (2, 21)  # the first whose `ps` takes a template
INSTALL = "https://docs.docker.com/compose/install/"
WITHOUT = "Or do without: `python3 lab.py kafka run` needs Java and Maven, `python3 lab.py` needs nothing."
# The whole target is named here: what the caller's environment says of Compose is for other projects.
PROJECT = (
    "--file",
    str(ROOT / "docker-compose.yml"),
    "--project-directory",
    str(ROOT),
    "--project-name",
    "fiberlab",
)
COMPOSE = ("docker", "compose", *PROJECT, "--profile", "cluster", "--profile", "system")
ANSWER_WITHIN_S = 5


class DockerError(RuntimeError):
    """Docker does not do what was asked: one sentence, and the next step."""

    def __init__(self, sentence: str, next_step: str) -> None:
        super().__init__(f"{sentence}\nNext: {next_step}")


def main(arguments: Sequence[str], given: Mapping[str, str] = os.environ) -> int:
    """The exit status. Raises DockerError."""
    parser = argparse.ArgumentParser(
        prog="lab.py kafka", description="Apache Kafka in Docker, or a shared one."
    )
    parser.add_argument("what", choices=("up", "down", "status", "clean"))
    parser.add_argument("--cluster", action="store_true", help="three brokers instead of one (for up)")
    asked = parser.parse_args(arguments)
    if asked.what == "clean":
        return clean_up(given)
    check()
    if asked.what == "up":
        return up(THREE if asked.cluster else ONE)
    return down() if asked.what == "down" else status()


def check() -> None:
    """Return if Docker, its compose plugin and its engine are there. Raises DockerError."""
    if shutil.which("docker") is None:
        raise DockerError("Docker is not installed: no `docker` was found.", f"see {INSTALL}. {WITHOUT}")
    if "podman" in _ask("docker", "--version").stdout.lower():
        raise DockerError(
            "This `docker` is podman, which does not start this file.", f"see {INSTALL}. {WITHOUT}"
        )
    version = _ask("docker", "compose", "version", "--short")
    if version.returncode:
        raise DockerError("This Docker has no `docker compose`.", f"add the plugin, see {INSTALL}. {WITHOUT}")
    if compose_version(version.stdout) < OLDEST_COMPOSE:
        oldest = ".".join(map(str, OLDEST_COMPOSE))
        said = f"docker compose is {version.stdout.strip()}, and {oldest} or newer is needed."
        raise DockerError(said, f"update it, see {INSTALL}. {WITHOUT}")
    engine = _ask("docker", "version", "--format", "{{.Server.Version}}")
    if engine.returncode:
        raise why(engine.stderr)


def compose_version(said: str) -> tuple[int, int]:
    """The version that `docker compose version --short` says: (2, 40) for "v2.40.3"."""
    found = re.search(r"(\d+)\.(\d+)", said)
    return (int(found[1]), int(found[2])) if found else OLDEST_COMPOSE  # built by hand: "dev"


def up(services: tuple[str, ...]) -> int:
    """Return 0 once these brokers answer; says how to use them. Raises DockerError."""
    print(f"Starting {' '.join(services)}; the first time the image is fetched ...")
    started = _ask(*COMPOSE, "up", "--detach", "--wait", *services)
    if started.returncode:
        raise why(started.stderr)
    address = ADDRESSES[services]
    if not any(_answers(host_and_port) for host_and_port in address.split(",")):
        there = os.environ.get("DOCKER_HOST") or os.environ.get("DOCKER_CONTEXT") or "its default context"
        raise DockerError(
            f"The brokers run, but nobody answers at {address}: Docker works on another computer ({there}).",
            f"unset DOCKER_HOST and DOCKER_CONTEXT, or forward these ports to here. {WITHOUT}",
        )
    print("Ready. Tell the workbook where it is, then start it:")
    print(f"  export KAFKA_BOOTSTRAP_SERVERS={address}")
    return 0


def down() -> int:
    """Return 0 once containers, volumes and network are gone. Raises DockerError."""
    ended = _ask(*COMPOSE, "down", "--volumes", "--remove-orphans")
    if ended.returncode:
        raise why(ended.stderr)
    print("Apache Kafka has ended; its topics are removed.")
    return 0


def status() -> int:
    """Return 0 if a broker runs, 1 if none does. Raises DockerError."""
    found = _ask(*COMPOSE, "ps", "--format", "{{.Service}}  {{.Status}}")
    if found.returncode:
        raise why(found.stderr)
    running = found.stdout.strip()
    print(running or "No broker runs.\nNext: python3 lab.py kafka up")
    for services, address in ADDRESSES.items():
        if re.search(rf"^{services[0]} ", running, re.MULTILINE):
            print(f"export KAFKA_BOOTSTRAP_SERVERS={address}")
    return int(not running)


# What Docker says, the sentence, and the next step.
REASONS = (
    (
        "permission denied",
        "You may not use Docker on this computer",
        "join the group docker and log in again",
    ),
    (
        "cannot connect|daemon running|error during connect|failed to connect",
        "Docker is installed, but its engine does not run",
        "start Docker",
    ),
    (
        "port is already allocated|address already in use|ports are not available",
        "A port that Kafka needs is taken",
        "end what listens there",
    ),
    (
        "no such host|timeout|network is unreachable|tls handshake",
        "The image of Apache Kafka cannot be fetched",
        "connect to the internet",
    ),
)


def why(said: str) -> DockerError:
    """The error for what Docker said on its standard error."""
    last = (said.strip().splitlines() or ["it said nothing"])[-1]
    for sign, sentence, next_step in REASONS:
        if re.search(sign, said, re.IGNORECASE):
            return DockerError(f"{sentence}: {last}", f"{next_step}, then try again. {WITHOUT}")
    return DockerError(f"Docker could not do it: {last}", f"see `docker compose logs`. {WITHOUT}")


def _answers(host_and_port: str) -> bool:
    host, _, port = host_and_port.partition(":")
    try:
        socket.create_connection((host, int(port)), ANSWER_WITHIN_S).close()
    except OSError:
        return False
    return True


def _ask(*command: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COMPOSE_")}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


# --- what one learner left behind on a shared Kafka ---

NOT_TOLD_APART = (
    "Nothing was removed: your user name, {!r}, is one that others at this Kafka may have as well. "
    "Set FIBERLAB_LEARNER to your own name, as when you opened the workbook, and try again."
)


def clean_up(given: Mapping[str, str]) -> int:
    """0 if nothing of this learner's is left. A run in which somebody still is keeps all that it uses."""
    try:
        settings = environment.read(given)
        if _is_shared(settings) and not environment.is_told_apart(given):
            print(NOT_TOLD_APART.format(settings.learner))
            return 1
        if settings.address:
            return clean(settings)
    except (SettingsError, NoKafkaError) as error:
        print(error)
        return 1
    print("KAFKA_BOOTSTRAP_SERVERS is not set; the embedded broker leaves nothing behind.")
    return 0


def clean(settings: Settings) -> int:
    """0 if nothing is left; says first whose and how much, and what is kept because somebody is in it."""
    with connect(settings) as cluster:
        found = cluster.broker.found(settings.prefix)
        print(f"{settings.learner!r} has {_count(found.topics, found.groups)} at {settings.address}.")
        runs = {_run(group, settings.prefix) for group in found.in_use}
        topics, groups = (
            [name for name in names if _run(name, settings.prefix) not in runs]
            for names in (found.topics, found.groups)
        )
        removed = cluster.broker.remove_all(topics, groups)
    for kind, names in (("topic", removed.topics), ("group", removed.groups)):
        for name in names:
            print(f"removed {kind} {name}")
    for name in sorted({*found.in_use, *removed.kept}):
        print(f"kept group {name}, and its topics: somebody is in it; close the notebook, or wait a minute")
    print(f"{_count(removed.topics, removed.groups)} of {settings.prefix!r} removed.")
    return int(bool(found.in_use or removed.kept))


def _is_shared(settings: Settings) -> bool:
    """Whether others than the users of this computer may be there."""
    here = ("127.0.0.1", "localhost", "::1")
    return bool(settings.address) and any(host not in here for host, _ in settings.hosts)


def _run(name: str, prefix: str) -> str:
    """What topics and groups of one run have in common: its namespace."""
    return name.removeprefix(prefix).partition(".")[0]


def _count(topics: Sequence[str], groups: Sequence[str]) -> str:
    return f"{len(topics)} topics and {len(groups)} groups"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
