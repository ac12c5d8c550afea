"""What the backend keeps of each account: its discount. In the same SQLite file as the ledger."""

from pathlib import Path

from fiberlab.database import Database

_TABLE = """
CREATE TABLE IF NOT EXISTS accounts (account_id TEXT PRIMARY KEY, discount_percent INTEGER NOT NULL);
"""


class Accounts:
    """The accounts table; an account without a row has no discount. Safe to use from several threads.

    Everything raises DatabaseDownError while the file cannot be used.
    """

    def __init__(self, path: Path) -> None:
        self._database = Database(path, _TABLE)

    def discount_percent(self, account_id: str) -> int:
        """The account's discount in percent, 0 if it has none."""
        select = "SELECT discount_percent FROM accounts WHERE account_id = ?"
        return next((percent for (percent,) in self._database.rows(select, account_id)), 0)

    def set_discount_percent(self, account_id: str, percent: int) -> None:
        """Return once the account has this discount."""
        self._database.change("INSERT OR REPLACE INTO accounts VALUES (?, ?)", account_id, percent)

    def close(self) -> None:
        """Close the file. Closing twice is fine."""
        self._database.close()
