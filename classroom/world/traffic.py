"""The world outside: apps and tablets that send a day's actions over HTTP, several at once."""

import random
import threading
import time
import zlib
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

import pandas as pd
from ipywidgets import IntProgress

from fiberlab.api import body
from fiberlab.domain import Action
from fiberlab.lab.http_client import HttpClient, NoAnswerError, Response
from fiberlab.lab.progress import progress

CLIENTS = 8
AGAIN = 0, 503  # no answer, and "try again"
GONE = 410  # no use to try again
GIVE_UP_S = 90
ATTEMPTS, FEW_ATTEMPTS = 4, 2  # the few: where an outage is watched, and nobody wants to wait for it


@dataclass(frozen=True)
class Answer:
    """What an app saw of one action. `status` is the HTTP status, 0 if no answer came at all.

    sent_at_s is in seconds since 1970, answer_s the seconds from the first attempt to the answer.
    """

    action_id: str
    status: int
    attempts: int
    sent_at_s: float
    answer_s: float
    reason: str


@dataclass(frozen=True)
class Replay:
    """A replayed day: an Answer per action, in the order of the day."""

    answers: tuple[Answer, ...]

    @property
    def failed(self) -> list[Answer]:
        """The answers that are not 2xx."""
        return [answer for answer in self.answers if not 200 <= answer.status < 300]

    def frame(self) -> pd.DataFrame:
        """The answers as a table: a row per action, a column per field of Answer."""
        return pd.DataFrame([vars(answer) for answer in self.answers])

    def __repr__(self) -> str:
        sent, failed = len(self.answers), len(self.failed)
        return f"{sent:,} actions sent, {sent - failed:,} accepted, {failed:,} failed"


def replay(
    day: Sequence[Action],
    url: str,
    clients: int = CLIENTS,
    resend_percent: float = 0,
    attempts: int = ATTEMPTS,
) -> Replay:
    """Send the day's actions over HTTP from this many clients at once, with a progress bar.

    A household's actions go through one client, in order. An action without an answer, or answered
    503, is sent again with its id, `attempts` times in all. `resend_percent` of the actions are sent
    twice although they were answered, as apps do when the answer is lost; the same actions each time.
    Raises NobodyServesError as soon as an answer says that there is nothing to retry for, or after
    GIVE_UP_S without an answer that is not 503.
    """
    found: dict[str, Answer] = {}
    stop = threading.Event()  # an interrupted cell must not leave its apps running
    several = f"actions, sent by {clients} apps and tablets at once"
    what = several if clients > 1 else "actions, one after the other"
    with ThreadPoolExecutor(clients, "app") as pool, progress(len(day), what) as bar:
        try:
            shares = [
                pool.submit(_client, share, url, resend_percent, attempts, found, stop)
                for share in _shares(day, clients)
            ]
            _watch(shares, found, bar)
        finally:
            stop.set()
    return Replay(tuple(found[action.id] for action in day))


class NobodyServesError(RuntimeError):
    """No action is accepted any more: why, and the next step."""


def _watch(shares: Sequence[Future[None]], found: Mapping[str, Answer], bar: IntProgress) -> None:
    answered, answered_at_s = 0, time.monotonic()
    for _ in _ticks(shares):
        answers = list(found.values())
        bar.value = len(answers)
        if (now := sum(answer.status not in AGAIN for answer in answers)) > answered:
            answered, answered_at_s = now, time.monotonic()
        if time.monotonic() - answered_at_s > GIVE_UP_S:
            said = answers[-1].reason if answers else "no answer"
            raise NobodyServesError(f"no action was accepted for {GIVE_UP_S} s ({said}); see status()")


def _shares(day: Sequence[Action], clients: int) -> list[list[Action]]:
    shares: list[list[Action]] = [[] for _ in range(clients)]
    for action in day:
        shares[zlib.crc32(action.account_id.encode()) % clients].append(action)
    return shares


def _ticks(futures: Sequence[Future[None]]) -> Iterator[None]:
    waiting = set(futures)
    while waiting:
        done, waiting = wait(waiting, timeout=0.2, return_when=FIRST_COMPLETED)
        for future in done:
            future.result()
        yield


def _client(
    actions: Sequence[Action],
    url: str,
    resend_percent: float,
    attempts: int,
    found: dict[str, Answer],
    stop: threading.Event,
) -> None:
    with HttpClient(url) as http:
        for action in actions:
            if stop.is_set():
                return
            answer = found[action.id] = _send(action, http, stop, attempts)
            if answer.status == GONE:
                raise NobodyServesError(answer.reason)
            if random.Random(action.id).random() * 100 < resend_percent:
                _send(action, http, stop, attempts)


def send(action: Action, http: HttpClient) -> Answer:
    """Post one action; without an answer, or after a 503, again with the same id, ATTEMPTS times in all."""
    return _send(action, http, threading.Event())


def _send(action: Action, http: HttpClient, stop: threading.Event, attempts: int = ATTEMPTS) -> Answer:
    sent_at_s = time.time()
    for attempt in range(1, attempts + 1):
        status, reason = _attempt(action, http)
        if status not in AGAIN or attempt == attempts:
            break
        if stop.wait(0.1 * 2**attempt):  # an app backs off before it tries again
            break
    return Answer(action.id, status, attempt, sent_at_s, time.time() - sent_at_s, reason)


def _attempt(action: Action, http: HttpClient) -> tuple[int, str]:
    try:
        response = http.post("/actions", json=body(action))
    except NoAnswerError as error:
        return 0, f"no answer ({type(error).__name__})"
    return response.status_code, "" if response.is_success else _reason(response)


def _reason(response: Response) -> str:
    try:
        return str(response.json()["detail"])
    except (ValueError, KeyError, TypeError):  # not one of our apps' answers
        return response.text
