"""The exercises of chapter 01: what each must do, and who is harmed if it does not.

Read it after you have tried.
"""

import math
import random

from fiberlab.domain import SALES
from fiberlab.lab.cases import Case, Misconception
from fiberlab.lab.chapter import Chapter
from fiberlab.lab.checks import check
from fiberlab.lab.exercise import Answer, cents_off, exercise
from fiberlab.lab.outcomes import Outcome

PRICE_MISCONCEPTIONS = (
    Misconception(
        "everything costs the price",
        "Looking at a plan and cancelling one cost nothing.",
        lambda name, price: price,
    ),
    Misconception("nothing costs anything", "A sale must be billed.", lambda name, price: 0),
    Misconception(
        "only a purchase is a sale",
        "A change of plan is a sale, too.",
        lambda name, price: price if name == "purchase_plan" else 0,
    ),
    Misconception(
        "only looking is free",
        "Who cancels buys nothing.",
        lambda name, price: 0 if name == "browse_plan" else price,
    ),
)


@exercise("exercise-01-price")
def check_customer_price(function: Answer, chapter: Chapter, rng: random.Random) -> Outcome:
    """Chapter 01: what an action in the app costs, in cents."""
    named = [("purchase_plan", 3999), ("change_plan", 14999), ("browse_plan", 6995), ("cancel_plan", 6995)]
    prices = [plan.list_price_cents for plan in chapter.company.plans.values()]
    unseen = [(name, rng.choice(prices) + rng.randrange(1, 500)) for name, _ in named for _ in range(5)]
    return check(function, [_price_case(*arguments) for arguments in named + unseen], PRICE_MISCONCEPTIONS)


def _price_case(name: str, price_cents: int) -> Case:
    due = price_cents if name in SALES else 0
    unpaid = "Herd Fiber, whose sale is billed at another price"
    paid = "the customer, billed for something other than a sale"
    return Case((name, price_cents), due, unpaid if due else paid, how_much=cents_off(due))


CHAIN_MISCONCEPTIONS = (
    Misconception(
        "as good as its weakest part",
        "The weakest part is only one of those that can be away.",
        min,
    ),
    Misconception(
        "the average of the parts", "Parts that need each other do not make up for each other.",
        lambda parts: sum(parts) / len(parts),
    ),
    Misconception(
        "one that answers is enough", "That holds for copies of one part, where any of them can answer.",
        lambda parts: 1 - math.prod(1 - part for part in parts),
    ),
    Misconception(
        "the outages add up", "That is close for two good parts; but two parts can be away at once.",
        lambda parts: 1 - sum(1 - part for part in parts),
    ),
)  # fmt: skip


@exercise("exercise-01-chain")
def check_chain(function: Answer, chapter: Chapter, rng: random.Random) -> Outcome:
    """Chapter 01: how often a chain of calls answers, where each part must answer."""
    named = [[0.9], [0.9, 0.8], [0.5, 0.5, 0.5], [0.99] * 6]
    unseen = [[rng.randrange(50, 100) / 100 for _ in range(rng.randrange(2, 7))] for _ in range(10)]
    return check(function, [_chain_case(parts) for parts in named + unseen], CHAIN_MISCONCEPTIONS)


def _chain_case(parts: list[float]) -> Case:
    share = math.prod(parts)

    def problem(came: object) -> str | None:
        if isinstance(came, bool) or not isinstance(came, int | float):
            return f"a value of type {type(came).__name__}, not a share from 0 to 1"
        return None if math.isclose(came, share, abs_tol=1e-9) else "too high" if came > share else "too low"

    def how_much(came: float) -> str:
        return f"{abs(came - share) * 1000:.0f} of 1,000 sales"

    harmed = "whoever plans with a promise that the system does not keep"
    return Case((parts,), f"about {share:.4g}", harmed, problem, how_much)
