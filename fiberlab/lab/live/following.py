"""One action followed on its way: what is known of it at this moment, step by step."""

from collections.abc import Mapping

from fiberlab.domain import Action, Company, dollars, expected_cents
from fiberlab.lab.live.outcomes import Books
from fiberlab.lab.live.reading import TopicReader
from fiberlab.lab.live.sending import Requests
from fiberlab.ledger import Charge


def steps(
    action: Action,
    requests: Mapping[str, Requests],
    reader: TopicReader | None,
    books: Books,
    company: Company,
) -> list[str]:
    """What has happened to the action so far, a sentence each."""
    told = [f"{action.actor.kind} buys {action.plan}"]
    told += [_answer(design, asked, action) for design, asked in requests.items()]
    record = next((r for r in reversed(reader.records) if r.id == action.id), None) if reader else None
    if record:
        told.append(f"event: partition {record.partition}, offset {record.offset}")
        told += [
            f"read by {name}"
            for name, read in reader.cursors.items()
            if read.get(record.partition, 0) > record.offset
        ]
    due = expected_cents(action, company.plans)
    return told + [_bill(design, books.charge(design, action.id), due) for design in requests]


def _answer(design: str, asked: Requests, action: Action) -> str:
    answer = asked.by_hand.get(action.id)
    if not answer:
        return f"{design}: waits for the answer"
    return f"{design}: answered {answer.status} after {answer.answer_s * 1000:,.0f} ms"


def _bill(design: str, charge: Charge | None, due_cents: int) -> str:
    if not charge:
        return f"{design}: not billed yet"
    mark = "✓" if charge.amount_cents == due_cents else "✗"
    return f"{design}: billed {dollars(charge.amount_cents)}, due {dollars(due_cents)} {mark}"
