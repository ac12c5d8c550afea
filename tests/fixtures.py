"""What every test may ask for: the company, a Kafka, a topic. And no test leaves a thread behind."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from classroom.broker import settings
from classroom.broker.connect import connect
from classroom.chapter import Chapter
from classroom.desk.progress import COPIES
from classroom.world import company as days
from fiberlab.cluster import Cluster
from fiberlab.domain import Company
from fiberlab.mailing import Mailing
from tests.facts import eventually

# An embedded broker has no threads in this process; these belong to libraries and live as long as it does.
LIBRARIES = ("AnyIO worker thread", "asyncio_", "pytest_timeout")


@pytest.fixture(scope="session")
def company() -> Company:
    """The shipped company: price list, accounts, installers."""
    return days.company()


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """The Kafka of the environment, or the embedded broker; one for all tests."""
    with connect(settings.read(os.environ)) as cluster:
        yield cluster


@pytest.fixture
def topic(cluster: Cluster) -> Iterator[str]:
    """A fresh topic of four partitions."""
    name = cluster.fresh_topic("test", 4)
    yield name
    cluster.delete_topic(name)


@pytest.fixture
def chapter() -> Iterator[Chapter]:
    """A chapter on the Kafka of the environment; what it started ends with the test."""
    chapter = Chapter.open("test", os.environ, kafka=False)
    yield chapter
    chapter.close()


@pytest.fixture
def mailing(chapter: Chapter) -> Mailing:
    """Marketing's address book and memory, with the chapter's mail server."""
    return chapter.mailing()


@pytest.fixture
def copies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of working copies, in which this kernel runs."""
    copies = tmp_path / COPIES
    copies.mkdir()
    monkeypatch.chdir(copies)
    return copies


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    """Fail the test that leaves a thread: a client not closed, a worker not stopped."""
    before = set(threading.enumerate())
    yield
    left: list[str] = []

    def none_left() -> bool:
        left[:] = [
            thread.name
            for thread in set(threading.enumerate()) - before
            if not thread.name.startswith(LIBRARIES)
        ]
        return not left

    try:
        eventually(none_left, "threads to end", within_s=10)
    except AssertionError:
        pytest.fail(f"the test left threads behind: {', '.join(sorted(left))}")
