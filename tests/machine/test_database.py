"""Whatever befalls a file of ours, it is told as one error, and ends when its cause does."""

import sqlite3
from collections.abc import Callable
from contextlib import closing

import pytest

from fiberlab.coupled.accounts import Accounts
from fiberlab.database import Database, DatabaseDownError
from fiberlab.ledger import Charge, Ledger
from fiberlab.mailing import Mailing, MailServer
from tests.machine.small_disk import SmallDisk

CHARGE = Charge("/gateway", "a-1", "A-1", "customer", "purchase_plan", "Fiber 300", 3999)
TABLE = "CREATE TABLE IF NOT EXISTS things (name TEXT PRIMARY KEY, many INTEGER NOT NULL);"

OWNERS = {
    "ledger": Ledger,
    "accounts": Accounts,
    "mailing": lambda path: Mailing(path, MailServer("127.0.0.1", 25)),
}
USES = {
    "ledger": (lambda it: it.write(CHARGE), lambda it: it.find("/gateway", "a-1"), Ledger.charges),
    "accounts": (lambda it: it.set_discount_percent("A-1", 20), lambda it: it.discount_percent("A-1")),
    "mailing": (lambda it: it.remember("/g", "a-1"), lambda it: it.remembers("/g", "a-1")),
}


@pytest.mark.parametrize("owner", OWNERS)
def test_a_file_that_cannot_be_opened_is_named(owner, tmp_path):
    with pytest.raises(DatabaseDownError, match=r"missing.x\.sqlite.*unable to open"):
        OWNERS[owner](tmp_path / "missing" / "x.sqlite")


@pytest.mark.parametrize("owner", OWNERS)
def test_a_file_that_is_no_database_is_named(owner, tmp_path):
    (tmp_path / "x.sqlite").write_bytes(b"no database at all " * 500)
    with pytest.raises(DatabaseDownError, match=r"x\.sqlite.*not a database"):
        OWNERS[owner](tmp_path / "x.sqlite")


@pytest.mark.parametrize("owner", OWNERS)
def test_a_file_whose_middle_was_damaged_is_down(owner, tmp_path):
    path = tmp_path / "x.sqlite"
    with closing(OWNERS[owner](path)) as it:
        USES[owner][0](it)
    path.write_bytes(path.read_bytes()[:200] + b"\x13" * (path.stat().st_size - 200))
    with pytest.raises(DatabaseDownError, match=r"x\.sqlite.*malformed"), closing(OWNERS[owner](path)) as it:
        USES[owner][0](it)


@pytest.mark.parametrize("owner", OWNERS)
def test_a_file_that_is_removed_while_it_is_open_goes_on_for_whoever_has_it(owner, tmp_path):
    with closing(OWNERS[owner](tmp_path / "x.sqlite")) as it:
        for file in tmp_path.iterdir():
            file.unlink()
        USES[owner][0](it)
        assert USES[owner][1](it)


@pytest.mark.parametrize("owner", OWNERS)
def test_a_file_that_somebody_locks_is_down_and_back_when_the_lock_is(owner, tmp_path):
    with (
        closing(OWNERS[owner](tmp_path / "x.sqlite")) as it,
        closing(sqlite3.connect(tmp_path / "x.sqlite", isolation_level=None)) as somebody,
    ):
        it._database.rows("PRAGMA busy_timeout = 1")
        somebody.execute("BEGIN EXCLUSIVE")
        is_down(it, USES[owner][0])
        somebody.execute("COMMIT")
        USES[owner][0](it)
        assert USES[owner][1](it)


@pytest.mark.parametrize("owner", OWNERS)
def test_a_file_on_a_full_disk_is_down_and_back_when_there_is_room(owner, tmp_path):
    with SmallDisk(tmp_path) as disk:
        with closing(OWNERS[owner](tmp_path / "x.sqlite")) as it:
            disk.fill()
            is_down(it, USES[owner][0])
            assert not USES[owner][1](it)  # what is there can be read
            disk.empty()
            USES[owner][0](it)
            assert USES[owner][1](it)
        disk.fill()
        with pytest.raises(DatabaseDownError, match="full"):
            OWNERS[owner](tmp_path / "y.sqlite")


def test_the_log_does_not_fill_a_small_disk(tmp_path):
    with SmallDisk(tmp_path), Ledger(tmp_path / "x.sqlite") as ledger:
        for number in range(1000):
            ledger.write(Charge("/gateway", f"a-{number}", "A-1", "customer", "purchase_plan", "x", 3999))
        assert len(ledger.charges()) == 1000


def test_a_broken_rule_and_a_closed_file_keep_their_own_errors(tmp_path):
    with closing(Database(tmp_path / "x.sqlite", TABLE)) as database:
        assert database.change("INSERT INTO things VALUES (?, ?)", "a", 1) == 1
        with pytest.raises(sqlite3.IntegrityError):
            database.change("INSERT INTO things VALUES (?, ?)", "a", 2)
        assert database.rows("SELECT * FROM things") == [("a", 1)]
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        database.rows("SELECT * FROM things")


def is_down(it: object, use: Callable[[object], object]) -> None:
    with pytest.raises(DatabaseDownError, match=r"x\.sqlite.*try again later"):
        use(it)
