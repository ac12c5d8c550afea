"""Chapter 10: the break-even."""

from fiberlab.lab.cost_exercises import check_break_even
from tests.exercises.proof import Proof


def from_the_end(request_reply: list[int], events: list[int]) -> int | None:
    found = None
    for actors in range(len(events), 1, -1):
        if events[actors - 1] > request_reply[actors - 1]:
            break
        found = actors
    return found


def after_the_last_dearer(request_reply: list[int], events: list[int]) -> int | None:
    dearer = [n for n, pair in enumerate(zip(request_reply, events, strict=True), 1) if pair[1] > pair[0]]
    start = max([1, *dearer]) + 1
    return start if start <= len(events) else None


def first_crossing(request_reply: list[int], events: list[int], least: int = 2) -> int | None:
    found = (n for n, pair in enumerate(zip(request_reply, events, strict=True), 1) if pair[1] <= pair[0])
    return next((n for n in found if n >= least), None)


def strictly_less(request_reply: list[int], events: list[int]) -> int | None:
    dearer = [n for n, pair in enumerate(zip(request_reply, events, strict=True), 1) if pair[1] >= pair[0]]
    start = max([1, *dearer]) + 1
    return start if start <= len(events) else None


PROOFS = {
    "exercise-10-break-even": Proof(
        check_break_even,
        right=(from_the_end, after_the_last_dearer),
        wrong={
            "the first crossing": (first_crossing, "dearer again with one actor more"),
            "one actor is enough": (
                lambda request_reply, events: first_crossing(request_reply, events, 1),
                "begin at two",
            ),
            "a tie is dearer": (strictly_less, "does not cost more"),
            "always two": (lambda request_reply, events: 2, "Work it out"),
        },
    ),
}
