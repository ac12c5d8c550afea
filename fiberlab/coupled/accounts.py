"""What the backend keeps of each account: its discount. In the same SQLite file as the ledger."""

import sqlite3
import threading
from pathlib import Path


class Accounts:
    """The accounts table; an account without a row has no discount. Safe to use from several threads."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._database = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._database.execute(
            "CREATE TABLE IF NOT EXISTS accounts"
            " (account_id TEXT PRIMARY KEY, discount_percent INTEGER NOT NULL)"
        )

    def discount_percent(self, account_id: str) -> int:
        """The account's discount in percent, 0 if it has none."""
        with self._lock:
            row = self._database.execute(
                "SELECT discount_percent FROM accounts WHERE account_id = ?", (account_id,)
            ).fetchone()
        return row[0] if row else 0

    def set_discount_percent(self, account_id: str, percent: int) -> None:
        """Return once the account has this discount."""
        with self._lock:
            self._database.execute("INSERT OR REPLACE INTO accounts VALUES (?, ?)", (account_id, percent))

    def close(self) -> None:
        """Close the file. Closing twice is fine."""
        with self._lock:
            self._database.close()
