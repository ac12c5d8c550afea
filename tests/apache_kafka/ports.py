"""Free ports on this computer for the listeners of the brokers."""

import random
import socket

from tests.apache_kafka.compose import CLIENT_PORT, Service
from tests.apache_kafka.errors import NoApacheKafkaError

# Below the ports that a computer gives to outgoing connections: a client that knocks at a stopped broker
# could otherwise be given the very port, and the broker not get it back.
FREE_PORTS = range(20_000, 32_000)


def choose(services: list[Service], clients_as_written: bool) -> dict[tuple[str, int], int]:
    """A free port for every listener: by service and port in the container.

    clients_as_written: clients find the brokers where the compose file says. Raises NoApacheKafkaError if
    somebody else is there.
    """
    chosen: dict[tuple[str, int], int] = {}
    for service in services:
        for port in service.listening:
            asked = service.client_port if clients_as_written and port == CLIENT_PORT else None
            chosen[service.name, port] = _asked(asked) if asked else _free(set(chosen.values()))
    return chosen


def _asked(port: int) -> int:
    if _is_free(port):
        return port
    raise NoApacheKafkaError(
        f"Port {port} on this computer is taken, perhaps by a Kafka that runs already.",
        f"end what listens there, or use it: KAFKA_BOOTSTRAP_SERVERS=127.0.0.1:{port}",
    )


def _free(but_not: set[int]) -> int:
    return next(p for p in random.sample(FREE_PORTS, len(FREE_PORTS)) if p not in but_not and _is_free(p))


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as Kafka does
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
