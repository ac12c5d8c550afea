"""An SQLite file that several threads share, and one error for all that can befall it. It knows no table."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

LOG_PAGES = 100  # 400 KB beside the file, then SQLite writes them into it; its own 4 MB fill a small disk


class DatabaseDownError(RuntimeError):
    """The file cannot be read or written now: it is locked, damaged or gone, or the disk is full."""


class Database:
    """A file with these tables, made if they are not there. Everything raises DatabaseDownError."""

    def __init__(self, path: Path, tables: str) -> None:
        self._path, self._lock = path, threading.Lock()
        with self._turn():
            self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        try:
            with self._turn():
                with suppress(sqlite3.OperationalError):  # refused while another connection switches the file
                    self._connection.execute("PRAGMA journal_mode = WAL")
                self._connection.executescript(f"PRAGMA wal_autocheckpoint = {LOG_PAGES};{tables}")
        except DatabaseDownError:
            self.close()
            raise

    def rows(self, statement: str, *values: object) -> list[tuple]:
        """The rows that the statement finds; ? in it stands for the next value."""
        with self._turn():
            return self._connection.execute(statement, values).fetchall()

    def change(self, statement: str, *values: object) -> int:
        """How many rows the statement has changed: all that it should, or none."""
        with self._turn():
            return self._connection.execute(statement, values).rowcount

    def close(self) -> None:
        """Close the file. Closing twice is fine."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """While it is this thread's turn. A statement that breaks a rule of the tables raises what it did."""
        try:
            with self._lock:
                yield
        except sqlite3.DatabaseError as error:
            if type(error) not in (sqlite3.OperationalError, sqlite3.DatabaseError):
                raise
            raise DatabaseDownError(
                f"the database {str(self._path)!r} cannot be used now ({error}); try again later"
            ) from error


class Stored:
    """What has its tables in a file: end it with `close()`, or use it in a `with` statement."""

    def __init__(self, path: Path, tables: str) -> None:
        self._database = Database(path, tables)

    def close(self) -> None:
        """Close the file. Closing twice is fine."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
