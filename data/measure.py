"""Measure again what measurements.csv ships, by the chapters' own experiments.

python data/measure.py [folder]

Takes a minute or two. Counts and shares come out the same everywhere; milliseconds are this machine's.
"""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from classroom.change.blast import blast_radius
from classroom.change.files import files_to_change
from classroom.change.retest import what_to_test_again
from classroom.chapter import Chapter, close_open_chapter
from classroom.experiments.billing import moving_parts
from classroom.experiments.waiting import who_waits
from classroom.readiness import measurements as made
from classroom.readiness.measurements import COLUMNS, SHIPPED
from classroom.world.company import write_rows
from classroom.world.designs import DESIGNS, EVENTS, MODULAR, SHARED, EventDriven
from fiberlab.eventdriven import customer_billing


def main(folder: Path) -> None:
    """Write measurements.csv into the folder."""
    values: made.Values = {}
    for counted in map(counts, DESIGNS):
        values |= counted
    try:
        chapter = Chapter.open("measure", {}, kafka=False)
        for seen in (*parts(chapter), *waits(chapter)):
            values |= seen
    finally:
        close_open_chapter()
    write_rows(folder / SHIPPED.name, COLUMNS, [row(*item) for item in sorted(values.items(), key=place)])


def counts(design: str) -> made.Values:
    """What is counted on copies of the source."""
    return {
        **made.tests_to_run_again(design, what_to_test_again(design, made.MOST_ACTORS)),
        **made.others_bills_moved(design, blast_radius(design)),
        **made.files_for_a_new_actor(design, files_to_change([design])),
    }


def parts(chapter: Chapter) -> Iterator[made.Values]:
    """What is seen on running designs: their moving parts."""
    for design, start in ((SHARED, chapter.coupled), (MODULAR, chapter.monolith)):
        seen = moving_parts(start())
        yield made.parts(design, seen, seen)  # one backend, however many actors it serves
    with tempfile.TemporaryDirectory() as folder:
        only = EventDriven(chapter.company, Path(folder), chapter.cluster, (customer_billing,))
        one_actor = moving_parts(only)
        only.close()
    yield made.parts(EVENTS, moving_parts(chapter.event_driven()), one_actor)


def waits(chapter: Chapter) -> Iterator[made.Values]:
    """What a small day tells about waiting, failing, answers and bills."""
    waited = who_waits(chapter)
    yield from (made.waiting(design, waited) for design in DESIGNS)


def place(item: tuple[str, float]) -> tuple[int, int]:
    """Where a value stands: by design, then in the order of the sources."""
    design, coefficient = item[0].split("/", 1)
    return DESIGNS.index(design), list(made.SOURCES).index(coefficient)


def row(name: str, value: float) -> tuple[object, ...]:
    """The value as a row of COLUMNS."""
    design, coefficient = name.split("/", 1)
    source = made.SOURCES[coefficient]
    return name, f"{value:g}", source.unit, source.chapter(design), source.how


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else SHIPPED.parent)
