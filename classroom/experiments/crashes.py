"""A billing process dies after each step of its work, and another goes on: who is charged wrongly?

Most deaths are simulated: an error that no handler sees, and a consumer that leaves without a word. That a
killed process leaves the same behind is shown by killing some. And once nobody dies: a member is slow.
"""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

import pandas as pd
from kafka import KafkaConsumer
from kafka.errors import CommitFailedError

from classroom.chapter import Chapter
from classroom.experiments import strategies
from classroom.experiments.strategies import STRATEGIES, Died, Fuse
from classroom.world.running import Worker, progress, wait_until
from classroom.world.topic import write
from fiberlab.cluster import Cluster
from fiberlab.domain import SALES, Action, Company, dollars, expected_cents

Charged = Mapping[str, int]  # how often each sale was charged, by its id
AT_ONCE = 4  # processes
# A member leaves after half a second without a poll; it looks at its clock with each heartbeat.
IMPATIENT = {"max_poll_interval_ms": 500, "heartbeat_interval_ms": 100}


def first_sales(chapter: Chapter, count: int = 6) -> list[Action]:
    """The first sales of the day that customers made in the app."""
    return [a for a in chapter.day if a.name in SALES and a.actor.kind == "customer"][:count]


class Place(NamedTuple):
    """A place to die: after this step of this strategy."""

    strategy: str
    number: int
    step: str


@dataclass(frozen=True)
class Night:
    """Sales on a topic with one partition, and a folder for the databases of who bills them."""

    cluster: Cluster
    topic: str
    folder: Path

    def places(self, name: str) -> Iterator[Place]:
        """Where one can die: each step of a life of this strategy in which nobody does."""
        steps = self._live(name, *self.new())
        return (Place(name, number, step) for number, step in enumerate(steps, start=1))

    def simulated(self, place: Place) -> Charged:
        """What is charged in the end if a life ends here as if it were killed, and another goes on."""
        group, file = self.new()
        for dies_at in (place.number, None):
            self._live(place.strategy, group, file, dies_at)
        return strategies.charged(file)

    def killed(self, place: Place) -> Charged:
        """The same, but the first life is a process that is really killed. Raises NotKilledError."""
        group, file = self.new()
        strategies.killed(self.cluster, self.topic, group, file, place.strategy, place.number)
        self._live(place.strategy, group, file)
        return strategies.charged(file)

    def _live(self, name: str, group: str, file: Path, dies_at: int | None = None) -> list[str]:
        fuse, connect = Fuse(dies_at), partial(strategies.alone, self.cluster, self.topic, group)
        with suppress(Died):
            strategies.live(connect, file, STRATEGIES[name], fuse)
        return fuse.steps

    def new(self) -> tuple[str, Path]:
        """The names of a group and of a database that nobody has used."""
        name = uuid4().hex[:8]
        return name, self.folder / f"{name}.sqlite"


@contextmanager
def night(chapter: Chapter, sales: Sequence[Action]) -> Iterator[Night]:
    """A night with these sales; topic and folder go with it."""
    topic = chapter.topic("night", partitions=1)
    write(chapter, topic, sales)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        yield Night(chapter.cluster, topic, Path(folder))
    chapter.cluster.delete_topic(topic)


def deaths(chapter: Chapter, *names: str, killed: bool = False) -> pd.DataFrame:
    """What the day's first six sales cost whom, for a death after every step and a second life that goes on.

    names: of STRATEGIES; none means all. killed: each life is a process, and the first is really killed.
    A row per death: strategy, number, step, lost_cents, double_cents; lost and twice name the households.
    """
    sales = first_sales(chapter)
    with night(chapter, sales) as one, ThreadPoolExecutor(AT_ONCE) as pool:
        places = [place for name in names or STRATEGIES for place in one.places(name)]
        with progress(len(places), "deaths, each after another step") as bar:
            ends = []
            for end in pool.map(one.killed, places) if killed else map(one.simulated, places):
                ends.append(end)
                bar.value += 1
    named = pd.DataFrame(places, columns=["strategy", "number", "step"])
    return named.join(wrong(chapter.company, sales, ends))


def wrong(company: Company, sales: Sequence[Action], ends: Sequence[Mapping[str, int]]) -> pd.DataFrame:
    """What is lost and what is charged twice in each of the ends, in cents and by name."""
    cents = {sale.id: expected_cents(sale, company.plans) for sale in sales}
    names = {sale.id: company.accounts[sale.account_id].name for sale in sales}
    rows = []
    for charged in ends:
        lost = [id for id in cents if not charged[id]]
        twice = [id for id in cents if charged[id] > 1]
        rows.append(
            {
                "lost_cents": sum(cents[id] for id in lost),
                "double_cents": sum(cents[id] * (charged[id] - 1) for id in twice),
                "lost": [names[id] for id in lost],
                "twice": [names[id] for id in twice],
            }
        )
    return pd.DataFrame(rows)


def totals(deaths: pd.DataFrame) -> pd.DataFrame:
    """Per strategy: at how many places one can die, at how many a bill is wrong then, and the sums."""
    found = deaths.assign(wrong=deaths.lost_cents + deaths.double_cents > 0).groupby("strategy", sort=False)
    return pd.DataFrame(
        {
            "places": found.size(),
            "wrong at": found.wrong.sum(),
            "never charged": found.lost_cents.sum().map(dollars),
            "charged twice": found.double_cents.sum().map(dollars),
        }
    )


def calls(deaths: pd.DataFrame) -> pd.DataFrame:
    """Whom to call after each death."""
    return pd.DataFrame(
        {
            "dies after": deaths.number.astype(str) + " " + deaths.step,
            "never charged": deaths.lost.map(", ".join),
            "charged twice": deaths.twice.map(", ".join),
            "wrong by": (deaths.lost_cents + deaths.double_cents).map(dollars),
        }
    ).set_index("dies after")


def as_simulated(killed: pd.DataFrame, simulated: pd.DataFrame) -> pd.Series:
    """Per strategy, after how many real deaths the bills are those of the simulated ones: "10 of 10"."""
    both = killed.merge(simulated, on=["strategy", "number", "step"], suffixes=("", "_simulated"))
    same = (both.lost_cents == both.lost_cents_simulated) & (both.double_cents == both.double_cents_simulated)
    counts = same.groupby(both.strategy, sort=False).agg(["sum", "size"])
    return (counts["sum"].astype(str) + " of " + counts["size"].astype(str)).rename("as simulated")


def slow_member(chapter: Chapter, name: str = "charge, then commit") -> tuple[pd.DataFrame, pd.DataFrame]:
    """What two members of a group do while the first is slow at its first sale, and what comes of it.

    First a row per step, in order: member ("A" or "B") and step; then the row of `wrong`. B gets the
    partition when A has not polled for too long. A charges its batch all the same; its commit is refused.
    """
    acts: list[tuple[str, str]] = []

    def done_by_a(step: str) -> None:
        acts.append(("A", step))
        if len(acts) == 1:
            b.start()
            wait_until(lambda: not b.running, "the other member to bill everything")
            b.raise_error()

    sales = first_sales(chapter)
    with progress(1, "slow member, and another"), night(chapter, sales) as one:
        group, file = one.new()
        join = partial(_member, one.cluster, one.topic, group)
        live = partial(strategies.live, file=file, strategy=STRATEGIES[name])
        b = Worker("B", lambda _: live(join, done=lambda step: acts.append(("B", step))))
        with suppress(CommitFailedError):
            live(partial(join, **IMPATIENT), done=done_by_a)
        if acts[-1] != ("A", "commit"):
            acts.append(("A", "refused"))
        came = wrong(chapter.company, sales, [strategies.charged(file)])
    return pd.DataFrame(acts, columns=["member", "step"]), came


def _member(cluster: Cluster, topic: str, group: str, **settings: object) -> KafkaConsumer:
    """A member of the group that owns the partition, at its start."""
    consumer = cluster.consumer(topic, group, **settings)
    while not consumer.assignment():
        consumer.poll(timeout_ms=1000)  # kafka-python loses a join that is over while no poll waits for it
    consumer.seek_to_beginning()
    return consumer
