"""The embedded broker's own process: `python -m classroom.broker.embedded_process 3` runs three brokers.

It prints their addresses, then obeys one JSON call a line from standard input, until "quit" or the input's
end. Call and answer begin with the call's number. It knows nothing of who asks; `embedded` is its other end.

The C library that carries it is found inside the confluent-kafka wheel and loaded by ctypes; only its mock
cluster is used, which librdkafka's header calls experimental. Which groups read which topic no request tells:
it is overheard in the library's log, as names and numbers.
"""

import ctypes
import importlib.util
import json
import os
import re
import signal
import sys
import time
from ctypes import (
    CDLL,
    POINTER,
    ArgumentError,
    c_char_p,
    c_int,
    c_int16,
    c_int32,
    c_int64,
    c_size_t,
    c_void_p,
)
from pathlib import Path

LOG = ctypes.CFUNCTYPE(None, c_void_p, c_int, c_char_p, c_char_p)  # handle, level, facility, line

_SIGNATURES: dict[str, tuple[type | None, list[type]]] = {
    "rd_kafka_conf_new": (c_void_p, []),
    "rd_kafka_conf_set": (c_int, [c_void_p, c_char_p, c_char_p, c_char_p, c_size_t]),
    "rd_kafka_conf_set_log_cb": (None, [c_void_p, LOG]),
    "rd_kafka_new": (c_void_p, [c_int, c_void_p, c_char_p, c_size_t]),
    "rd_kafka_destroy": (None, [c_void_p]),
    "rd_kafka_mock_cluster_new": (c_void_p, [c_void_p, c_int]),
    "rd_kafka_mock_cluster_destroy": (None, [c_void_p]),
    "rd_kafka_mock_cluster_bootstraps": (c_char_p, [c_void_p]),
    "rd_kafka_mock_set_apiversion": (c_int, [c_void_p, c_int16, c_int16, c_int16]),
    "rd_kafka_mock_group_initial_rebalance_delay_ms": (None, [c_void_p, c_int32]),
    "rd_kafka_mock_topic_create": (c_int, [c_void_p, c_char_p, c_int, c_int]),
    "rd_kafka_mock_topic_delete": (c_int, [c_void_p, c_char_p]),
    "rd_kafka_mock_partition_set_leader": (c_int, [c_void_p, c_char_p, c_int32, c_int32]),
    "rd_kafka_mock_partition_delete_records": (c_int, [c_void_p, c_char_p, c_int32, c_int64]),
    "rd_kafka_mock_broker_set_rtt": (c_int, [c_void_p, c_int32, c_int]),
    "rd_kafka_mock_push_request_errors_array": (None, [c_void_p, c_int16, c_size_t, POINTER(c_int)]),
}


class LibraryError(RuntimeError):
    """The confluent-kafka wheel, or a function in its library, is not there."""


def load() -> ctypes.CDLL:
    """The library with every signature declared; raises LibraryError if it cannot be had."""
    library = _open(_path())
    for name, (result, arguments) in _SIGNATURES.items():
        try:
            function = getattr(library, name)
        except AttributeError:
            raise LibraryError(
                f"librdkafka has no {name!r}; install the confluent-kafka of requirements.txt"
            ) from None
        function.restype, function.argtypes = result, arguments
    return library


def _path() -> Path:
    spec = importlib.util.find_spec("confluent_kafka")
    if spec is None or spec.origin is None:
        raise LibraryError(
            "there is no embedded broker here, because the package confluent-kafka is missing; run python3 "
            "lab.py to install it, or, on a computer for which it has no wheel, set KAFKA_BOOTSTRAP_SERVERS"
        )
    package = Path(spec.origin).parent
    folders = (package.parent / "confluent_kafka.libs", package / ".dylibs", package)
    found = [path for folder in folders for path in sorted(folder.glob("*rdkafka*")) if path.is_file()]
    if not found:
        raise LibraryError(f"no librdkafka beside {package.name!r}; this platform's wheel does not carry it")
    return found[0]


def _open(path: Path) -> ctypes.CDLL:
    if hasattr(os, "add_dll_directory"):  # Windows looks for the library's own libraries only there
        os.add_dll_directory(str(path.parent))
    try:
        return ctypes.CDLL(str(path))
    except OSError as error:
        raise LibraryError(
            f"{path.name!r} cannot be loaded ({error}); reinstall with python3 lab.py"
        ) from error


_MEMBERS = re.compile(rb"onsumer group (.+) with (\d+) member\(s\)")
_COMMIT = re.compile(rb"Topic (.+) \[\d+\] committing offset \d+ for group (.+)")


class Overheard:
    """What the broker's log has said of groups. `hear` is called by the broker's thread, for each line."""

    def __init__(self) -> None:
        self._members: dict[str, int] = {}
        self._committed: set[tuple[str, str]] = set()

    def hear(self, line: bytes) -> None:
        """Return at once; most lines say nothing of groups."""
        if b"group" not in line:
            return
        if found := _MEMBERS.search(line):
            self._members[found[1].decode()] = int(found[2])
        elif found := _COMMIT.search(line):
            self._committed.add((found[1].decode(), found[2].decode()))

    def members(self) -> dict[str, int]:
        """How many members each group has that anybody has joined."""
        return self._members.copy()

    def groups(self, topic: str) -> dict[str, int]:
        """How many members each group has that has committed an offset of the topic."""
        return {group: self._members.get(group, 0) for of, group in self._committed.copy() if of == topic}


PAUSE_S = 0.001  # see _call
# How long an empty group waits for its first members. The join should be over well before the first poll
# is: kafka-python discards a join that completes while no poll waits for it, and then needs another second.
JOIN_DELAY_MS = 200
# The newest version of each request the broker admits to: what kafka-python speaks well with it.
API_CEILINGS = {0: 7, 1: 10, 2: 4, 3: 8, 8: 7, 9: 5, 10: 2, 11: 5, 12: 3, 13: 2, 14: 3, 22: 1}


def main(brokers: int) -> None:
    """The child's life: start the cluster, print its address, obey one JSON call a line, leave on "quit"."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Jupyter's interrupt reaches the whole process group
    library, overheard = load(), Overheard()
    hear = LOG(lambda _, __, ___, line: overheard.hear(line))  # must live as long as the handle
    handle = library.rd_kafka_new(0, _heard(library, hear), None, 0)
    cluster = library.rd_kafka_mock_cluster_new(handle, brokers)
    _call(library, cluster, "group_initial_rebalance_delay_ms", JOIN_DELAY_MS)
    for api_key, newest in API_CEILINGS.items():
        _call(library, cluster, "set_apiversion", api_key, 0, newest)
    print(library.rd_kafka_mock_cluster_bootstraps(cluster).decode(), flush=True)
    for line in sys.stdin:
        if line.strip() == "quit":
            break
        number, function, *arguments = json.loads(line)
        if function in ("groups", "members"):
            answer = getattr(overheard, function)(*arguments)
        else:
            answer = _obey(library, cluster, function, *arguments)
        print(json.dumps([number, answer]), flush=True)
    _call(library, cluster, "cluster_destroy")
    library.rd_kafka_destroy(handle)


def _heard(library: CDLL, hear: object) -> int:
    """A configuration whose log goes to `hear`, and nowhere else."""
    configuration = library.rd_kafka_conf_new()
    for name, value in ((b"log_level", b"7"), (b"debug", b"mock")):
        library.rd_kafka_conf_set(configuration, name, value, None, 0)
    library.rd_kafka_conf_set_log_cb(configuration, hear)
    return configuration


def _obey(library: CDLL, cluster: int, function: str, *arguments: object) -> str:
    if function == "push_request_errors_array":
        api_key, codes = arguments
        arguments = api_key, len(codes), (c_int * len(codes))(*codes)
    plain = [a.encode() if isinstance(a, str) else a for a in arguments]
    try:
        code = _call(library, cluster, function, *plain)
    except (ArgumentError, TypeError) as error:
        return str(error)
    return f"Kafka error {code}" if code else "0"


def _call(library: CDLL, cluster: int, function: str, *arguments: object) -> int | None:
    # The cluster's thread can miss the call that follows another at once; it then sleeps for a second.
    time.sleep(PAUSE_S)
    return getattr(library, f"rd_kafka_mock_{function}")(cluster, *arguments)


if __name__ == "__main__":
    main(int(sys.argv[1]))
