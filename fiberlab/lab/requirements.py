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

DATA_FIX = "bring back the files of the folder data, as with git checkout data"
LEDGER_FIX = "free some space in the folder for temporary files, or set TMPDIR to one that can be written"
HTTP_FIX = "let programs of this computer talk to each other at 127.0.0.1; a firewall may forbid it"
KAFKA_FIX = "python3 lab.py doctor says what is wrong on the way to it"


# lab.py leaves these out where they have no wheel; whether a Kafka answers is a check of its own.
WITHOUT_WHEEL = {"confluent-kafka", "cryptography", "lz4", "playwright"}


class SetUpReport(str):
    """The lines of the report, as they are read in a notebook."""

    def __repr__(self) -> str:
        return str(self)


def check_set_up(chapter: Chapter) -> SetUpReport:
    """One line per requirement: "ok", or "missing" with what to do. Never raises."""
    checks: list[tuple[str, Callable[[], str]]] = [
        ("Python 3.11 or newer", _python),
        ("every package in the pinned version", _packages),
        ("the company's data", lambda: _fails(lambda: _data(chapter), DATA_FIX)),
        ("a folder for the ledgers, and SQLite", lambda: _fails(_ledger, LEDGER_FIX)),
        ("HTTP on this machine", lambda: _fails(_http, HTTP_FIX)),
        ("a Kafka that answers", lambda: _fails(lambda: chapter.cluster.reader().close(), KAFKA_FIX)),
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
    if pin.name in WITHOUT_WHEEL or (pin.marker and not pin.marker.evaluate()):
        return True
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


def _data(chapter: Chapter) -> None:
    for action in chapter.day:
        chapter.company.check(action)


def _ledger() -> None:
    with tempfile.TemporaryDirectory() as folder, Ledger(Path(folder) / "check.sqlite") as ledger:
        ledger.write(Charge("check", "1", "A-0001", "customer", "purchase_plan", "Fiber 300", 3999))


def _fails(attempt: Callable[[], object], fix: str) -> str:
    """What is wrong, and its fix; nothing if the attempt succeeds."""
    try:
        attempt()
    except Exception as error:
        return f"{' '.join(str(error).split()) or type(error).__name__}; {fix}"
    return ""


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()
