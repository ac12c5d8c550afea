"""The exercises of chapter 01, with their answers. Read it after you have tried."""

import math
import random
from collections.abc import Iterator
from functools import partial, reduce

from classroom.exercises.check import Case, Exercise, Thought, cents_off
from fiberlab.domain import SALES, Company


def customer_price_cents(action_name: str, list_price_cents: int) -> int:
    """What a customer's action costs, in cents: only sales cost something.

    A purchase and a change are sales, and `fiberlab.domain.SALES` says so in one place: a third kind of sale
    would be added there, and not here.
    """
    return list_price_cents if action_name in SALES else 0


def _price_by_elimination(action_name: str, list_price_cents: int) -> int:
    if action_name in ("browse_plan", "cancel_plan"):
        return 0
    return list_price_cents


def _price_cases(rng: random.Random, company: Company) -> Iterator[Case]:
    """What an action in the app costs, in cents."""
    named = [("purchase_plan", 3999), ("change_plan", 14999), ("browse_plan", 6995), ("cancel_plan", 6995)]
    prices = [plan.list_price_cents for plan in company.plans.values()]
    unseen = [(name, rng.choice(prices) + rng.randrange(1, 500)) for name, _ in named for _ in range(5)]
    for action_name, list_price_cents in named + unseen:
        due = customer_price_cents(action_name, list_price_cents)
        unpaid = "Herd Fiber, whose sale is billed at another price"
        paid = "whoever is billed for something other than a sale"
        harmed = unpaid if due else paid
        yield Case((action_name, list_price_cents), due, harmed, how_much=partial(cents_off, due))


PRICE = Exercise(
    "exercise-01-price",
    _price_cases,
    right=(
        customer_price_cents,
        _price_by_elimination,
        lambda name, price: {"purchase_plan": price, "change_plan": price}.get(name, 0),
    ),
    thoughts=(
        Thought(
            "everything costs the price",
            "Looking at a plan and cancelling one cost nothing.",
            lambda name, price: price,
        ),
        Thought("nothing costs anything", "A sale must be billed.", lambda name, price: 0),
        Thought(
            "only a purchase is a sale",
            "A change of plan is a sale, too.",
            lambda name, price: price if name == "purchase_plan" else 0,
        ),
        Thought(
            "only looking is free",
            "Who cancels buys nothing.",
            lambda name, price: 0 if name == "browse_plan" else price,
        ),
    ),
)


def chain_availability(parts: list[float]) -> float:
    """The share of calls that are answered if every part of the chain must answer.

    The outages of the parts are taken as independent, so their shares are multiplied: six parts that are
    each there 99 % of the time are all there 94 % of the time. A caller who need not wait for a part does
    not have it in its chain.
    """
    return math.prod(parts)


def _one_minus_the_outages(parts: list[float]) -> float:
    missing = 0.0
    for part in parts:
        missing += (1 - missing) * (1 - part)
    return 1 - missing


def _chain_cases(rng: random.Random, company: Company) -> Iterator[Case]:
    """How often a chain of calls answers, where each part must answer."""
    named = [[0.9], [0.9, 0.8], [0.5, 0.5, 0.5], [0.99] * 6]
    unseen = [[rng.randrange(50, 100) / 100 for _ in range(rng.randrange(2, 7))] for _ in range(10)]
    harmed = "whoever plans with a promise that the system does not keep"
    for parts in named + unseen:
        share = chain_availability(parts)
        yield Case(
            (parts,), f"about {share:.4g}", harmed, partial(_share_problem, share), partial(_sales_off, share)
        )


def _share_problem(share: float, came: object) -> str | None:
    if isinstance(came, bool) or not isinstance(came, int | float):
        return f"a value of type {type(came).__name__}, not a share from 0 to 1"
    if not 0 <= came <= 1:
        return "not a share from 0 to 1"
    return None if math.isclose(came, share, abs_tol=1e-9) else "too high" if came > share else "too low"


def _sales_off(share: float, came: float) -> str | None:
    off = round(abs(came - share) * 1_000_000)
    return f"{off:,} of a million sales" if off and 0 <= came <= 1 and came is not True else None


CHAIN = Exercise(
    "exercise-01-chain",
    _chain_cases,
    right=(
        chain_availability,
        _one_minus_the_outages,
        lambda parts: reduce(lambda so_far, part: so_far * part, parts, 1),
    ),
    thoughts=(
        Thought(
            "as good as its weakest part", "The weakest part is only one of those that can be away.", min
        ),
        Thought(
            "the average of the parts",
            "Parts that need each other do not make up for each other.",
            lambda parts: sum(parts) / len(parts),
        ),
        Thought(
            "one that answers is enough",
            "That holds for copies of one part, where any of them can answer.",
            lambda parts: 1 - math.prod(1 - part for part in parts),
        ),
        Thought(
            "the outages add up",
            "That is close for two good parts; but two parts can be away at once.",
            lambda parts: 1 - sum(1 - part for part in parts),
        ),
        Thought(
            "in percent",
            "A share is a number from 0 to 1: 0.72, not 72.",
            lambda parts: 100 * math.prod(parts),
        ),
        Thought(
            "rounded to two digits",
            "Do not round: of a million calls each digit is thousands.",
            lambda parts: round(math.prod(parts), 2),
        ),
    ),
)
