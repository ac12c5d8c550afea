"""Chapter 05b: the alarm on the lag, and how late a bill is."""

from itertools import pairwise

from fiberlab.lab.exercises.alarm import check_alarm
from fiberlab.lab.exercises.late import check_late
from tests.exercises.proof import Proof

Look = dict[str, list[tuple[int, int]]]


def still(before: Look, after: Look, name: str) -> list[bool]:
    lanes = zip(before[name], after[name], strict=True)
    return [now[0] == then[0] != then[1] for then, now in lanes]


def by_name(before: Look, after: Look) -> list[str]:
    return [name for name in sorted(before) if any(still(before, after, name))]


def by_what_is_left(before: Look, after: Look) -> list[str]:
    """Of what was to be read at the first look, nothing was."""
    found = set()
    for name in before:
        for n, (committed, end) in enumerate(before[name]):
            if end > committed and after[name][n][0] - committed == 0:
                found.add(name)
    return sorted(found)


def lag(lanes: list[tuple[int, int]]) -> int:
    return sum(end - committed for committed, end in lanes)


def read(lanes: list[tuple[int, int]]) -> int:
    return sum(committed for committed, _ in lanes)


def with_queue(sales_at_ms: list[int], bill_ms: int) -> list[int]:
    written: list[int] = []
    for at in sales_at_ms:
        written.append(bill_ms + (at if not written or written[-1] < at else written[-1]))
    return [done - at for done, at in zip(written, sales_at_ms, strict=True)]


def by_recursion(sales_at_ms: list[int], bill_ms: int) -> list[int]:
    """Lindley: what the sale before had to wait, less the time between the two."""
    waits = [0] if sales_at_ms else []
    for before, at in pairwise(sales_at_ms):
        waits.append(max(0, waits[-1] + bill_ms - (at - before)))
    return [wait + bill_ms for wait in waits]


def by_time(sales_at_ms: list[int], bill_ms: int) -> list[int]:
    """Keeps one bill for each moment, as a dict by the time of the sale does."""
    last = dict(zip(sales_at_ms, by_recursion(sales_at_ms, bill_ms), strict=True))
    return [last[at] for at in sales_at_ms]


def only_the_one_before(sales_at_ms: list[int], bill_ms: int) -> list[int]:
    """As if the sale before had found the service idle."""
    late = [bill_ms for _ in sales_at_ms]
    for n in range(1, len(late)):
        late[n] += max(0, sales_at_ms[n - 1] + bill_ms - sales_at_ms[n])
    return late


PROOFS = {
    "exercise-05b-alarm": Proof(
        check_alarm,
        right=(by_name, by_what_is_left),
        wrong={
            "the first partition": (
                lambda before, after: [name for name in sorted(before) if still(before, after, name)[0]],
                "look at all of them",
            ),
            "as they come": (
                lambda before, after: [name for name in before if any(still(before, after, name))],
                "to be in order",
            ),
            "any lag": (
                lambda before, after: sorted(name for name in after if lag(after[name])),
                "reads on needs nobody",
            ),
            "only the sum": (
                lambda before, after: sorted(
                    name for name in after if lag(before[name]) and read(before[name]) == read(after[name])
                ),
                "while the others move",
            ),
            "unmoved is enough": (
                lambda before, after: sorted(
                    name
                    for name in after
                    if any(old[0] == new[0] for old, new in zip(before[name], after[name], strict=True))
                ),
                "nowhere to move",
            ),
            "the lag grew": (
                lambda before, after: sorted(name for name in after if lag(after[name]) > lag(before[name])),
                "on a quiet night",
            ),
            "what has just come": (
                lambda before, after: sorted(
                    name
                    for name in after
                    if any(
                        old[0] == new[0] < new[1] for old, new in zip(before[name], after[name], strict=True)
                    )
                ),
                "has had no time",
            ),
        },
    ),
    "exercise-05b-late": Proof(
        check_late,
        right=(with_queue, by_recursion),
        wrong={
            "side by side": (lambda sales, bill_ms: [bill_ms] * len(sales), "one bill at a time"),
            "all came at once": (
                lambda sales, bill_ms: [bill_ms * (n + 1) for n in range(len(sales))],
                "has waited less",
            ),
            "never idle": (
                lambda sales, bill_ms: [sales[0] + bill_ms * (n + 1) - at for n, at in enumerate(sales)],
                "the service idles",
            ),
            "one per moment": (by_time, "have a bill each"),
            "busy from the start": (
                lambda sales, bill_ms: [bill_ms * (n + 1) - at for n, at in enumerate(sales)],
                "nothing to bill",
            ),
            "only the one before": (only_the_one_before, "may have waited, too"),
            "until it is begun": (
                lambda sales, bill_ms: [late - bill_ms for late in with_queue(sales, bill_ms)],
                "while the own bill",
            ),
            "the time of day": (
                lambda sales, bill_ms: [
                    late + at for late, at in zip(with_queue(sales, bill_ms), sales, strict=True)
                ],
                "not how long after",
            ),
        },
    ),
}
