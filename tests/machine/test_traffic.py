"""Apps and tablets: every action once, in a household's order, sent again with its id, failures reported."""

import _thread
import json
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse, PlainTextResponse

from classroom.world import company as days
from classroom.world import traffic
from classroom.world.running import STOP_WITHIN_S, HttpClient, HttpServer
from classroom.world.traffic import Answer, NobodyServesError, replay, send
from fiberlab.domain import Action
from tests.facts import eventually

pytestmark = pytest.mark.embedded


@contextmanager
def app(answer: Callable[[dict, int], object]) -> Iterator[tuple[str, list[dict]]]:
    """An app whose answer to an action depends on how often its id was seen; its address and what it got."""
    got: list[dict] = []
    lock = threading.Lock()
    flaky = FastAPI()

    @flaky.post("/actions", status_code=202)
    async def act(request: Request) -> object:
        action = await request.json()
        with lock:
            got.append(action)
            times = sum(other["id"] == action["id"] for other in got)
        return answer(action, times)

    server = HttpServer("flaky", flaky)
    try:
        yield server.url, got
    finally:
        server.stop()


def accepted(action: dict, times: int) -> object:
    return {"action_id": action["id"]}


@pytest.fixture
def day(company) -> tuple[Action, ...]:
    return days.generated_day(company, seed=1, actions=80)


@pytest.fixture
def impatient(monkeypatch) -> None:
    """Apps that try again at once: a wait that is told its time returns as if it had passed."""
    monkeypatch.setattr(threading.Event, "wait", wait_without_time)


patient_wait = threading.Event.wait


def wait_without_time(event: threading.Event, timeout: float | None = None) -> bool:
    """Only an app waits for less than STOP_WITHIN_S."""
    short = timeout is not None and timeout < STOP_WITHIN_S
    return patient_wait(event, min(timeout, 0.01) if short else timeout)


def test_every_action_is_sent_once_and_answered_in_the_order_of_the_day(day):
    with app(accepted) as (url, got):
        sent = replay(day, url)
    assert Counter(action["id"] for action in got) == Counter(action.id for action in day)
    assert [answer.action_id for answer in sent.answers] == [action.id for action in day]
    assert sent.failed == []
    assert repr(sent) == "80 actions sent, 80 accepted, 0 failed"


@pytest.mark.parametrize("clients", [1, 8])
def test_a_household_is_heard_in_its_order(day, clients):
    with app(accepted) as (url, got):
        replay(day, url, clients=clients)
    heard, done = defaultdict(list), defaultdict(list)
    for action in got:
        heard[action["account_id"]].append(action["id"])
    for action in day:
        done[action.account_id].append(action.id)
    assert heard == done


def test_the_answers_are_a_table_with_a_row_per_action(day):
    with app(accepted) as (url, _):
        table = replay(day, url).frame()
    assert list(table.columns) == ["action_id", "status", "attempts", "sent_at_s", "answer_s", "reason"]
    assert list(table.action_id) == [action.id for action in day]
    assert set(table.status) == {202}
    assert set(table.attempts) == {1}
    assert (table.answer_s > 0).all()


@pytest.mark.usefixtures("impatient")
def test_an_action_answered_503_is_sent_again_with_its_id(day):
    def busy_once(action: dict, times: int) -> object:
        if times == 1:
            raise HTTPException(503, "busy")
        return accepted(action, times)

    with app(busy_once) as (url, got):
        sent = replay(day[:10], url)
    assert Counter(action["id"] for action in got) == {action.id: 2 for action in day[:10]}
    bodies = {action["id"]: action for action in got}
    assert all(action == bodies[action["id"]] for action in got)  # the same action, not only the same id
    assert sent.failed == []
    assert {answer.attempts for answer in sent.answers} == {2}


@pytest.mark.usefixtures("impatient")
def test_an_action_that_gets_no_answer_is_sent_again_with_its_id(day):
    with dropping_app(drop=lambda times: times == 1) as (url, got):
        sent = replay(day[:5], url, clients=2)
    assert Counter(got) == {action.id: 2 for action in day[:5]}
    assert sent.failed == []
    assert {answer.attempts for answer in sent.answers} == {2}


@contextmanager
def dropping_app(drop: Callable[[int], bool]) -> Iterator[tuple[str, list[str]]]:
    """An app that takes an action and hangs up instead of answering, if told so for this many-th time."""
    got: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            action = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            got.append(action["id"])
            self.close_connection = True
            if not drop(got.count(action["id"])):
                self.send_response(202)
                self.send_header("Content-Length", "0")
                self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", got
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.usefixtures("impatient")
def test_an_action_that_is_never_answered_is_reported_not_raised(day):
    with dropping_app(drop=lambda times: True) as (url, got):
        sent = replay(day[:2], url)
    assert Counter(got) == {action.id: traffic.ATTEMPTS for action in day[:2]}
    assert [(answer.status, answer.attempts) for answer in sent.failed] == [(0, traffic.ATTEMPTS)] * 2
    assert all(answer.reason.startswith("no answer (") for answer in sent.failed)
    assert repr(sent) == "2 actions sent, 0 accepted, 2 failed"


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("attempts", [1, 2])
def test_an_app_gives_up_after_as_many_attempts_as_it_was_told(day, attempts):
    with app(lambda action, times: PlainTextResponse("", status_code=503)) as (url, got):
        (failed,) = replay(day[:1], url, attempts=attempts).failed
    assert (failed.attempts, len(got)) == (attempts, attempts)


@pytest.mark.usefixtures("impatient")
def test_nobody_at_the_address_is_reported_not_raised(day):
    with app(accepted) as (url, _):
        pass
    sent = replay(day[:2], url)
    assert [answer.reason for answer in sent.failed] == ["no answer (ConnectError)"] * 2


def test_a_day_ends_at_once_when_an_answer_says_that_nothing_will_be_accepted_any_more(day):
    gone = JSONResponse({"detail": "the topic is gone; run Set-up again"}, 410)
    with app(lambda action, times: gone) as (url, got):
        with pytest.raises(NobodyServesError, match="the topic is gone; run Set-up again"):
            replay(day, url)
        assert len(got) <= traffic.CLIENTS


@pytest.mark.usefixtures("impatient")
def test_a_day_of_which_nothing_is_accepted_for_long_ends_with_the_reason(day, monkeypatch):
    monkeypatch.setattr(traffic, "GIVE_UP_S", 0.5)
    busy = JSONResponse({"detail": "billing is down"}, 503)
    with (
        app(lambda action, times: busy) as (url, _),
        pytest.raises(NobodyServesError, match=r"no action was accepted for 0.5 s \(.*\)"),
    ):
        replay(day * 20, url, attempts=100)


def test_a_refusal_is_reported_with_its_reason_and_not_sent_again(day):
    def refuse(action: dict, times: int) -> object:
        raise HTTPException(422, "plan 'x' is not known")

    with app(refuse) as (url, got):
        sent = replay(day[:3], url)
    assert len(got) == 3
    assert {(answer.status, answer.attempts, answer.reason) for answer in sent.failed} == {
        (422, 1, "plan 'x' is not known")
    }


@pytest.mark.parametrize("answer", ["<h1>Bad gateway</h1>", "[1, 2]", '{"error": 1}', '"text"', ""])
def test_an_error_in_any_shape_is_reported_as_it_came(day, answer):
    with app(lambda action, times: PlainTextResponse(answer, status_code=500)) as (url, _):
        (failed,) = replay(day[:1], url).failed
    assert (failed.status, failed.reason) == (500, answer)


def test_a_crash_in_the_app_is_reported(day):
    def crash(action: dict, times: int) -> object:
        raise ZeroDivisionError

    with app(crash) as (url, _):
        (failed,) = replay(day[:1], url).failed
    assert failed.status == 500


def test_no_action_is_sent_twice_if_none_shall_be_and_all_are_if_all_shall_be(day):
    for percent, times in ((0, 1), (100, 2)):
        with app(accepted) as (url, got):
            sent = replay(day, url, resend_percent=percent)
        assert Counter(action["id"] for action in got) == {action.id: times for action in day}
        assert len(sent.answers) == len(day)


def test_a_share_of_the_actions_is_sent_twice_and_it_is_always_the_same(day):
    twice = []
    for clients in (3, 8):
        with app(accepted) as (url, got):
            replay(day, url, clients=clients, resend_percent=30)
        counted = Counter(action["id"] for action in got)
        assert set(counted.values()) == {1, 2}
        twice.append({id for id, times in counted.items() if times == 2})
    assert twice[0] == twice[1]
    assert 0 < len(twice[0]) < len(day)


def clients() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("app_")]


def test_an_interrupted_day_leaves_no_client_behind(day):
    held = threading.Event()

    def hold(action: dict, times: int) -> object:
        held.set()
        return accepted(action, times)

    def interrupt() -> None:
        held.wait(10)
        _thread.interrupt_main()

    before = set(threading.enumerate())
    with app(hold) as (url, got):
        long_day = [action for _ in range(200) for action in day]
        interrupter = threading.Thread(target=interrupt)
        interrupter.start()
        with pytest.raises(KeyboardInterrupt):
            replay(long_day, url)
        interrupter.join()
        # Mostly at once; an interrupt that hits the pool as it starts a thread leaves this one to end alone.
        eventually(lambda: not clients(), "the apps to end")
        assert len(got) < len(long_day)
    eventually(lambda: set(threading.enumerate()) <= before, "the server's threads to end")


def test_an_interrupt_ends_the_wait_before_the_next_attempt(day):
    stop = threading.Event()
    stop.set()
    with app(lambda action, times: PlainTextResponse("", status_code=503)) as (url, got):
        http = HttpClient(url)
        with http:
            traffic._send(day[0], http, stop)
    assert len(got) == 1


def test_one_action_can_be_sent_by_hand(day):
    with app(accepted) as (url, got), HttpClient(url) as http:
        answer = send(day[0], http)
    assert isinstance(answer, Answer)
    assert (answer.action_id, answer.status, answer.attempts, answer.reason) == (day[0].id, 202, 1, "")
    assert [action["id"] for action in got] == [day[0].id]


def test_a_proxy_of_the_machine_is_not_asked(day, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    with app(accepted) as (url, _):
        assert replay(day[:2], url).failed == []


def test_a_day_without_actions_is_sent_at_once():
    assert replay([], "http://127.0.0.1:9").answers == ()
