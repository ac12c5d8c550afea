from collections import Counter
from collections.abc import Sequence

from fiberlab.eventdriven.events import Event
from fiberlab.ledger import Charge


def to_call(
    sales: Sequence[Event], ledger: Sequence[Charge], committed: int, once: bool
) -> tuple[set[str], set[str]]:
    """The accounts that are never charged, and those charged twice, once customer billing has gone on.

    What is before the committed offset is never read again; what is not comes again, charged or not. Counted
    is per sale: a household's lost sale and its double one do not make a right bill.
    """
    written = Counter((line.source, line.id) for line in ledger)
    never, twice = set(), set()
    for offset, sale in enumerate(sales):
        times = written[sale.source, sale.id]
        if offset >= committed and not (once and times):
            times += 1
        if sale.actor.kind == "customer" and times != 1:
            (twice if times else never).add(sale.account_id)
    return never, twice
