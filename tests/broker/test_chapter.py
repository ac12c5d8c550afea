"""A chapter's workplace: one at a time, ready at once, and nothing left when it is closed."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

import fiberlab
from classroom import chapter as chapter_module
from classroom.chapter import Chapter, close_open_chapter
from classroom.world import designs
from classroom.world.traffic import replay
from fiberlab.clients import NoKafkaError
from fiberlab.eventdriven import installer_billing
from tests.facts import children, eventually, files_open, is_gone, seconds

ROOT = Path(fiberlab.__file__).parents[1]


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    yield
    close_open_chapter()


def folder(chapter: Chapter) -> Path:
    return Path(chapter._folder.name)


def kill_broker(chapter: Chapter) -> None:
    broker = chapter.cluster.broker
    os.kill(broker._child.pid, signal.SIGKILL)
    eventually(lambda: not broker.alive, "the broker to die")


def test_an_open_chapter_has_the_company_its_day_and_a_folder_and_starts_nothing():
    processes, threads = children(), set(threading.enumerate())
    chapter = Chapter.open("05", {}, kafka=False)
    assert chapter.number == "05"
    assert len(chapter.day) == 1200
    assert {action.account_id for action in chapter.day} <= set(chapter.company.accounts)
    assert "fiberlab-05-" in folder(chapter).name
    assert children() == processes
    assert set(threading.enumerate()) <= threads


def test_opening_again_closes_the_first():
    first = Chapter.open("05", {}, kafka=False)
    first.coupled()
    first.event_driven()
    broker = first.cluster.broker
    second = Chapter.open("05", {}, kafka=False)
    assert not broker.alive
    assert not folder(first).exists()
    assert folder(second).is_dir()
    assert [thread.name for thread in threading.enumerate() if thread.name in ("backend", "gateway")] == []


def test_a_chapter_leaves_no_thread_file_process_or_folder():
    Chapter.open("05", {}, kafka=False).coupled()
    close_open_chapter()
    files, threads, processes = files_open(), set(threading.enumerate()), children()
    chapter = Chapter.open("05", {}, kafka=False)
    for design in (chapter.coupled(), chapter.event_driven()):
        replay(chapter.day[:30], design.url)
        design.settle()
    name = chapter.topic("news")
    assert name.startswith(f"{chapter.cluster.namespace}news-")
    where = folder(chapter)
    assert children() > processes
    chapter.close()
    chapter.close()
    assert children() == processes
    assert not where.exists()
    eventually(lambda: set(threading.enumerate()) <= threads, "all threads to end")
    eventually(lambda: files_open() <= files, "all files to be closed")


def test_a_new_design_replaces_the_earlier_one_of_its_kind_and_starts_empty():
    chapter = Chapter.open("05", {}, kafka=False)
    for make in (chapter.coupled, chapter.event_driven):
        first = make()
        replay(chapter.day[:100], first.url)
        first.settle()
        assert first.charges()
        second = make()
        assert second.charges() == []
        assert second.url != first.url
    assert sum(thread.name in ("backend", "gateway") for thread in threading.enumerate()) == 2


def broken(monkeypatch) -> None:
    def handle(event: object, ledger: object) -> None:
        raise ZeroDivisionError("the tax rate")

    ill = SimpleNamespace(GROUP="customer-billing", handle=handle)
    defaults = (*designs.EventDriven.__init__.__defaults__[:-1], (ill, installer_billing))
    monkeypatch.setattr(designs.EventDriven.__init__, "__defaults__", defaults)


def fail(chapter: Chapter) -> designs.EventDriven:
    design = chapter.event_driven()
    replay(chapter.day[:5], design.url)
    eventually(lambda: design.status()["customer-billing"].startswith("failed: "), "the service to fail")
    return design


def test_a_failed_service_does_not_keep_the_next_system_from_starting(monkeypatch):
    chapter = Chapter.open("05", {}, kafka=False)
    with monkeypatch.context() as during:
        broken(during)
        fail(chapter)
    design = chapter.event_driven()
    assert set(design.status().values()) == {"running"}
    replay(chapter.day[:5], design.url)
    design.settle()


def test_a_failed_service_does_not_keep_the_chapter_from_closing_or_opening(monkeypatch):
    chapter = Chapter.open("05", {}, kafka=False)
    broken(monkeypatch)
    fail(chapter)
    Chapter.open("05", {}, kafka=False).close()
    assert not folder(chapter).exists()


def test_a_dead_broker_does_not_keep_the_chapter_from_being_set_up_again():
    chapter = Chapter.open("05", {}, kafka=False)
    chapter.topic("news")
    chapter.event_driven()
    kill_broker(chapter)
    again: list[Chapter] = []
    assert seconds(lambda: again.append(Chapter.open("05", {}, kafka=False))) < 20
    assert not folder(chapter).exists()
    design = again[0].event_driven()
    replay(again[0].day[:5], design.url)
    design.settle()


def test_what_goes_wrong_with_one_part_does_not_keep_the_others_from_closing(monkeypatch):
    chapter = Chapter.open("05", {}, kafka=False)
    design = chapter.event_driven()
    broker, where = chapter.cluster.broker, folder(chapter)

    def refuse(kind: type) -> None:
        raise OSError("not now")

    monkeypatch.setattr(chapter, "_close", refuse)
    with pytest.raises(OSError, match="not now"):
        chapter.close()
    assert not broker.alive
    assert not where.exists()
    design.close()


@pytest.mark.parametrize("nothing", [{}, {"KAFKA_BOOTSTRAP_SERVERS": ""}])
def test_without_an_address_it_is_the_embedded_broker(nothing):
    assert Chapter.open("04", nothing, kafka=False).cluster.broker.isolates is False


def test_an_address_that_does_not_answer_is_an_error_and_never_the_embedded_broker(monkeypatch):
    monkeypatch.setattr("fiberlab.clients.ANSWER_WITHIN_S", 0.5)
    processes = children()
    chapter = Chapter.open("04", {"KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1"}, kafka=False)
    for _ in range(2):
        with pytest.raises(NoKafkaError, match=r"'127\.0\.0\.1:1'"):
            chapter.event_driven()
    assert children() == processes
    chapter.close()


@pytest.mark.kafka
def test_an_address_that_answers_is_used_and_stays_when_the_chapter_closes(cluster):
    chapter = Chapter.open("04", {"KAFKA_BOOTSTRAP_SERVERS": cluster.bootstrap_servers}, kafka=False)
    assert chapter.cluster.broker.isolates
    assert chapter.cluster.bootstrap_servers == cluster.bootstrap_servers
    chapter.close()
    with cluster.reader() as reader:
        assert reader.topics() is not None


def test_a_kernel_that_ends_without_clean_up_leaves_no_process_and_no_folder():
    code = """
from classroom.chapter import Chapter
chapter = Chapter.open("05", {}, kafka=False)
chapter.event_driven()
print(chapter.cluster.broker._child.pid, chapter._folder.name, flush=True)
"""
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=50, check=True
    )
    pid, where = ended.stdout.split()
    assert ended.stderr == ""
    assert is_gone(int(pid))
    assert not Path(where).exists()


def test_closing_when_nothing_is_open_is_fine():
    close_open_chapter()
    close_open_chapter()
    assert chapter_module._open == []
