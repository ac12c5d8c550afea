"""Both designs as running systems: what a notebook starts, asks for its bills, and stops.

They share their shape (`url`, `charges`, `settle`, `close`), so that one story can be told on both.
"""

from collections.abc import Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from types import ModuleType
from uuid import uuid4

from fiberlab.coupled import backend
from fiberlab.coupled.accounts import Accounts
from fiberlab.domain import Company
from fiberlab.eventdriven import customer_billing, gateway, installer_billing
from fiberlab.eventdriven.service import Service
from fiberlab.kafka.cluster import Cluster
from fiberlab.kafka.topics import TopicView
from fiberlab.lab.live.slow import SlowLedger as Ledger
from fiberlab.lab.running import HttpServer, wait_until
from fiberlab.lab.services import Handle, Services
from fiberlab.ledger import Charge

SERVICES = (customer_billing, installer_billing)
PARTITIONS = 4


class Coupled:
    """The coupled backend, running on a SQLite file in the folder."""

    def __init__(self, company: Company, folder: Path) -> None:
        database = folder / f"backend-{uuid4().hex}.sqlite"
        with ExitStack() as opened:  # if a part does not start, the earlier ones are closed
            self.ledger = opened.enter_context(Ledger(database))
            accounts = Accounts(database)
            opened.callback(accounts.close)
            server = HttpServer("backend", backend.create(company, accounts, self.ledger))
            opened.callback(server.stop)
            self.url = server.url
            self._opened = opened.pop_all()

    def charges(self) -> list[Charge]:
        """Every charge in the ledger."""
        return self.ledger.charges()

    def written_at_s(self) -> dict[str, float]:
        """When each action was charged: seconds since 1970 by action id."""
        return self.ledger.written_at_s()

    def settle(self) -> None:
        """Return at once: what was answered is billed."""

    def close(self) -> None:
        """Stop the app and close the database. Closing twice is fine."""
        self._opened.close()


class EventDriven:
    """Gateway, a topic of its own, and billing services that each keep a ledger of their own."""

    def __init__(
        self, company: Company, folder: Path, cluster: Cluster, services: tuple[ModuleType, ...] = SERVICES
    ) -> None:
        self.cluster, self.topic = cluster, cluster.fresh_topic("plan-events", PARTITIONS)
        with ExitStack() as opened:  # if a part does not start, the earlier ones are closed
            opened.callback(cluster.delete_topic, self.topic)
            self.view = opened.enter_context(TopicView(cluster, self.topic))
            self._start_services(opened, folder, services)
            self.url = self._start_gateway(opened, company)
            self._opened = opened.pop_all()

    def add(self, name: str, handle: Handle) -> None:
        """Start one more listener: it reads the topic from offset 0, and nothing else changes.

        `handle` gets every event. Raises NameTakenError if there is a service of this name.
        """
        self._services.add(name, handle)

    def start(self, name: str) -> None:
        """Start the service; it goes on where its group has committed."""
        self._services.start(name)

    def stop(self, name: str) -> None:
        """Return once the service has stopped, and nobody else; raise what its handler raised."""
        self._services.stop(name)

    def status(self) -> dict[str, str]:
        """The state of each service by name: "running", "stopped" or "failed: ..."."""
        return self._services.status()

    @property
    def services(self) -> dict[str, Service]:
        """The services by name, in the order in which they were added."""
        return self._services.members

    def group(self, name: str) -> str:
        """The service's consumer group."""
        return self._services.group(name)

    def lag(self) -> dict[str, int]:
        """How many events each service has yet to read."""
        return self._services.lag()

    def cursors(self) -> dict[str, Mapping[int, int]]:
        """The committed offset of each service, by partition."""
        return self._services.cursors()

    def charges(self) -> list[Charge]:
        """Every charge of every service's ledger."""
        return [charge for ledger in self.ledgers.values() for charge in ledger.charges()]

    def written_at_s(self) -> dict[str, float]:
        """When each action was charged: seconds since 1970 by action id."""
        return {id: at for ledger in self.ledgers.values() for id, at in ledger.written_at_s().items()}

    def settle(self) -> None:
        """Return once every running service has read the whole topic; raise what a service raised."""
        wait_until(self._services.settled, "the running services to read the whole topic", within_s=60)

    def close(self) -> None:
        """Stop everything, close the ledgers, delete the topic. Closing twice is fine."""
        self._opened.close()

    def _start_services(self, opened: ExitStack, folder: Path, modules: tuple[ModuleType, ...]) -> None:
        self._services = Services(self.cluster, self.topic, self.view)
        self.ledgers = {
            module.GROUP: opened.enter_context(Ledger(folder / f"{module.GROUP}-{self.topic}.sqlite"))
            for module in modules
        }
        opened.callback(self._services.close)
        for module in modules:
            self.add(module.GROUP, partial(module.handle, ledger=self.ledgers[module.GROUP]))

    def _start_gateway(self, opened: ExitStack, company: Company) -> str:
        producer = self.cluster.producer()
        opened.callback(producer.close, timeout=2)
        server = HttpServer("gateway", gateway.create(company, producer, self.topic))
        opened.callback(server.stop)
        return server.url


Design = Coupled | EventDriven
