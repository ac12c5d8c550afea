"""Chapter 10: the break-even, and what moves the decision most."""

from collections.abc import Callable, Mapping

from fiberlab.lab.exercises.break_even import check_break_even
from fiberlab.lab.exercises.sensitivity import check_moves_most
from tests.exercises.proof import Answer, Proof


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


Inputs = Mapping[str, float]
Saving = Callable[[Inputs], float]


def with_other(saving: Saving, inputs: Inputs, name: str, factor: float) -> float:
    changed = dict(inputs)
    changed[name] *= factor
    return saving(changed)


def by_sorting(saving: Saving, inputs: Inputs) -> str:
    return sorted(
        inputs,
        key=lambda name: with_other(saving, inputs, name, 2) - with_other(saving, inputs, name, 0.5),
        reverse=True,
    )[0]


def widest_so_far(saving: Saving, inputs: Inputs, is_wider: Answer = float.__gt__) -> str:
    found, widest = "", -1.0
    for name in inputs:
        width = abs(with_other(saving, inputs, name, 2) - with_other(saving, inputs, name, 0.5))
        if is_wider(float(width), float(widest)):
            found, widest = name, width
    return found


def most_extreme(saving: Saving, inputs: Inputs) -> str:
    """Squares have no sign either."""
    squares = [
        (with_other(saving, inputs, name, 0.5) - with_other(saving, inputs, name, 2)) ** 2 for name in inputs
    ]
    return list(inputs)[squares.index(max(squares))]


def best_of_both(saving: Saving, inputs: Inputs) -> str:
    return max(inputs, key=lambda name: max(with_other(saving, inputs, name, by) for by in (0.5, 2)))


def with_twice(saving: Saving, inputs: Inputs) -> str:
    return max(inputs, key=lambda name: abs(with_other(saving, inputs, name, 2) - saving(inputs)))


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
    "exercise-10-moves-most": Proof(
        check_moves_most,
        right=(widest_so_far, most_extreme),
        wrong={
            "the largest input": (
                lambda saving, inputs: sorted(inputs, key=inputs.get)[-1],
                "A large number may move little",
            ),
            "only doubled": (with_twice, "Halve it, too"),
            "the sign counts": (by_sorting, "without its sign"),
            "the best result": (best_of_both, "another question"),
            "the last of equals": (
                lambda saving, inputs: widest_so_far(saving, inputs, float.__ge__),
                "the first counts",
            ),
            "how far, not which": (lambda saving, inputs: saving(inputs), "a value of type int, not str"),
        },
    ),
}
