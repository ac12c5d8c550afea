"""The exercises of chapter 02: what each must do, and who is harmed if it does not.

Read it after you have tried.
"""

import random
from collections.abc import Callable

from fiberlab.domain import ACTORS, INSTALLER_DISCOUNT_PERCENT, discounted_cents
from fiberlab.lab.cases import Case, Misconception
from fiberlab.lab.chapter import Chapter
from fiberlab.lab.checks import check
from fiberlab.lab.exercise import Answer, cents_off, exercise
from fiberlab.lab.outcomes import Outcome

CUSTOMER, INSTALLER = ACTORS
Sales = list[tuple[str, int]]  # who sold, and the plan's list price in cents

HARMED_MISCONCEPTIONS = (
    Misconception("no sale is harmed", "Look at what an installer leaves on the account.", lambda actors: []),
    Misconception(
        "every sale of a customer",
        "Before an installer has sold anything, the account has no discount.",
        lambda actors: [n for n, actor in enumerate(actors) if actor == CUSTOMER],
    ),
    Misconception(
        "only the sale after the installer's",
        "The discount stays on the account.",
        lambda actors: [
            n for n in range(1, len(actors)) if actors[n - 1] == INSTALLER and actors[n] == CUSTOMER
        ],
    ),
    Misconception(
        "the installers' sales",
        "They may have the discount.",
        lambda actors: [n for n, actor in enumerate(actors) if actor == INSTALLER],
    ),
    Misconception(
        "everything after the first sale",
        "An installer may sell at a discount, and a customer alone is billed rightly.",
        lambda actors: list(range(1, len(actors))),
    ),
)


@exercise("exercise-02-harmed")
def check_wrongly_billed(function: Answer, chapter: Chapter, rng: random.Random) -> Outcome:
    """Chapter 02: which of one account's sales the shared billing gets wrong."""
    named = ["c", "i", "ci", "ic", "cc", "ii", "icc", "icic", "cicic"]
    named = [[CUSTOMER if letter == "c" else INSTALLER for letter in word] for word in named]
    unseen = [rng.choices([CUSTOMER, INSTALLER], k=rng.randrange(4, 10)) for _ in range(10)]
    return check(function, [_harmed_case(actors) for actors in named + unseen], HARMED_MISCONCEPTIONS)


def _harmed_case(actors: list[str]) -> Case:
    wrong = [n for n, actor in enumerate(actors) if actor == CUSTOMER and INSTALLER in actors[:n]]

    def how_much(came: list[int]) -> str:
        missed, accused = len(set(wrong) - set(came)), len(set(came) - set(wrong))
        return (
            f"{missed} wrong {'bill' if missed == 1 else 'bills'} not found, {accused} right ones corrected"
        )

    return Case((actors,), wrong, "whoever gets a wrong bill, or a correction of a right one", None, how_much)


def _too_little_cents(price_cents: int) -> int:
    return price_cents - discounted_cents(price_cents, INSTALLER_DISCOUNT_PERCENT)


def _lost_by(harmed: Callable[[Sales, int], bool]) -> Callable[[Sales], int]:
    """The loss in cents of somebody who takes these sales for harmed ones."""
    return lambda sales: sum(_too_little_cents(sales[n][1]) for n in range(len(sales)) if harmed(sales, n))


def _harmed(sales: Sales, n: int) -> bool:
    return sales[n][0] == CUSTOMER and any(actor == INSTALLER for actor, _ in sales[:n])


LOST_MISCONCEPTIONS = (
    Misconception(
        "every discount is a loss",
        "What an installer gives away on site is allowed.",
        _lost_by(lambda sales, n: sales[n][0] == INSTALLER or _harmed(sales, n)),
    ),
    Misconception(
        "every customer pays too little",
        "Before an installer has sold anything, the account has no discount.",
        _lost_by(lambda sales, n: sales[n][0] == CUSTOMER),
    ),
    Misconception(
        "the loss is rounded down",
        "The bill is rounded down to the cent, so the loss is not.",
        lambda sales: sum(sales[n][1] * 20 // 100 for n in range(len(sales)) if _harmed(sales, n)),
    ),
    Misconception(
        "the whole sale is lost",
        "The customer has paid four fifths of it.",
        lambda sales: sum(sales[n][1] for n in range(len(sales)) if _harmed(sales, n)),
    ),
)


@exercise("exercise-02-lost")
def check_lost(function: Answer, chapter: Chapter, rng: random.Random) -> Outcome:
    """Chapter 02: how much too little one account was billed, in cents."""
    i, c = (INSTALLER, 3999), (CUSTOMER, 5499)
    named = [[c], [i], [c, i], [i, c], [i, (CUSTOMER, 6995), c]]
    prices = [plan.list_price_cents for plan in chapter.company.plans.values()]
    unseen = [
        [(rng.choice(ACTORS), rng.choice(prices) + rng.randrange(9)) for _ in range(rng.randrange(4, 9))]
        for _ in range(10)
    ]
    return check(function, [_lost_case(sales) for sales in named + unseen], LOST_MISCONCEPTIONS)


def _lost_case(sales: Sales) -> Case:
    lost_cents = _lost_by(_harmed)(sales)
    return Case((sales,), lost_cents, "Herd Fiber, whose loss is reported", None, cents_off(lost_cents))
