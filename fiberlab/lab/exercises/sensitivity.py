"""The second exercise of chapter 10: which number to find out first, and who is harmed if it is another one.

Read it after you have tried.
"""

import random
from collections.abc import Callable, Iterable, Mapping

from fiberlab.domain import dollars
from fiberlab.lab.cases import Case, Misconception
from fiberlab.lab.chapter import Chapter
from fiberlab.lab.checks import check
from fiberlab.lab.exercise import Answer, exercise
from fiberlab.lab.outcomes import Outcome


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


def _by_results(value_of: Callable[[int, int], int]) -> Callable[[Saving, Inputs], str]:
    """The answer of somebody who ranks the inputs by this value of their two results."""
    return lambda saving_cents, inputs: _first_with_most(
        {name: value_of(*both) for name, both in _results(saving_cents, inputs).items()}
    )


MOVES_MOST_MISCONCEPTIONS = (
    Misconception(
        "the largest input",
        "A large number may move little; try what the saving does with half and twice of it.",
        lambda saving_cents, inputs: _first_with_most(inputs),
    ),
    Misconception(
        "only doubled",
        "Halve it, too: half the months move more than twice the months.",
        lambda saving_cents, inputs: _first_with_most(
            {
                name: abs(twice - saving_cents(inputs))
                for name, (_, twice) in _results(saving_cents, inputs).items()
            }
        ),
    ),
    Misconception(
        "the sign counts",
        "What makes events dearer moves the decision as well: the distance counts, without its sign.",
        _by_results(lambda half, twice: twice - half),
    ),
    Misconception(
        "the best result",
        "Which input gives the largest saving is another question than which moves it most.",
        _by_results(max),
    ),
    Misconception(
        "the last of equals",
        "Of inputs that move it equally, the first counts.",
        lambda saving_cents, inputs: _first_with_most(_bars(saving_cents, inputs), reversed(inputs)),
    ),
)


@exercise("exercise-10-moves-most")
def check_moves_most(function: Answer, chapter: Chapter, rng: random.Random) -> Outcome:
    """Chapter 10: which input, halved and doubled, moves the saving by events most."""
    named = (
        {"changes": 8, "run_cents": 1000, "broker_cents": 400, "learning_cents": 1200, "months": 12},
        {"changes": 4, "run_cents": 1000, "broker_cents": 6000, "learning_cents": 1200, "months": 12},
        {"months": 12, "learning_cents": 48000, "changes": 4, "run_cents": 400, "broker_cents": 800},
        {"changes": 4, "run_cents": 1000, "broker_cents": 20000, "learning_cents": 1200, "months": 12},
    )
    unseen = (_inputs(rng) for _ in range(12))
    cases = [_moves_most_case(Inputs(inputs)) for inputs in (*named, *unseen)]
    return check(function, cases, MOVES_MOST_MISCONCEPTIONS)


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


def _moves_most_case(inputs: Inputs) -> Case:
    bars = _bars(Saving(), inputs)
    most = _first_with_most(bars)

    def how_much(came: str) -> str:
        return f"{came} moves it by {dollars(bars[came])} from half to twice, {most} by {dollars(bars[most])}"

    harmed = "whoever argues about a number that moves the decision less"
    return Case((Saving(), inputs), most, harmed, how_much=how_much)
