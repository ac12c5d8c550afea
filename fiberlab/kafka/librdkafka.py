"""The C library that carries the embedded broker: found inside the confluent-kafka wheel, loaded by ctypes.

Only its mock cluster is used, which librdkafka's header calls experimental: confluent-kafka is pinned.
"""

import ctypes
import importlib.util
import os
from ctypes import POINTER, c_char_p, c_int, c_int16, c_int32, c_int64, c_size_t, c_void_p
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
