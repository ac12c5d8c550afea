"""Where charges are written down: an append-only table in SQLite.

It knows nothing of HTTP or Kafka. `source` and `id` of the event (or request) identify a charge, so
writing the same charge again changes nothing (the idempotent receiver of Enterprise Integration Patterns).
"""

import time
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from fiberlab.database import Stored
from fiberlab.domain import check_amount


@dataclass(frozen=True)
class Charge:
    """One line of the ledger: who is charged how much, in cents, for what, and because of which event.

    Raises AmountError if the amount is not whole cents from 0 to MOST_CENTS.
    """

    source: str
    id: str
    account_id: str
    actor_kind: str
    action: str
    plan: str
    amount_cents: int

    def __post_init__(self) -> None:
        check_amount("amount_cents", self.amount_cents)


class ConflictingChargeError(ValueError):
    """The same source and id came with another charge: two different actions share one id."""


_COLUMNS = ", ".join(field.name for field in fields(Charge))
_INSERT = f"""INSERT INTO charges ({_COLUMNS}, written_at_s) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (source, id) DO NOTHING"""
_TABLE = """
CREATE TABLE IF NOT EXISTS charges (
    source TEXT NOT NULL, id TEXT NOT NULL, account_id TEXT NOT NULL, actor_kind TEXT NOT NULL,
    action TEXT NOT NULL, plan TEXT NOT NULL,
    amount_cents INTEGER NOT NULL CHECK (typeof(amount_cents) = 'integer' AND amount_cents >= 0),
    written_at_s REAL NOT NULL, PRIMARY KEY (source, id));
CREATE TRIGGER IF NOT EXISTS append_only_replace BEFORE INSERT ON charges
    WHEN EXISTS (SELECT 1 FROM charges WHERE source = NEW.source AND id = NEW.id)
    BEGIN SELECT RAISE(IGNORE); END;  -- INSERT OR REPLACE would delete without asking the trigger below
CREATE TRIGGER IF NOT EXISTS append_only_update BEFORE UPDATE ON charges
    BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: write a correcting charge'); END;
CREATE TRIGGER IF NOT EXISTS append_only_delete BEFORE DELETE ON charges
    BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: write a correcting charge'); END;
"""


class Ledger(Stored):
    """A ledger file; made if it is not there. Safe to use from several threads.

    Everything raises DatabaseDownError while the file cannot be used.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path, _TABLE)

    def write(self, charge: Charge) -> bool:
        """Whether the charge is new: False if it was written before and nothing changed.

        Raises ConflictingChargeError if the same source and id stand for another charge.
        """
        new = self._database.change(_INSERT, *astuple(charge), time.time()) == 1
        written = charge if new else self.find(charge.source, charge.id)
        if written != charge:
            raise ConflictingChargeError(f"{charge!r} has the id of {written!r}; choose a new id per action")
        return new

    def find(self, source: str, id: str) -> Charge | None:
        """The charge with this source and id, or None."""
        select = f"SELECT {_COLUMNS} FROM charges WHERE source = ? AND id = ?"
        return next((Charge(*row) for row in self._database.rows(select, source, id)), None)

    def charges(self, after: int = 0) -> list[Charge]:
        """Every charge but the first so many, in the order in which they were written."""
        select = f"SELECT {_COLUMNS} FROM charges WHERE rowid > ? ORDER BY rowid"  # none is ever deleted
        return [Charge(*row) for row in self._database.rows(select, after)]

    def written_at_s(self) -> dict[str, float]:
        """When each charge was written: seconds since 1970 by the charge's id."""
        return dict(self._database.rows("SELECT id, written_at_s FROM charges"))
