"""Workers and HTTP servers in the background: started, seen, stopped, and gone."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest
from fastapi import FastAPI

from classroom.world import running
from classroom.world import running as running_http
from classroom.world.running import HttpServer, NoAnswerError, StillRunningError, Worker, wait_until
from fiberlab.api import new_app
from tests.facts import answer_from, eventually, files_open, interrupt, seconds

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
        release.wait(45)
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
    assert answer_from(server.url).json() == "hello"
    server.stop()
    with pytest.raises(NoAnswerError):
        answer_from(server.url)
    with socket.create_server(("127.0.0.1", int(server.url.rpartition(":")[2]))):
        assert server.worker.status == "stopped"


def test_two_servers_get_two_ports():
    first, second = HttpServer("first", hello()), HttpServer("second", hello())
    assert first.url != second.url
    first.stop()
    assert answer_from(second.url).json() == "hello"
    second.stop()


def test_a_request_on_its_way_is_answered_before_the_server_ends():
    server, answers = HttpServer("app", hello()), []
    client = threading.Thread(target=lambda: answers.append(answer_from(f"{server.url}/slow").json()))
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
    assert set(threading.enumerate()) <= threads


# --- strangers at the door ---

POST = b"POST /actions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
NEVER_WHOLE = {
    "says nothing": b"",
    "never ends its headers": POST,
    "announces a body and sends none": POST + b"content-length: 99\r\n\r\n",
    "sends half a body": POST + b"content-length: 99\r\n\r\n{",
    "never sends the last chunk": POST + b"transfer-encoding: chunked\r\n\r\n1\r\n{\r\n",
}


@pytest.fixture
def server() -> Iterator[HttpServer]:
    server = HttpServer("app", new_app("app"))
    yield server
    server.stop()


def knock(server: HttpServer, *said: bytes) -> socket.socket:
    """A connection over which this was said."""
    stranger = socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2])), 10)
    for part in said:
        stranger.sendall(part)
    return stranger


def heard(stranger: socket.socket) -> bytes:
    """All that is answered until the connection is closed."""
    with stranger, stranger.makefile("rb") as answers:
        return answers.read()


@pytest.mark.parametrize("said", NEVER_WHOLE.values(), ids=NEVER_WHOLE)
def test_a_request_that_never_ends_is_given_up(server, monkeypatch, said):
    monkeypatch.setattr(running_http, "REQUEST_WITHIN_S", 0.2)
    answer = heard(knock(server, said))
    assert answer.startswith(b"HTTP/1.1 408") if b"\r\n\r\n" in said else answer == b""
    assert (b"not whole within 0.2 s; send it again" in answer) == bool(answer)


def test_a_body_that_trickles_is_given_up_however_often_a_byte_comes(server, monkeypatch):
    monkeypatch.setattr(running_http, "REQUEST_WITHIN_S", 0.3)
    stranger = knock(server, POST + b"content-length: 1000000\r\n\r\n")
    stranger.setblocking(False)
    sent = 0

    def answered() -> bool:
        nonlocal sent
        with suppress(BlockingIOError):
            return b" 408 " in stranger.recv(100)
        sent += stranger.send(b"x")
        return False

    eventually(answered, "the trickle to be given up")
    stranger.close()
    assert sent > 5


def test_a_connection_that_is_kept_is_given_up_in_the_middle_of_its_next_request(server, monkeypatch):
    monkeypatch.setattr(running_http, "REQUEST_WITHIN_S", 0.2)
    answer = heard(knock(server, b"GET / HTTP/1.1\r\nhost: x\r\n\r\n", b"GET / HT"))
    assert answer.startswith(b"HTTP/1.1 404")


def test_a_slow_answer_is_not_given_up(monkeypatch):
    monkeypatch.setattr(running_http, "REQUEST_WITHIN_S", 0.1)
    server = HttpServer("app", hello())
    assert answer_from(f"{server.url}/slow").json() == "late"
    server.stop()


@pytest.mark.parametrize("announced", [True, False], ids=["announced", "in chunks"])
def test_a_body_that_is_too_large_is_told_so(server, announced):
    large = b"x" * (running_http.MOST_BYTES + 1)
    answer = answer_from(f"{server.url}/actions", "POST", content=large if announced else iter([large]))
    assert (answer.status_code, answer.json()) == (
        413, {"detail": "the body has more than 2,097,152 bytes; send one action"},
    )  # fmt: skip
    just_fits = answer_from(f"{server.url}/actions", "POST", content=large[1:])
    assert just_fits.status_code == 404


@pytest.mark.parametrize("said", NEVER_WHOLE.values(), ids=NEVER_WHOLE)
def test_a_server_does_not_wait_for_a_request_that_is_not_whole(said, caplog):
    server = HttpServer("app", new_app("app"))
    server._server.config.timeout_graceful_shutdown = 12  # what it would wait
    stranger = knock(server, said)
    eventually(lambda: server._server.server_state.connections, "the stranger to arrive")
    assert seconds(server.stop) < 6
    stranger.close()
    assert caplog.messages == []


STRANGE = {
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(32),
    "noise": b"\x00\xff\r\n\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a web socket": b"GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade, close\r\nupgrade: websocket\r\n"
    b"sec-websocket-key: eA==\r\nsec-websocket-version: 13\r\n\r\n",
    "another upgrade": b"GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade, close\r\nupgrade: h2c\r\n\r\n",
}


@pytest.mark.parametrize("said", STRANGE.values(), ids=STRANGE)
def test_a_stranger_that_knocks_is_answered_and_leaves_no_line_in_the_cell(server, said, caplog):
    assert heard(knock(server, said)).startswith(b"HTTP/1.1 40")
    assert caplog.messages == []


def test_an_error_of_ours_is_still_told(caplog):
    app = hello()
    app.add_api_route("/broken", lambda: 1 / 0)
    server = HttpServer("app", app)
    assert answer_from(f"{server.url}/broken").status_code == 500
    server.stop()
    assert "ZeroDivisionError" in caplog.text


def test_no_page_that_fetches_scripts_from_elsewhere_is_served(server):
    assert {answer_from(f"{server.url}/{page}").status_code for page in ("docs", "redoc")} == {404}
    assert answer_from(f"{server.url}/openapi.json").json()["info"]["title"] == "app"
