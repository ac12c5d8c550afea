"""The exercises of chapter 10, with their answers. Read it after you have tried."""

import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial

from classroom.exercises.check import Answer, Case, Exercise, Thought
from fiberlab.domain import Company, dollars


def break_even(request_reply_cents: list[int], events_cents: list[int]) -> int | None:
    """The least number of actors, at least 2, from which on events never cost more; None if there is none."""
    pairs = list(zip(request_reply_cents, events_cents, strict=True))
    for actors in range(2, len(pairs) + 1):
        if all(events <= request_reply for request_reply, events in pairs[actors - 1 :]):
            return actors
    return None


def _from_the_end(request_reply: list[int], events: list[int]) -> int | None:
    found = None
    for actors in range(len(events), 1, -1):
        if events[actors - 1] > request_reply[actors - 1]:
            break
        found = actors
    return found


def _after_the_last_dearer(request_reply: list[int], events: list[int]) -> int | None:
    dearer = [n for n, pair in enumerate(zip(request_reply, events, strict=True), 1) if pair[1] > pair[0]]
    start = max([1, *dearer]) + 1
    return start if start <= len(events) else None


def _first_crossing(request_reply: list[int], events: list[int], least: int = 2) -> int | None:
    found = (n for n, pair in enumerate(zip(request_reply, events, strict=True), 1) if pair[1] <= pair[0])
    return next((n for n in found if n >= least), None)


def _break_even_cases(rng: random.Random, company: Company) -> Iterator[Case]:
    """From how many kinds of actors on events never cost more."""
    named = (
        ([100, 200, 300, 400], [250, 250, 250, 250]),
        ([100, 250, 500], [200, 250, 300]),
        ([300, 300], [100, 100]),
        ([100, 100, 100], [200, 200, 200]),
        ([100, 300, 200, 400], [250, 250, 250, 250]),
    )
    for costs in (*named, *(_costs(rng) for _ in range(20))):
        due = break_even(*costs)
        decides = "whoever decides by this number"
        yield Case(costs, due, decides, how_much=partial(_too_early_or_late, due), optional=int)


def _too_early_or_late(due: int | None, came: int | None) -> str | None:
    if came is None or (due and came > due):
        return "and goes on paying more for releases that are tied together"
    if came < 1:
        return None  # no number of actors
    if came == 1:
        return "for one actor, which has nobody to be kept apart from"
    return "and pays for a broker that is dearer with so many actors, or with one more"


def _costs(rng: random.Random) -> tuple[list[int], list[int]]:
    """Monthly costs for one and more actors: of request-reply, and of events."""
    actors = range(1, rng.randrange(4, 9))
    return [100 * n * rng.randrange(1, n + 2) for n in actors], [500 + 40 * n for n in actors]


BREAK_EVEN = Exercise(
    "exercise-10-break-even",
    _break_even_cases,
    right=(break_even, _from_the_end, _after_the_last_dearer),
    thoughts=(
        Thought("the first crossing", "Events may be dearer again with one actor more.", _first_crossing),
        Thought(
            "one actor is enough",
            "With one actor there is nobody to keep apart: begin at two.",
            lambda request_reply, events: _first_crossing(request_reply, events, 1),
        ),
        Thought(
            "a tie is dearer",
            "What costs the same does not cost more.",
            lambda request_reply, events: break_even([cents - 1 for cents in request_reply], events),
        ),
        Thought("always two", "Work it out from the costs.", lambda request_reply, events: 2),
        *(
            Thought(
                "a number for none",
                "If there is none return None: a number would be taken for one of actors.",
                lambda request_reply, events, none=none: break_even(request_reply, events) or none,
            )
            for none in (0, -1)
        ),
    ),
)


def moves_most(saving_cents: Callable[[dict[str, float]], float], inputs: dict[str, float]) -> str:
    """The input whose bar is the widest: from the saving with half of it to the saving with twice of it.

    All other inputs stay as they are, and the distance has no sign. `max` keeps the first of equals.
    """

    def width_cents(name: str) -> float:
        half, twice = (saving_cents({**inputs, name: inputs[name] * factor}) for factor in (0.5, 2))
        return abs(twice - half)

    return max(inputs, key=width_cents)


class Inputs(dict[str, int]):
    """Inputs by name, shown in their order, as the first of equals counts."""

    __slots__ = ()


class Saving:
    """What events save a month, in cents, of these inputs; shown as the formula it is."""

    def __call__(self, inputs: Inputs) -> int:
        """The saving, in cents: what a test run of each change costs, less the broker and the learning."""
        of = inputs.__getitem__
        learning = of("learning_cents") / of("months")
        return round(of("changes") * of("run_cents") - of("broker_cents") - learning)

    def __repr__(self) -> str:
        return "changes * run_cents - broker_cents - learning_cents / months"


def _results(saving_cents: Saving, inputs: Inputs) -> dict[str, tuple[int, int]]:
    """The saving with half and with twice of each input, all others as they are."""
    return {
        name: tuple(saving_cents({**inputs, name: value * factor}) for factor in (0.5, 2))
        for name, value in inputs.items()
    }


def _bars(saving_cents: Saving, inputs: Inputs) -> dict[str, int]:
    """How wide each input's bar is, in cents."""
    return {name: abs(twice - half) for name, (half, twice) in _results(saving_cents, inputs).items()}


def _first_with_most(values: Mapping[str, float], names: Iterable[str] | None = None) -> str:
    return max(values if names is None else names, key=values.__getitem__)


def _by_results(value_of: Callable[[int, int], int]) -> Answer:
    """The answer of somebody who ranks the inputs by this value of their two results."""
    return lambda saving_cents, inputs: _first_with_most(
        {name: value_of(*both) for name, both in _results(saving_cents, inputs).items()}
    )


def _only_doubled(saving_cents: Saving, inputs: Inputs) -> str:
    return max(
        inputs, key=lambda name: abs(saving_cents({**inputs, name: inputs[name] * 2}) - saving_cents(inputs))
    )


def _widest_so_far(saving_cents: Saving, inputs: Inputs) -> str:
    found, widest = "", -1
    for name, width in _bars(saving_cents, inputs).items():
        if width > widest:
            found, widest = name, width
    return found


def _moves_most_cases(rng: random.Random, company: Company) -> Iterator[Case]:
    """Which input, halved and doubled, moves the saving by events most."""
    named = (
        {"changes": 8, "run_cents": 1000, "broker_cents": 400, "learning_cents": 1200, "months": 12},
        {"changes": 4, "run_cents": 1000, "broker_cents": 6000, "learning_cents": 1200, "months": 12},
        {"months": 12, "learning_cents": 48000, "changes": 4, "run_cents": 400, "broker_cents": 800},
        {"changes": 4, "run_cents": 1000, "broker_cents": 20000, "learning_cents": 1200, "months": 12},
    )
    harmed = "whoever argues about a number that moves the decision less"
    for inputs in map(Inputs, (*named, *(_inputs(rng) for _ in range(12)))):
        most = moves_most(Saving(), inputs)
        how_much = partial(_moved, _bars(Saving(), inputs), most)
        yield Case((Saving(), inputs), most, harmed, how_much=how_much)


def _inputs(rng: random.Random) -> dict[str, int]:
    """Inputs in any order; their halves are whole, and so is every result."""
    months = rng.choice((12, 24, 36))
    inputs = {
        "changes": 4 * rng.randrange(1, 6),
        "run_cents": 400 * rng.randrange(1, 10),
        "broker_cents": 400 * rng.randrange(1, 60),
        "learning_cents": 400 * months * rng.randrange(1, 60),
        "months": months,
    }
    return {name: inputs[name] for name in rng.sample([*inputs], len(inputs))}


def _moved(bars: Mapping[str, int], most: str, came: str) -> str:
    return f"{came} moves it by {dollars(bars[came])} from half to twice, {most} by {dollars(bars[most])}"


MOVES_MOST = Exercise(
    "exercise-10-moves-most",
    _moves_most_cases,
    right=(moves_most, _by_results(lambda half, twice: (half - twice) ** 2), _widest_so_far),
    thoughts=(
        Thought(
            "the largest input",
            "A large number may move little; try what the saving does with half and twice of it.",
            lambda saving_cents, inputs: _first_with_most(inputs),
        ),
        Thought(
            "only doubled",
            "Halve it, too: half the months move more than twice the months.",
            _only_doubled,
        ),
        Thought(
            "the sign counts",
            "What makes events dearer moves the decision as well: the distance counts, without its sign.",
            _by_results(lambda half, twice: twice - half),
        ),
        Thought(
            "the best result",
            "Which input gives the largest saving is another question than which moves it most.",
            _by_results(max),
        ),
        Thought(
            "the last of equals",
            "Of inputs that move it equally, the first counts.",
            lambda saving_cents, inputs: _first_with_most(_bars(saving_cents, inputs), reversed(inputs)),
        ),
    ),
)
