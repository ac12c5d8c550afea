"""What clients are told besides the address: for every Kafka, and what only the embedded broker needs."""

import time
from typing import Any

from kafka.coordinator.assignors.range import RangePartitionAssignor

LEADER_PAUSE_S = 0.08
# After an outage clients are back within a second or so; the default waits up to 30 s.
CLIENT: dict[str, Any] = {"reconnect_backoff_max_ms": 1000}
# A consumer reads from the start and commits what it has handled, never by a timer. Short fetch waits,
# because the embedded broker answers an empty fetch only when the wait is over.
CONSUMER = {"auto_offset_reset": "earliest", "enable_auto_commit": False, "fetch_max_wait_ms": 50}
# What a producer took back by aborting its transaction has not happened.
CONSUMER |= {"bootstrap_timeout_ms": 5000, "isolation_level": "read_committed"}
PRODUCER = {"acks": "all", "linger_ms": 5, "max_block_ms": 5000, "request_timeout_ms": 3000}
PRODUCER |= {"delivery_timeout_ms": 10_000}
ADMIN = {"request_timeout_ms": 5000, "bootstrap_timeout_ms": 5000}


class PatientRange(RangePartitionAssignor):
    """The range assignor with a pause, for the embedded broker only.

    It refuses members that sync after the group's leader; the pause lets the leader come last.
    """

    def assign(self, *arguments: object, **named: object) -> dict[str, object]:
        """The range assignor's answer, LEADER_PAUSE_S later."""
        time.sleep(LEADER_PAUSE_S)
        return super().assign(*arguments, **named)


# It cannot negotiate versions with kafka-python: automatic detection ends in a timeout.
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
