"""The designs as running systems: what a notebook starts, asks for its bills, and stops.

They share their shape (`url`, `ledgers`, `charges`, `settle`, `close`), so that one story is told on all.
"""

from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from types import ModuleType
from uuid import uuid4

from fiberlab.coupled import backend as coupled
from fiberlab.coupled.accounts import Accounts
from fiberlab.domain import Company
from fiberlab.eventdriven import customer_billing, gateway, installer_billing
from fiberlab.kafka.cluster import Cluster
from fiberlab.kafka.topics import TopicView
from fiberlab.lab.live.slow import SlowLedger as Ledger
from fiberlab.lab.running import HttpServer, wait_until
from fiberlab.lab.services import Services
from fiberlab.ledger import Charge
from fiberlab.mailing import Mailing
from fiberlab.monolith import backend as monolith

SERVICES = (customer_billing, installer_billing)
PARTITIONS = 4
DECIDED_WITHIN_S = 3


class Coupled:
    """The coupled backend, running on a SQLite file in the folder; with a mailing it mails, too."""

    def __init__(self, company: Company, folder: Path, mailing: Mailing | None = None) -> None:
        self._mailing = mailing
        database = folder / f"backend-{uuid4().hex}.sqlite"
        with ExitStack() as opened:  # if a part does not start, the earlier ones are closed
            self.ledger = opened.enter_context(Ledger(database))
            self.ledgers = {"backend": self.ledger}
            server = self._start(company, database, opened)
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

    def _start(self, company: Company, database: Path, opened: ExitStack) -> HttpServer:
        accounts = Accounts(database)
        opened.callback(accounts.close)
        return HttpServer("backend", coupled.create(company, accounts, self.ledger, self._mailing))


class Monolith(Coupled):
    """The modular monolith, running in the same way: one app, one SQLite file."""

    def _start(self, company: Company, database: Path, _: ExitStack) -> HttpServer:
        return HttpServer("backend", monolith.create(company, self.ledger))


class EventDriven(Services):
    """Gateway, a topic of its own, and billing services that each keep a ledger of their own."""

    def __init__(
        self, company: Company, folder: Path, cluster: Cluster, services: tuple[ModuleType, ...] = SERVICES
    ) -> None:
        topic = cluster.fresh_topic("plan-events", PARTITIONS)
        with ExitStack() as opened:  # if a part does not start, the earlier ones are closed
            opened.callback(cluster.delete_topic, topic)
            super().__init__(cluster, topic, opened.enter_context(TopicView(cluster, topic)))
            self._start_services(opened, folder, services)
            self.url = self._start_gateway(opened, company)
            self._opened = opened.pop_all()

    def charges(self) -> list[Charge]:
        """Every charge of every service's ledger."""
        return [charge for ledger in self.ledgers.values() for charge in ledger.charges()]

    def written_at_s(self) -> dict[str, float]:
        """When each action was charged: seconds since 1970 by action id."""
        return {id: at for ledger in self.ledgers.values() for id, at in ledger.written_at_s().items()}

    def settle(self) -> None:
        """Return once every running service has read the whole topic; raise what a service raised.

        What a transaction of somebody else's has written waits for its end, but not for ever.
        """
        if not self.cluster.broker:  # the embedded broker isolates nothing
            with suppress(TimeoutError):
                wait_until(lambda: not self.view.undecided(), "transactions to end", DECIDED_WITHIN_S)
        wait_until(self.settled, "the running services to read the whole topic", within_s=60, every_s=0.1)

    def close(self) -> None:
        """Stop everything, close the ledgers, delete the topic. Closing twice is fine."""
        self._opened.close()

    def _start_services(self, opened: ExitStack, folder: Path, modules: tuple[ModuleType, ...]) -> None:
        self.ledgers = {
            module.GROUP: opened.enter_context(Ledger(folder / f"{module.GROUP}-{self.topic}.sqlite"))
            for module in modules
        }
        opened.callback(super().close)
        for module in modules:
            self.add(module.GROUP, partial(module.handle, ledger=self.ledgers[module.GROUP]))

    def _start_gateway(self, opened: ExitStack, company: Company) -> str:
        producer = self.cluster.producer()
        opened.callback(producer.close, timeout=2)
        server = HttpServer("gateway", gateway.create(company, producer, self.topic))
        opened.callback(server.stop)
        return server.url


Design = Coupled | EventDriven


def named(*designs: Design) -> dict[str, Design]:
    """The designs by the names that sentences have for them."""
    return {"event-driven" if isinstance(d, EventDriven) else "coupled": d for d in designs}
