"""Apache Kafka in Docker: `python3 lab.py kafka up [--cluster]`, `status`, `down`.

It calls docker compose on docker-compose.yml, and where that does not work it says why, and what to do.
"""

import argparse
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
ONE, THREE = ("kafka",), ("kafka-1", "kafka-2", "kafka-3")
ADDRESSES = {ONE: "127.0.0.1:9092", THREE: "127.0.0.1:19091,127.0.0.1:19092,127.0.0.1:19093"}
OLDEST_COMPOSE = (2, 1)  # the first with `up --wait`
INSTALL = "https://docs.docker.com/compose/install/"
WITHOUT = "Or do without: `python3 lab.py kafka run` needs Java and Maven, `python3 lab.py` needs nothing."
COMPOSE = ("docker", "compose", "--profile", "cluster")


class DockerError(RuntimeError):
    """Docker does not do what was asked: one sentence, and the next step."""

    def __init__(self, sentence: str, next_step: str) -> None:
        super().__init__(f"{sentence}\nNext: {next_step}")


def main(arguments: Sequence[str]) -> int:
    """The exit status. Raises DockerError."""
    parser = argparse.ArgumentParser(prog="lab.py kafka", description="Apache Kafka in Docker.")
    parser.add_argument("what", choices=("up", "down", "status"))
    parser.add_argument("--cluster", action="store_true", help="three brokers instead of one (for up)")
    asked = parser.parse_args(arguments)
    check()
    if asked.what == "up":
        return up(THREE if asked.cluster else ONE)
    return down() if asked.what == "down" else status()


def check() -> None:
    """Return if Docker, its compose plugin and its engine are there. Raises DockerError."""
    if shutil.which("docker") is None:
        raise DockerError("Docker is not installed: no `docker` was found.", f"see {INSTALL}. {WITHOUT}")
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
    print("Ready. Tell the workbook where it is, then start it:")
    print(f"  export KAFKA_BOOTSTRAP_SERVERS={ADDRESSES[services]}")
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


def _ask(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


if __name__ == "__main__":
    sys.stdout.reconfigure(errors="replace", line_buffering=True)
    try:
        sys.exit(main(sys.argv[1:]))
    except (DockerError, KeyboardInterrupt) as end:
        sys.exit(str(end) or "\nStopped.")
