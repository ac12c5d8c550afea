"""The embedded broker's own process: `python -m fiberlab.kafka.embedded_process 3` runs three brokers.

It prints their addresses, then obeys one JSON call a line from standard input, until "quit" or the
input's end. Call and answer begin with the call's number. It knows nothing of who asks; `embedded` is its
other end.
"""

import json
import signal
import sys
import time
from ctypes import CDLL, ArgumentError, c_int

from fiberlab.kafka import librdkafka
from fiberlab.kafka.overheard import Overheard

PAUSE_S = 0.001  # see _call
# How long an empty group waits for its first members. The join should be over well before the first poll
# is: kafka-python discards a join that completes while no poll waits for it, and then needs another second.
JOIN_DELAY_MS = 200
# The newest version of each request the broker admits to: what kafka-python speaks well with it.
API_CEILINGS = {0: 7, 1: 10, 2: 4, 3: 8, 8: 7, 9: 5, 10: 2, 11: 5, 12: 3, 13: 2, 14: 3, 22: 1}


def main(brokers: int) -> None:
    """The child's life: start the cluster, print its address, obey one JSON call a line, leave on "quit"."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Jupyter's interrupt reaches the whole process group
    library, overheard = librdkafka.load(), Overheard()
    hear = librdkafka.LOG(lambda _, __, ___, line: overheard.hear(line))  # must live as long as the handle
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
