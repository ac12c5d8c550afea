import sqlite3

from fiberlab.eventdriven.events import Event


def handle(event: Event, database: sqlite3.Connection) -> None:
    """Charge the event's list price once, wherever the process dies and however often the event comes.

    Source and id stand in the charge itself, so that a charge and the memory of it cannot part. The ledger
    of Herd Fiber has a key over both besides: two members may ask at the same moment, one of them slow.
    """
    known = "SELECT 1 FROM charges WHERE source = ? AND id = ?"
    if database.execute(known, (event.source, event.id)).fetchone() is None:
        row = event.source, event.id, event.account_id, event.plan.list_price_cents
        with database:
            database.execute("INSERT INTO charges VALUES (?, ?, ?, ?)", row)
