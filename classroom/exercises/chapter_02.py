"""The exercises of chapter 02, with their answers. Read it after you have tried."""

import random
from collections.abc import Callable, Iterator
from functools import partial

from classroom.exercises.check import Case, Exercise, Thought, cents_off
from fiberlab.domain import ACTORS, INSTALLER_DISCOUNT_PERCENT, Company, discounted_cents

CUSTOMER, INSTALLER = ACTORS


def wrongly_billed(actors: list[str]) -> list[int]:
    """The positions of the sales that the shared billing gets wrong.

    The discount stays on the account, so every customer's sale after an installer's first one is harmed.
    """
    return [
        position
        for position, actor in enumerate(actors)
        if actor == "customer" and "installer" in actors[:position]
    ]


def _with_a_flag(actors: list[str]) -> list[int]:
    wrong, discounted = [], False
    for position, actor in enumerate(actors):
        if actor == INSTALLER:
            discounted = True
        elif discounted:
            wrong.append(position)
    return wrong


def _after_the_first_installer(actors: list[str]) -> list[int]:
    first = actors.index(INSTALLER) if INSTALLER in actors else len(actors)
    return [position for position in range(first, len(actors)) if actors[position] != INSTALLER]


def _harmed_cases(rng: random.Random, company: Company) -> Iterator[Case]:
    """Which of one account's sales the shared billing gets wrong."""
    named = ["c", "i", "ci", "ic", "cc", "ii", "icc", "icic", "cicic"]
    named = [[CUSTOMER if letter == "c" else INSTALLER for letter in word] for word in named]
    unseen = [rng.choices([CUSTOMER, INSTALLER], k=rng.randrange(4, 10)) for _ in range(10)]
    harmed = "whoever gets a wrong bill, or a correction of a right one"
    for actors in named + unseen:
        wrong = wrongly_billed(actors)
        yield Case((actors,), wrong, harmed, how_much=partial(_missed_and_accused, wrong))


def _missed_and_accused(wrong: list[int], came: list[int]) -> str:
    missed, accused = len(set(wrong) - set(came)), len(set(came) - set(wrong))
    told = {f"wrong bills not found: {missed}": missed, f"right bills corrected: {accused}": accused}
    return ", ".join(what for what, count in told.items() if count)


HARMED = Exercise(
    "exercise-02-harmed",
    _harmed_cases,
    right=(wrongly_billed, _with_a_flag, _after_the_first_installer),
    thoughts=(
        Thought("no sale is harmed", "Look at what an installer leaves on the account.", lambda actors: []),
        Thought(
            "every sale of a customer",
            "Before an installer has sold anything, the account has no discount.",
            lambda actors: [n for n, actor in enumerate(actors) if actor == CUSTOMER],
        ),
        Thought(
            "only the sale after the installer's",
            "The discount stays on the account.",
            lambda actors: [
                n for n in range(1, len(actors)) if actors[n - 1 : n + 1] == [INSTALLER, CUSTOMER]
            ],
        ),
        Thought(
            "the installers' sales",
            "They may have the discount.",
            lambda actors: [n for n, actor in enumerate(actors) if actor == INSTALLER],
        ),
        Thought(
            "everything after the first sale",
            "An installer may sell at a discount, and a customer alone is billed rightly.",
            lambda actors: list(range(1, len(actors))),
        ),
        Thought(
            "whatever the order",
            "A sale before the installer's first one was billed rightly: look only at what came before it.",
            lambda actors: [n for n, actor in enumerate(actors) if actor == CUSTOMER and INSTALLER in actors],
        ),
        Thought(
            "counted from 1",
            "Positions are counted from 0, as in a list.",
            lambda actors: [n + 1 for n in wrongly_billed(actors)],
        ),
    ),
)

Sales = list[tuple[str, int]]  # who sold, and the plan's list price in cents


def lost_cents(sales: list[tuple[str, int]]) -> int:
    """How much too little the account was billed, in cents.

    Harmed is each customer's sale after an installer's: the discount stays on the account.

    The bill is 80 % of the list price, rounded down; the loss is what is missing, so it is not rounded down.
    """
    lost, discounted = 0, False
    for actor, list_price_cents in sales:
        if actor == "installer":
            discounted = True
        elif discounted:
            lost += list_price_cents - list_price_cents * 80 // 100
    return lost


def _should_be_less_billed(sales: Sales) -> int:
    percent = lost = 0
    for actor, price_cents in sales:
        percent = INSTALLER_DISCOUNT_PERCENT if actor == INSTALLER else percent
        lost += (price_cents - discounted_cents(price_cents, percent)) * (actor == CUSTOMER)
    return lost


def _given_away(price_cents: int) -> int:
    return price_cents - discounted_cents(price_cents, INSTALLER_DISCOUNT_PERCENT)


def _of_harmed(loss_cents: Callable[[int], int]) -> Callable[[Sales], int]:
    """The loss in cents if a harmed sale loses this much of its price."""
    return lambda sales: sum(loss_cents(sales[n][1]) for n in wrongly_billed([actor for actor, _ in sales]))


def _lost_cases(rng: random.Random, company: Company) -> Iterator[Case]:
    """How much too little one account was billed, in cents."""
    i, c = (INSTALLER, 3999), (CUSTOMER, 5499)
    named = [[c], [i], [c, i], [i, c], [i, (CUSTOMER, 6995), c], [i, *2 * [(CUSTOMER, 3996)]]]
    prices = [plan.list_price_cents for plan in company.plans.values()]
    unseen = [
        [(rng.choice(ACTORS), rng.choice(prices) + rng.randrange(9)) for _ in range(rng.randrange(4, 9))]
        for _ in range(10)
    ]
    for sales in named + unseen:
        due = lost_cents(sales)
        yield Case((sales,), due, "Herd Fiber, whose loss is reported", how_much=partial(cents_off, due))


LOST = Exercise(
    "exercise-02-lost",
    _lost_cases,
    right=(lost_cents, _of_harmed(_given_away), _should_be_less_billed),
    thoughts=(
        Thought(
            "every discount is a loss",
            "What an installer gives away on site is allowed.",
            lambda sales: (
                lost_cents(sales) + sum(_given_away(price) for actor, price in sales if actor == INSTALLER)
            ),
        ),
        Thought(
            "every customer pays too little",
            "Before an installer has sold anything, the account has no discount.",
            lambda sales: sum(_given_away(price) for actor, price in sales if actor == CUSTOMER),
        ),
        Thought(
            "whatever the order",
            "A sale before the installer's first one was billed rightly: look only at what came before it.",
            lambda sales: sum(
                _given_away(price) for actor, price in sales if actor == CUSTOMER and INSTALLER in dict(sales)
            ),
        ),
        Thought(
            "the loss is rounded down",
            "The bill is rounded down to the cent, so the loss is not.",
            _of_harmed(lambda price_cents: price_cents * 20 // 100),
        ),
        Thought(
            "rounded to the nearest cent",
            "The bill is rounded down to the cent; `round` may go up.",
            _of_harmed(lambda price_cents: price_cents - round(price_cents * 0.8)),
        ),
        Thought(
            "rounded once, for the sum",
            "Each bill is rounded down, so add up what is missing on each.",
            lambda sales: _given_away(_of_harmed(lambda price_cents: price_cents)(sales)),
        ),
        Thought(
            "the whole sale is lost",
            "The customer has paid four fifths of it.",
            _of_harmed(lambda price_cents: price_cents),
        ),
    ),
)
