"""Which plan each household's line runs at: a table in SQLite.

It knows nothing of HTTP or Kafka. What is written last counts, so whoever writes must keep the order.
"""

from pathlib import Path

from fiberlab.database import Stored

_TABLE = "CREATE TABLE IF NOT EXISTS lines (account_id TEXT PRIMARY KEY, plan TEXT NOT NULL);"


class Lines(Stored):
    """A file of lines; made if it is not there. Safe to use from several threads.

    Everything raises DatabaseDownError while the file cannot be used.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path, _TABLE)

    def run(self, account_id: str, plan: str) -> None:
        """Return once the household's line runs at this plan, whatever it was before."""
        self._database.change("INSERT OR REPLACE INTO lines VALUES (?, ?)", account_id, plan)

    def end(self, account_id: str) -> None:
        """Return once the household's line runs no more."""
        self._database.change("DELETE FROM lines WHERE account_id = ?", account_id)

    def plans(self) -> dict[str, str]:
        """The plan of every line that runs, by account."""
        return dict(self._database.rows("SELECT account_id, plan FROM lines ORDER BY account_id"))
