"""What docker-compose.yml says of each broker, and the few settings that must differ outside a container."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

COMPOSE_FILE = Path(__file__).parents[2] / "docker-compose.yml"
CLIENT_PORT = 9092  # in the container; what the listener CLIENT has

ADDRESS = re.compile(r"(?P<before>://|@)(?P<host>[\w.-]*):(?P<port>\d+)")

Ports = Mapping[tuple[str, int], int]  # service and port in its container -> port on this computer


@dataclass(frozen=True)
class Service:
    """A broker as the compose file describes it."""

    name: str
    profiles: tuple[str, ...]
    environment: Mapping[str, str]
    published: Mapping[int, int]  # port on this computer -> port in the container

    @property
    def node(self) -> int:
        """The broker's number."""
        return int(self.environment["KAFKA_NODE_ID"])

    @property
    def listening(self) -> list[int]:
        """The ports at which the broker listens in its container."""
        return [int(found["port"]) for found in ADDRESS.finditer(self.environment["KAFKA_LISTENERS"])]

    @property
    def client_port(self) -> int:
        """The port on this computer at which clients find the broker."""
        return next(ours for ours, theirs in self.published.items() if theirs == CLIENT_PORT)


def services(profile: str | None = None, file: Path = COMPOSE_FILE) -> list[Service]:
    """The brokers of this profile; without one those that `docker compose up` starts."""
    described = yaml.safe_load(file.read_text(encoding="utf-8"))["services"]
    found = [_service(name, told) for name, told in described.items() if is_broker(told)]
    return [s for s in found if (profile in s.profiles if profile else not s.profiles)]


def is_broker(told: dict) -> bool:
    """Whether the file describes a broker so, and not what works at one."""
    return "KAFKA_NODE_ID" in told["environment"]


def _service(name: str, told: dict) -> Service:
    published = dict(tuple(map(int, port.split(":")[-2:])) for port in told["ports"])
    environment = {key: str(value) for key, value in told["environment"].items()}
    return Service(name, tuple(told.get("profiles", ())), environment, published)


@dataclass(frozen=True)
class Place:
    """Where a broker runs outside its container: its data's folder, and every broker's ports."""

    service: Service
    data: Path
    ports: Ports


def on_loopback(value: str, place: Place) -> str:
    """The addresses in a setting, `kafka-2:9093` or `://:9092`, as they are on this computer."""

    def moved(address: re.Match[str]) -> str:
        of_another = re.fullmatch(r"[a-z].*", address["host"])  # the name of a service
        service = address["host"] if of_another else place.service.name
        port = place.service.published.get(int(address["port"]), int(address["port"]))
        if (service, port) not in place.ports:  # nobody's here: a test sends clients astray
            return address[0]
        return f"{address['before']}127.0.0.1:{place.ports[service, port]}"

    return ADDRESS.sub(moved, value)


def data_folder(value: str, place: Place) -> str:
    """The folder instead of the container's volume."""
    return place.data.as_posix()


# All that is not taken as it is written.
REPLACED: dict[str, Callable[[str, Place], str]] = {
    "KAFKA_LISTENERS": on_loopback,
    "KAFKA_ADVERTISED_LISTENERS": on_loopback,
    "KAFKA_CONTROLLER_QUORUM_VOTERS": on_loopback,
    "KAFKA_LOG_DIRS": data_folder,
}


def environment(place: Place) -> dict[str, str]:
    """The service's environment as the compose file has it, but for what is REPLACED."""
    written = place.service.environment
    return written | {name: replace(written[name], place) for name, replace in REPLACED.items()}
