"""Traffic that goes on in the background: paced, and to be paused, hurried and begun again meanwhile."""

import threading
import time
import zlib
from collections import deque
from collections.abc import Mapping
from queue import SimpleQueue

from fiberlab.domain import Action
from fiberlab.lab.http_client import HttpClient
from fiberlab.lab.live.script import Script
from fiberlab.lab.running import Worker
from fiberlab.lab.traffic import CLIENTS, Answer, send

REMEMBERED = 200  # news kept for a picture that looks too rarely
LATE_S = 0.5  # a pacer that is later than this does not try to catch up


class Requests:
    """What the apps see of one design. Any thread may read: counts, who waits inside, the newest news."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.lock = threading.Lock()
        self.queues: list[SimpleQueue[Action | None]] = [SimpleQueue() for _ in range(CLIENTS)]
        self.by_hand: dict[str, Answer] = {}
        self.open = 0  # handed to an app and not answered yet
        self.clear()

    def clear(self) -> None:
        """Forget everything but what is still open."""
        self.inside: dict[str, str] = {}  # the actor's kind by action id
        self.sent = self.accepted = self.failed = 0
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
            self.sent += 1
            self.inside[action.id] = action.actor.kind
            self.news.append(("in", action.id, action.actor.kind))
        answer = send(action, http)
        with self.lock:
            accepted = 200 <= answer.status < 300
            self.accepted, self.failed = self.accepted + accepted, self.failed + (not accepted)
            self.inside.pop(action.id, None)
            self.news.append(("out", action.id, action.actor.kind))
            self.open -= 1
            if action.id.startswith("by-hand"):
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
