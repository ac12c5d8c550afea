"""Services that listen to one topic, running in the background: started, stopped and added by name."""

from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial

from fiberlab.eventdriven.events import Event
from fiberlab.eventdriven.service import Service
from fiberlab.kafka.cluster import Cluster
from fiberlab.kafka.topics import TopicView
from fiberlab.lab.running import Worker

Handle = Callable[[Event], None]


class Services:
    """The listeners of a topic, each a consumer group of its own in a thread of its own."""

    def __init__(self, cluster: Cluster, topic: str, view: TopicView) -> None:
        self.services: dict[str, Service] = {}
        self.cluster, self.topic, self.view = cluster, topic, view
        self._workers: dict[str, Worker] = {}  # this and `services` are replaced, never changed: threads look
        self._left: Counter[str] = Counter()  # how often a service of this name was removed

    def add(self, name: str, handle: Handle) -> None:
        """Start a listener that nobody knew before; it begins at offset 0 of every partition.

        Raises NameTakenError if the topic has a service of this name.
        """
        if name in self.services:
            raise NameTakenError(f"there is a service {name!r} on this topic; choose another name")
        service = Service(name, partial(self.cluster.consumer, self.topic, self.group(name)), handle)
        worker = Worker(name, service.run)
        self.services, self._workers = self.services | {name: service}, self._workers | {name: worker}
        worker.start()

    def remove(self, name: str) -> None:
        """Stop the service and forget it; one that is added under its name later is another group."""
        self._worker(name).stop()
        self._left[name] += 1
        self.services = {other: service for other, service in self.services.items() if other != name}
        self._workers = {other: worker for other, worker in self._workers.items() if other != name}

    def start(self, name: str) -> None:
        """Start the service; it goes on where its group has committed."""
        self._worker(name).start()

    def stop(self, name: str) -> None:
        """Return once the service has stopped, and nobody else; raise what its handler raised."""
        self._worker(name).stop()
        self._worker(name).raise_error()

    def status(self) -> dict[str, str]:
        """The state of each service by name: "running", "stopped" or "failed: ..."."""
        return {name: worker.status for name, worker in self._workers.items()}

    def group(self, name: str) -> str:
        """The service's consumer group: this run's own, so that two on one Kafka do not share the work."""
        again = f".{self._left[name] + 1}" if self._left[name] else ""
        return f"{name}.{self.topic}{again}"

    def lag(self) -> dict[str, int]:
        """How many events each service has yet to read."""
        return {name: self.view.lag(self.group(name)) for name in self.services}

    def cursors(self) -> dict[str, Mapping[int, int]]:
        """The committed offset of each service, by partition."""
        return {name: self.view.committed(self.group(name)) for name in self.services}

    def settled(self) -> bool:
        """Whether every running service has read the whole topic; raise what a service raised."""
        running = [name for name, worker in self._workers.items() if worker.running]
        settled = all(self.view.lag(self.group(name)) == 0 for name in running)
        for worker in self._workers.values():  # after the look, or one that fails now would pass for stopped
            worker.raise_error()
        return settled

    def close(self) -> None:
        """Stop them all. Closing twice is fine."""
        for worker in self._workers.values():
            worker.tell_to_stop()  # all of them, before the first is waited for
        for worker in self._workers.values():
            worker.stop()

    def _worker(self, name: str) -> Worker:
        if name not in self._workers:
            raise LookupError(f"there is no service {name!r}; choose one of {', '.join(self._workers)}")
        return self._workers[name]


class NameTakenError(ValueError):
    """Two services of one topic cannot have the same name: they would share a group, and the events."""
