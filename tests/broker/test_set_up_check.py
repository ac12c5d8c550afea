"""The set-up check: what is missing is named with its fix, whatever is missing."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from classroom.chapter import Chapter
from classroom.commands import doctor
from classroom.commands.doctor import check_set_up

pytestmark = pytest.mark.embedded


def breaks(*_: object) -> None:
    raise OSError("it broke\nin two lines")


@pytest.fixture
def chapter() -> Chapter:
    chapter = Chapter.open("00", {}, kafka=False)
    yield chapter
    chapter.close()


def test_where_all_is_there_every_line_is_ok(chapter):
    assert all(line.startswith("ok  ") for line in check_set_up(chapter).splitlines())


def no_plan(chapter: Chapter, _: pytest.MonkeyPatch) -> None:
    chapter.company = replace(chapter.company, plans={})


def no_kafka(chapter: Chapter, _: pytest.MonkeyPatch) -> None:
    vars(chapter)["cluster"] = SimpleNamespace(reader=breaks, close=lambda: None)


def old_python(_: Chapter, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(doctor.sys, "version_info", (3, 10))


def no_packages(_: Chapter, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(doctor, "_installed", lambda _: False)


def no_ledger(_: Chapter, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(doctor, "Ledger", breaks)


def no_http(_: Chapter, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(doctor, "HttpServer", breaks)


MISSING = {
    "Python 3.11 or newer": (old_python, "install a newer one, then run python3 lab.py with it"),
    "every package, in a version that fits": (no_packages, "python3 lab.py does it"),
    "the company's data": (no_plan, doctor.DATA_FIX),
    "a folder for the ledgers, and SQLite": (no_ledger, doctor.LEDGER_FIX),
    "HTTP on this machine": (no_http, doctor.HTTP_FIX),
    "a Kafka that answers": (no_kafka, doctor.KAFKA_FIX),
}


@pytest.mark.parametrize("what", MISSING)
def test_what_is_missing_is_one_line_with_its_fix(what, chapter, monkeypatch):
    break_it, fix = MISSING[what]
    with monkeypatch.context() as patch:
        break_it(chapter, patch)
        report = check_set_up(chapter)
    (line,) = [line for line in report.splitlines() if not line.startswith("ok  ")]
    assert line.startswith(f"missing  {what}: ")
    assert fix in line


def test_every_requirement_has_its_case(chapter):
    assert [line[9:] for line in check_set_up(chapter).splitlines()] == list(MISSING)
