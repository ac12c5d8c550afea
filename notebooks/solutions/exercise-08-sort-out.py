from fiberlab.database import DatabaseDownError
from fiberlab.eventdriven.events import UnreadableEventError
from fiberlab.ledger import ConflictingChargeError
from fiberlab.mailing import MailServerDownError


def what_to_do(error: Exception, place: tuple[int, int], attempts: dict[object, int]) -> str:
    """What to do with the record at this place: "again", "set aside", "skip" or "stop".

    What is away may come back, so it gets 20 attempts, each record its own. What nobody can read stays as it
    is. Any other error is our own fault and would hit every record: stop, before the night is set aside.
    """
    if isinstance(error, UnreadableEventError | ConflictingChargeError):
        return "set aside"
    if not isinstance(error, DatabaseDownError | MailServerDownError | ConnectionError):
        return "stop"
    attempts[place] = attempts.get(place, 0) + 1
    return "again" if attempts[place] < 20 else "set aside"
