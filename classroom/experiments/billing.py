"""Experiments that several chapters repeat: a day billed by a design, by each, and for several shares."""

from collections import Counter
from collections.abc import Iterable, Sequence

import pandas as pd

from classroom.chapter import Chapter
from classroom.world.bills import bills_of
from classroom.world.company import SHIPPED_SEED, generated_day
from classroom.world.designs import DESIGNS, EVENTS, MODULAR, SHARED, Coupled, Design, EventDriven
from classroom.world.running import progress
from classroom.world.traffic import Replay, replay
from fiberlab.domain import Action


def bill_day(chapter: Chapter, design: Design, day: Sequence[Action]) -> pd.DataFrame:
    """The day's bills (see `bills_of`) after its actions went through the design over HTTP."""
    replay(day, design.url)
    design.settle()
    return bills_of(design, day, chapter.company)


def bill_every_design(chapter: Chapter) -> dict[str, pd.DataFrame]:
    """The shipped day's bills by design: shared module, modular monolith, event-driven."""
    start = {SHARED: chapter.coupled, MODULAR: chapter.monolith, EVENTS: chapter.event_driven}
    return {design: bill_day(chapter, start[design](), chapter.day) for design in DESIGNS}


def bill_shares(chapter: Chapter, percents: Iterable[int], seed: int = SHIPPED_SEED) -> pd.DataFrame:
    """The coupled design's outcome of the same day with these shares of installers' visits.

    Columns: installer_percent, bills, wrong_bills, lost_cents (billed too little; negative: too much).
    """
    days = {percent: generated_day(chapter.company, seed, installer_percent=percent) for percent in percents}
    rows = []
    with progress(len(days), "days, each with another share of installers") as bar:
        for percent, day in days.items():
            rows.append({"installer_percent": percent} | _totals(bill_day(chapter, chapter.coupled(), day)))
            bar.value += 1
    return pd.DataFrame(rows)


def _totals(bills: pd.DataFrame) -> dict[str, int]:
    return {
        "bills": int((bills.expected_cents != 0).sum()),
        "wrong_bills": int((bills.wrong_cents != 0).sum()),
        "lost_cents": -int(bills.wrong_cents.sum()),
    }


def answer_and_bill_times(sent: Replay, design: Design) -> pd.DataFrame:
    """A row per billed action: action_id, answer_s and bill_s, both in seconds since the app sent it."""
    answers = sent.frame().set_index("action_id")
    written = pd.Series(design.written_at_s(), name="written_at_s", dtype=float)
    times = answers.join(written, how="inner")
    times["bill_s"] = times.written_at_s - times.sent_at_s
    return times[["answer_s", "bill_s"]].rename_axis("action_id").reset_index()


def moving_parts(design: Design) -> list[tuple[str, str]]:
    """What has to run for the design to work: (kind, name) of each part."""
    if isinstance(design, Coupled):
        return [("app", "backend"), ("database", "backend's database")]
    services = [("service", name) for name in design.services]
    ledgers = [("database", f"{name.removesuffix('-billing')} ledger") for name in design.services]
    return [("app", "gateway"), ("topic", "plan-events on Kafka"), *services, *ledgers]


def what_to_operate(design: Design) -> dict[str, int]:
    """How much there is to keep running, to watch and to back up in the running design: a number by name."""
    kinds = Counter(kind for kind, _ in moving_parts(design))
    events = isinstance(design, EventDriven)
    partitions, groups = (len(design.view.ends()), len(design.lag())) if events else (0, 0)
    return {
        "moving parts": kinds.total(),
        "apps and services to keep running": kinds["app"] + kinds["service"],
        "databases to back up": kinds["database"],
        "groups whose lag to watch": groups,
        "read positions to keep": partitions * groups,
    }
