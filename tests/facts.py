"""Facts about this process and others that tests wait for and compare, and the sale that they send."""

import gc
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

from classroom.world.running import HttpClient, Response

SALE = {
    "id": "a-1",
    "action": "purchase_plan",
    "account_id": "A-0001",
    "actor": {"kind": "customer", "id": "C-0001"},
    "plan": "Fiber 300",
    "at": "2026-03-02T09:30:00Z",
}


def eventually(fact: Callable[[], object], awaited: str, within_s: float = 60) -> None:
    """Return as soon as the fact holds; fail, naming what was awaited, after within_s."""
    deadline = time.monotonic() + within_s
    while not fact():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {within_s} s for {awaited}")
        time.sleep(0.01)


def answer_from(url: str, method: str = "GET", within_s: float = 30, **request: object) -> Response:
    """What an HTTP server of this computer answers."""
    with HttpClient(within_s=within_s) as http:
        return http.request(method, url, **request)


def seconds(act: Callable[[], object]) -> float:
    """How long it took."""
    started = time.monotonic()
    act()
    return time.monotonic() - started


def files_open() -> int:
    """How many files, pipes and sockets this process has open and uses (Linux)."""
    gc.collect()  # kafka-python leaves the sockets of refused connections to it
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def children() -> set[int]:
    """The processes that this one started and that have not been waited for (Linux)."""
    lists = Path("/proc/self/task").glob("*/children")
    return {int(pid) for path in lists for pid in path.read_text().split()}


def is_gone(pid: int) -> bool:
    """Whether no such process runs; one that ended and waits for its parent counts as gone."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return True
    return state == "Z"


def interrupt() -> None:
    """Do to the main thread what the stop button of a notebook does."""
    signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
