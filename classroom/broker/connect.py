"""Which Kafka? `connect()` answers with a cluster: the embedded broker's, or the one at an address.

With an address it uses a real one and never falls back.
"""

import time
from typing import Any
from uuid import uuid4

from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
from kafka.coordinator.assignors.range import RangePartitionAssignor

from classroom.broker.diagnosis import diagnose
from classroom.broker.embedded import EmbeddedBroker, EmbeddedElsewhere
from classroom.broker.real import LastingBroker, RealBroker
from classroom.broker.settings import Settings, client_settings
from fiberlab.cluster import Cluster

LEADER_PAUSE_S = 0.08


class Patient:
    """An assignor with a pause, for the embedded broker.

    It refuses members that sync after the group's leader; the pause lets the leader come last.
    """

    def assign(self, *arguments: object, **named: object) -> dict[str, object]:
        """The assignor's answer, LEADER_PAUSE_S later."""
        time.sleep(LEADER_PAUSE_S)
        return super().assign(*arguments, **named)


class PatientRange(Patient, RangePartitionAssignor):
    """Everybody gives up everything, then all is dealt anew (eager)."""


class PatientCooperative(Patient, CooperativeStickyAssignor):
    """Each keeps what it has, and only what must move is moved (KIP-429)."""


# The embedded broker cannot negotiate versions with kafka-python: automatic detection ends in a timeout.
EMBEDDED_CLIENT: dict[str, Any] = {"api_version": (2, 3)}
# It has no outages to wait out: it is there, or gone for good.
EMBEDDED_PRODUCER: dict[str, Any] = {"delivery_timeout_ms": 5000}


def embedded_consumer() -> dict[str, Any]:
    """A consumer's settings; it ends every rebalance only after session timeout minus 1 s."""
    assignors = [PatientRange()]
    return {
        "check_crcs": False,  # it writes none on a transaction's markers
        "session_timeout_ms": 2000,
        "heartbeat_interval_ms": 300,
        "partition_assignment_strategy": assignors,
    }


def connect(kafka: Settings | str | None = None) -> Cluster:
    """The Kafka of the settings, or at the address; the embedded broker if there is no address.

    Raises SettingsError; NoKafkaError, within ANSWER_WITHIN_S, that says what is wrong there.
    """
    settings = kafka if isinstance(kafka, Settings) else Settings(kafka or "")
    namespace = f"{settings.prefix}{uuid4().hex[:8]}."
    return _real(settings, namespace) if settings.address else _embedded(namespace)


# A process that was killed is missed after the shortest time that a Kafka allows, not after 45 s.
PROCESS: dict[str, Any] = {"session_timeout_ms": 6000, "heartbeat_interval_ms": 2000}


def join(settings: Settings, run: str, embedded: bool = False) -> Cluster:
    """The Kafka at the address, for one process of several: they share the run's topics and groups.

    These outlive the process. embedded: whether the address is that of another process's embedded broker.
    Raises SettingsError; NoKafkaError.
    """
    address, namespace = settings.address, f"{settings.prefix}{run}."
    if embedded:
        broker, ours = EmbeddedElsewhere(address), (EMBEDDED_CLIENT, embedded_consumer(), EMBEDDED_PRODUCER)
        return Cluster(f"embedded broker at {address}", address, namespace, broker, *ours)
    diagnose(settings)
    client = client_settings(settings)
    broker = LastingBroker(address, namespace, client)
    return Cluster(f"Kafka at {address}", address, namespace, broker, client, PROCESS)


def _embedded(namespace: str) -> Cluster:
    broker = EmbeddedBroker()
    return Cluster(
        "embedded broker (in memory, nothing to install)",
        broker.bootstrap_servers,
        namespace,
        broker,
        EMBEDDED_CLIENT,
        embedded_consumer(),
        EMBEDDED_PRODUCER,
    )


def _real(settings: Settings, namespace: str) -> Cluster:
    diagnose(settings)
    address, ours = settings.address, client_settings(settings)
    return Cluster(f"Kafka at {address}", address, namespace, RealBroker(address, namespace, ours), ours)
