"""Does everything run here? One line per requirement, with a fix for what is missing."""

import sys
import tempfile
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from packaging.requirements import Requirement

from fiberlab.api import new_app
from fiberlab.lab.chapter import Chapter
from fiberlab.lab.days import DATA
from fiberlab.lab.http_client import HttpClient
from fiberlab.lab.running import HttpServer
from fiberlab.ledger import Charge, Ledger


class SetUpReport(str):
    """The lines of the report, as they are read in a notebook."""

    def __repr__(self) -> str:
        return str(self)


def check_set_up(chapter: Chapter) -> SetUpReport:
    """One line per requirement: "ok", or "missing" with what to do. Never raises."""
    checks: list[tuple[str, Callable[[], str]]] = [
        ("Python 3.11 or newer", _python),
        ("every package in the pinned version", _packages),
        ("the company's data", lambda: _fails(lambda: chapter.company.plans[chapter.day[0].plan])),
        ("a folder for the ledgers, and SQLite", lambda: _fails(_ledger)),
        ("HTTP on this machine", lambda: _fails(_http)),
        ("a Kafka that answers", lambda: _fails(lambda: chapter.cluster.reader().close())),
    ]
    return SetUpReport("\n".join(_line(what, check()) for what, check in checks))


def _line(what: str, problem: str) -> str:
    return f"missing  {what}: {problem}" if problem else f"ok       {what}"


def _python() -> str:
    return "" if sys.version_info >= (3, 11) else "install a newer one, then run python3 lab.py with it"


def _packages() -> str:
    pins = (line.partition("#")[0].strip() for line in _lines(DATA.parent / "requirements.txt"))
    wrong = sorted(pin for pin in pins if pin and not _installed(Requirement(pin)))
    return f"run python3 lab.py again to install {', '.join(wrong[:3])}" if wrong else ""


def _installed(pin: Requirement) -> bool:
    if pin.name == "confluent-kafka" or (pin.marker and not pin.marker.evaluate()):
        return True  # without the one, a Kafka's address does; whether any Kafka answers is asked below
    try:
        return pin.specifier.contains(version(pin.name), prereleases=True)
    except PackageNotFoundError:
        return False


def _http() -> None:
    server = HttpServer("set-up check", new_app("set-up check"))
    try:
        with HttpClient(server.url) as http:
            http.get("/")
    finally:
        server.stop()


def _ledger() -> None:
    with tempfile.TemporaryDirectory() as folder, Ledger(Path(folder) / "check.sqlite") as ledger:
        ledger.write(Charge("check", "1", "A-0001", "customer", "purchase_plan", "Fiber 300", 3999))


def _fails(attempt: Callable[[], object]) -> str:
    try:
        attempt()
    except Exception as error:
        return f"{error}"
    return ""


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()
