"""Workers and HTTP servers in the background: started, seen, stopped, and gone."""

import socket
import threading
import time

import httpx
import pytest
from fastapi import FastAPI

from fiberlab.lab import running
from fiberlab.lab.running import HttpServer, StillRunningError, Worker, wait_until
from tests.facts import eventually, files_open, interrupt, seconds

pytestmark = pytest.mark.embedded


def until_told(stop: threading.Event) -> None:
    stop.wait()


def broken(stop: threading.Event) -> None:
    raise ZeroDivisionError("no such price")


def test_a_worker_is_stopped_runs_and_is_stopped_again():
    worker = Worker("billing", until_told)
    assert worker.status == "stopped"
    worker.start()
    assert worker.status == "running"
    worker.stop()
    assert worker.status == "stopped"
    worker.raise_error()  # there is none


def test_a_worker_is_a_thread_with_its_name_that_cannot_keep_the_process_alive():
    worker = Worker("billing", until_told)
    worker.start()
    (thread,) = [thread for thread in threading.enumerate() if thread.name == "billing"]
    assert thread.daemon
    worker.stop()
    assert not thread.is_alive()


def test_starting_a_running_worker_changes_nothing():
    runs: list[int] = []

    def count(stop: threading.Event) -> None:
        runs.append(1)
        stop.wait()

    worker = Worker("billing", count)
    worker.start()
    worker.start()
    worker.stop()
    assert runs == [1]


def test_stopping_before_the_start_and_twice_is_fine():
    worker = Worker("billing", until_told)
    worker.stop()
    worker.start()
    worker.stop()
    worker.stop()
    assert worker.status == "stopped"


def test_what_a_worker_raises_is_its_status_until_it_is_started_again():
    ill = [True]
    worker = Worker("billing", lambda stop: broken(stop) if ill else stop.wait())
    worker.start()
    eventually(lambda: not worker.running, "the worker to fail")
    assert worker.status == "failed: no such price"
    for _ in range(2):
        with pytest.raises(ZeroDivisionError, match="no such price"):
            worker.raise_error()
    worker.stop()
    assert worker.status == "failed: no such price"
    ill.clear()
    worker.start()
    assert worker.status == "running"
    worker.stop()
    worker.raise_error()
    assert worker.status == "stopped"


def test_a_worker_that_exits_is_failed_too():
    def leave(stop: threading.Event) -> None:
        raise SystemExit(3)

    worker = Worker("billing", leave)
    worker.start()
    eventually(lambda: not worker.running, "the worker to exit")
    assert worker.status == "failed: 3"


def test_a_worker_that_does_not_stop_in_time_is_named(monkeypatch):
    monkeypatch.setattr(running, "STOP_WITHIN_S", 0.1)
    release = threading.Event()
    worker = Worker("billing", lambda stop: release.wait(10) and None)
    worker.start()
    with pytest.raises(StillRunningError, match=r"'billing' still runs 0\.1 s after it was told to stop"):
        worker.stop()
    assert worker.status == "running"
    release.set()
    worker.stop()
    assert worker.status == "stopped"


def test_an_interrupted_stop_is_no_stop_and_no_second_thread_starts():
    inside, most, release = [], [], threading.Event()

    def count(stop: threading.Event) -> None:
        inside.append(stop)
        most.append(len(inside))
        stop.wait()
        if len(most) == 1:
            interrupt()  # the main thread waits for this one
        release.wait(10)
        inside.remove(stop)

    worker = Worker("billing", count)
    worker.start()
    with pytest.raises(KeyboardInterrupt):
        worker.stop()
    assert worker.running
    threading.Timer(0.1, release.set).start()
    worker.start()
    eventually(lambda: len(most) == 2, "the second run")
    worker.stop()
    assert (worker.running, most) == (False, [1, 1])


def test_a_worker_that_was_told_to_stop_is_started_again_once_it_has_ended():
    runs: list[threading.Event] = []

    def keep(stop: threading.Event) -> None:
        runs.append(stop)
        stop.wait()

    worker = Worker("billing", keep)
    worker.start()
    worker.tell_to_stop()
    worker.start()
    eventually(lambda: len(runs) == 2, "the second run")
    assert worker.running
    worker.stop()


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError("can't start new thread")])
def test_a_worker_whose_start_fails_does_not_run(monkeypatch, error):
    def fail(_: threading.Thread) -> None:
        raise error

    worker = Worker("billing", until_told)
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", fail)
        with pytest.raises(type(error) if isinstance(error, RuntimeError) else error):
            worker.start()
    assert not worker.running
    worker.start()
    assert worker.running
    worker.stop()


def test_waiting_returns_as_soon_as_the_fact_holds():
    told = threading.Event()
    threading.Timer(0.1, told.set).start()
    assert seconds(lambda: wait_until(told.is_set, "the timer", within_s=10)) < 5


def test_waiting_in_vain_says_for_what_and_how_long():
    with pytest.raises(TimeoutError, match=r"waited 0\.05 s for the moon; see status\(\)"):
        wait_until(lambda: False, "the moon", within_s=0.05)


def hello() -> FastAPI:
    app = FastAPI()

    @app.get("/")
    def say() -> str:
        return "hello"

    @app.get("/slow")
    def slow() -> str:
        time.sleep(0.5)
        return "late"

    return app


def test_a_server_answers_as_soon_as_it_is_made_and_its_port_is_free_afterwards():
    server = HttpServer("app", hello())
    assert httpx.get(server.url, trust_env=False).json() == "hello"
    server.stop()
    with pytest.raises(httpx.ConnectError):
        httpx.get(server.url, trust_env=False)
    with socket.create_server(("127.0.0.1", int(server.url.rpartition(":")[2]))):
        assert server.worker.status == "stopped"


def test_two_servers_get_two_ports():
    first, second = HttpServer("first", hello()), HttpServer("second", hello())
    assert first.url != second.url
    first.stop()
    assert httpx.get(second.url, trust_env=False).json() == "hello"
    second.stop()


def test_a_request_on_its_way_is_answered_before_the_server_ends():
    server, answers = HttpServer("app", hello()), []
    client = threading.Thread(
        target=lambda: answers.append(httpx.get(f"{server.url}/slow", trust_env=False).json())
    )
    client.start()
    eventually(lambda: server._server.server_state.connections, "the request to arrive")
    server.stop()
    client.join()
    assert answers == ["late"]


def test_stopping_a_server_twice_is_fine_and_nothing_stays_open():
    HttpServer("warm", hello()).stop()
    files = files_open()
    server = HttpServer("app", hello())
    assert files_open() > files
    server.stop()
    server.stop()
    assert files_open() <= files


def test_a_server_that_cannot_start_says_why_and_leaves_no_thread_or_socket(monkeypatch):
    def refuse(*_: object, **__: object) -> None:
        raise OSError("no more sockets today")

    monkeypatch.setattr(running.uvicorn.Server, "run", refuse)
    files, threads = files_open(), set(threading.enumerate())
    with pytest.raises(OSError, match="no more sockets today"):
        HttpServer("app", hello())
    assert files_open() <= files
    assert set(threading.enumerate()) == threads
