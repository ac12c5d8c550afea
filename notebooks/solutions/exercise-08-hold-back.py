from collections.abc import Sequence

from classroom.world.topic import Record


def next_step(record: Record, waiting: Sequence[Record]) -> str:
    """What to do with the record: "handle" or "wait", because an earlier event of its household waits.

    A dead letter waits, too: what comes later must not overtake its redrive. The offset says what is earlier,
    for all events of a household are in one partition.
    """
    for other in waiting:
        if other.account_id == record.account_id and other.offset < record.offset:
            return "wait"
    return "handle"
