"""Who waits: a small day goes to each design while billing is healthy, while it is slow, while it is down.

The fault is made in the ledgers, the same for every design, and ends once the day is sent. Only sales are
billed: browsing waits for billing in no design.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import pandas as pd

from classroom.chapter import Chapter
from classroom.world.company import generated_day
from classroom.world.designs import DESIGNS, EVENTS, MODULAR, SHARED, Design, EventDriven, folder_of
from classroom.world.running import progress, wait_until
from classroom.world.traffic import CLIENTS, FEW_ATTEMPTS, Replay, replay
from fiberlab.domain import SALES, Action, Company

CONDITIONS = HEALTHY, SLOW, DOWN = "healthy", "slow", "down"
SLOW_S = 0.2  # how long a bill takes while billing is slow


def who_waits(
    chapter: Chapter,
    design_names: Sequence[str] = DESIGNS,
    day: Sequence[Action] | None = None,
    clients: int = CLIENTS,
) -> pd.DataFrame:
    """What became of every action of a small day, in each of the designs and under each of CONDITIONS.

    A row per action: design, condition, action_id, sale (or not), accepted, answer_s, bill_s (from the first
    attempt until the bill is written, NaN without one) and billed: in the end, with billing back again.
    Each design is started anew, which closes the chapter's earlier one. Raises UnknownDesignError.

    "down" is a ledger that cannot be written. A backend answers 503, and a sale that its app gave up is lost.
    A billing service stops at the event that it cannot bill, uncommitted, as at any error: that, and not a
    service that somebody stopped in good order, is what the same fault does to it. When the ledger is back
    the service is started again, as an operator does, and goes on with that event.
    """
    starts = [_start(chapter, name) for name in design_names]
    day = small_day(chapter.company) if day is None else day
    tables = []
    with progress(len(starts) * len(CONDITIONS), "small days: billing healthy, slow and down") as bar:
        for name, start in zip(design_names, starts, strict=True):
            design = start()
            _send(design, day[:1], "first", clients)  # connections are made, and the groups are complete
            for condition in CONDITIONS:
                tables.append(_send(design, day, condition, clients).assign(design=name, condition=condition))
                bar.value += 1
    return pd.concat(tables, ignore_index=True)


def small_day(company: Company) -> tuple[Action, ...]:
    """60 actions; ten of them are sales, half by customers and half by installers."""
    return generated_day(company, seed=9, actions=60, installer_percent=40)


def _start(chapter: Chapter, name: str) -> Callable[[], Design]:
    folder_of(name)  # raises UnknownDesignError
    return {SHARED: chapter.coupled, MODULAR: chapter.monolith, EVENTS: chapter.event_driven}[name]


def _send(design: Design, day: Sequence[Action], condition: str, clients: int) -> pd.DataFrame:
    """The day's rows, sent with ids of its own while billing is in this condition."""
    day = [replace(action, id=f"{action.id}-{condition}") for action in day]
    _make_billing(design, condition)
    sent = replay(day, design.url, clients, attempts=FEW_ATTEMPTS)
    if condition == DOWN:
        _bring_billing_back(design)
    design.settle()
    _make_billing(design, HEALTHY)
    return _rows(day, sent, design.written_at_s())


def _make_billing(design: Design, condition: str) -> None:
    for ledger in design.ledgers.values():
        ledger.delay_s = SLOW_S if condition == SLOW else 0
        ledger.down = condition == DOWN


def _bring_billing_back(design: Design) -> None:
    """Return once the ledgers can be written again, and the services that stopped at a sale are started."""
    stopped: set[str] = set()
    if isinstance(design, EventDriven):
        wait_until(lambda: _all_stopped_or_done(design), "each service to stop at a sale or to read all")
        stopped = design.services.keys() - design.running()
    _make_billing(design, HEALTHY)
    for name in stopped:
        design.start(name)


def _all_stopped_or_done(design: EventDriven) -> bool:
    return all(lag == 0 or name not in design.running() for name, lag in design.lag().items())


def _rows(day: Sequence[Action], sent: Replay, written_at_s: dict[str, float]) -> pd.DataFrame:
    answers = sent.frame()
    written = answers.action_id.map(written_at_s).astype(float)
    return pd.DataFrame(
        {
            "action_id": answers.action_id,
            "sale": [action.name in SALES for action in day],
            "accepted": answers.status.between(200, 299),
            "answer_s": answers.answer_s,
            "bill_s": written - answers.sent_at_s,
            "billed": written.notna(),
        }
    )
