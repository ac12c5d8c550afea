"""The world outside: apps and tablets that send a day's actions over HTTP, several at once.

`replay` sends a day as fast as it goes. A live picture's traffic is a `Script`, a day or one after another
without end, sent at a pace that can be paused, hurried and begun again.
"""

import random
import threading
import time
import zlib
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from queue import SimpleQueue

import pandas as pd
from ipywidgets import IntProgress

from classroom.world.company import OPENS, generated_day
from classroom.world.running import HttpClient, NoAnswerError, Response, Worker, progress
from fiberlab.api import body
from fiberlab.domain import ACTORS, Action, Actor, Company

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


CHUNK = 600  # actions of each generated day
BY_HAND = "by-hand-"


def is_by_hand(id: str) -> bool:
    """Whether the action of this id was sent by hand."""
    return id.startswith(BY_HAND)


class Script:
    """The next action, again and again. `sent` holds what was handed out since the last reset, by id.

    A fixed day ends; a second round has ids of its own, or nothing of it would be billed.
    """

    def __init__(self, company: Company, day: Sequence[Action] | None, seed: int = 1) -> None:
        self.company, self.day = company, day
        self.installer_percent = 20
        self.sent: dict[str, Action] = {}
        self.round = 1
        self._seed, self._position, self._by_hand = seed, 0, 0
        self._chunk: Sequence[Action] = day or ()
        self._lock = threading.Lock()

    @property
    def exhausted(self) -> bool:
        """Whether a fixed day has no further action."""
        return self.day is not None and self._position >= len(self.day)

    @property
    def of_day(self) -> int:
        """How many actions of a fixed day were handed out; what is sent by hand is none of them."""
        return self._position

    @property
    def actors(self) -> tuple[str, ...]:
        """The kinds of actors that have a part in it; all of them if no day says who."""
        acting = {action.actor.kind for action in self.day or ()}
        return tuple(kind for kind in ACTORS if kind in acting) or ACTORS

    def next(self) -> Action | None:
        """The next action, or None at the end of a fixed day."""
        with self._lock:
            if self.day is None and self._position >= len(self._chunk):
                self._seed, self._position = self._seed + 1, 0
                self._generate()
            if self.exhausted:
                return None
            self._position += 1
            return self._hand_out(self._chunk[self._position - 1])

    def by_hand(self, kind: str) -> Action:
        """A purchase by this kind of actor, for a household chosen by its number, with an id of its own."""
        with self._lock:
            self._by_hand += 1
            rng = random.Random(self._by_hand)
            account = rng.choice(list(self.company.accounts.values()))
            who = rng.choice(self.company.installers) if kind == "installer" else account.customer_id
            plan = rng.choice(list(self.company.plans))
            at = self._chunk[max(0, self._position - 1)].at if self._chunk else OPENS
            id = f"{BY_HAND}{self._by_hand}"
            return self._hand_out(Action(id, "purchase_plan", account.account_id, Actor(kind, who), plan, at))

    def share(self, percent: float) -> None:
        """From now on so many percent of the visits are installers'; a fixed day stays as it is."""
        with self._lock:
            self.installer_percent = percent
            if self.day is None and self._chunk:
                self._generate()  # the same seed: what is done stays, only who does it changes

    def reset(self) -> None:
        """Begin again: nothing is sent yet, and ids do not repeat."""
        with self._lock:
            self.round += 1
            self.sent = {}
            self._position = 0

    def _generate(self) -> None:
        self._chunk = generated_day(self.company, self._seed, CHUNK, self.installer_percent)

    def _hand_out(self, action: Action) -> Action:
        if self.round > 1:
            action = replace(action, id=f"{action.id}.{self.round}")
        self.sent[action.id] = action
        return action


REMEMBERED = 200  # news kept for a picture that looks too rarely
LATE_S = 0.5  # a pacer that is later than this does not try to catch up


class Requests:
    """What the apps see of one design. Any thread may read: counts, who waits inside, the newest news."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.lock = threading.Lock()
        self.queues: list[SimpleQueue[Action | None]] = [SimpleQueue() for _ in range(CLIENTS)]
        self.by_hand: dict[str, Answer] = {}
        self.sent: set[str] = set()  # the ids of what an app has begun to send, in all rounds
        self.open = 0  # handed to an app and not answered yet
        self.clear()

    def clear(self) -> None:
        """Forget everything but what is still open."""
        self.inside: dict[str, str] = {}  # the actor's kind by action id
        self.accepted = self.failed = 0
        self.news: deque[tuple[str, str, str]] = deque(maxlen=REMEMBERED)  # "in" or "out", id, actor

    def put(self, action: Action) -> None:
        """Give the action to its household's app."""
        with self.lock:
            self.open += 1
        self.queues[zlib.crc32(action.account_id.encode()) % len(self.queues)].put(action)

    def drop(self) -> None:
        """Take back what no app has begun to send."""
        for queue in self.queues:
            while not queue.empty():
                queue.get()
                with self.lock:
                    self.open -= 1

    def send(self, action: Action, http: HttpClient) -> None:
        """Send it, and keep what is to be seen of it."""
        with self.lock:
            self.sent.add(action.id)
            self.inside[action.id] = action.actor.kind
            self.news.append(("in", action.id, action.actor.kind))
        answer = send(action, http)
        with self.lock:
            accepted = 200 <= answer.status < 300
            self.accepted, self.failed = self.accepted + accepted, self.failed + (not accepted)
            self.inside.pop(action.id, None)
            self.news.append(("out", action.id, action.actor.kind))
            self.open -= 1
            if is_by_hand(action.id):
                self.by_hand[action.id] = answer


class Traffic:
    """The script's actions, sent to each design at the same pace; `start` it, `stop` it in the end."""

    def __init__(self, script: Script, urls: Mapping[str, str], a_second: float) -> None:
        self.script, self.a_second, self.paused = script, a_second, False
        self.requests = {design: Requests(url) for design, url in urls.items()}
        self._wake = threading.Event()
        self._pacer = Worker("live traffic", self._pace)
        self._apps = [
            Worker(f"live app {number} of {design}", lambda _, r=requests, q=queue: self._app(r, q))
            for design, requests in self.requests.items()
            for number, queue in enumerate(requests.queues, start=1)
        ]
        self._stopping = threading.Event()

    @property
    def ended(self) -> bool:
        """Whether a fixed day was sent and answered to its last action."""
        return self.script.exhausted and not any(requests.open for requests in self.requests.values())

    def start(self) -> None:
        """Return at once; the traffic flows."""
        for worker in (*self._apps, self._pacer):
            worker.start()

    def stop(self) -> None:
        """Return once no app sends any more. Stopping twice is fine."""
        self._stopping.set()
        self._pacer.tell_to_stop()
        self._wake.set()
        for queue in (queue for requests in self.requests.values() for queue in requests.queues):
            queue.put(None)
        for worker in (self._pacer, *self._apps):
            worker.stop()

    def change(self, **settings: float) -> None:
        """Set `paused` or `a_second`; it holds from the next action on, and that one does not wait."""
        for name, value in settings.items():
            setattr(self, name, value)
        self._wake.set()

    def by_hand(self, kind: str) -> Action:
        """Send one purchase by this kind of actor now, paused or not."""
        action = self.script.by_hand(kind)
        self._put(action)
        return action

    def reset(self) -> None:
        """Begin the day again; what waits in the apps is dropped."""
        for requests in self.requests.values():
            requests.drop()
        self.script.reset()
        for requests in self.requests.values():
            requests.clear()
        self._wake.set()

    def _put(self, action: Action) -> None:
        for requests in self.requests.values():
            requests.put(action)

    def _pace(self, stop: threading.Event) -> None:
        due_s = time.monotonic()
        while not stop.is_set():
            action = None if self.paused else self.script.next()
            if action:
                self._put(action)
            due_s = max(due_s + 1 / self.a_second, time.monotonic() - LATE_S)
            self._wake.wait(max(0.0, due_s - time.monotonic()) if action else 0.1)
            if self._wake.is_set() or not action:
                self._wake.clear()
                due_s = time.monotonic()

    def _app(self, requests: Requests, queue: SimpleQueue[Action | None]) -> None:
        with HttpClient(requests.url) as http:
            while (action := queue.get()) and not self._stopping.is_set():
                requests.send(action, http)
