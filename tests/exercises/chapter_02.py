"""Chapter 02: which sales the shared billing gets wrong, and what they cost."""

from itertools import pairwise

from fiberlab.lab.exercises.two_actors import check_lost, check_wrongly_billed
from tests.exercises.proof import Proof


def with_a_flag(actors: list[str]) -> list[int]:
    wrong, discounted = [], False
    for position, actor in enumerate(actors):
        if actor == "installer":
            discounted = True
        elif discounted:
            wrong.append(position)
    return wrong


def after_the_first_installer(actors: list[str]) -> list[int]:
    first = actors.index("installer") if "installer" in actors else len(actors)
    return [position for position in range(first, len(actors)) if actors[position] != "installer"]


Sales = list[tuple[str, int]]


def sum_over_harmed(sales: Sales) -> int:
    wrong = with_a_flag([actor for actor, _ in sales])
    return sum(sales[n][1] - sales[n][1] * 80 // 100 for n in wrong)


def should_be_less_billed(sales: Sales) -> int:
    percent = lost = 0
    for actor, price in sales:
        percent = 20 if actor == "installer" else percent
        lost += (price - price * (100 - percent) // 100) * (actor == "customer")
    return lost


PROOFS = {
    "exercise-02-harmed": Proof(
        check_wrongly_billed,
        right=(with_a_flag, after_the_first_installer),
        wrong={
            "no sale is harmed": (lambda actors: [], "leaves on the account"),
            "every sale of a customer": (
                lambda actors: [n for n in range(len(actors)) if actors[n] == "customer"],
                "the account has no discount",
            ),
            "only the sale after the installer's": (
                lambda actors: [
                    n + 1 for n, pair in enumerate(pairwise(actors)) if pair == ("installer", "customer")
                ],
                "The discount stays",
            ),
            "the installers' sales": (
                lambda actors: [n for n in range(len(actors)) if actors[n] == "installer"],
                "They may have the discount",
            ),
            "everything after the first sale": (
                lambda actors: [n for n in range(len(actors)) if n],
                "a customer alone is billed rightly",
            ),
        },
    ),
    "exercise-02-lost": Proof(
        check_lost,
        right=(sum_over_harmed, should_be_less_billed),
        wrong={
            "every discount is a loss": (
                lambda sales: sum(
                    price - price * 80 // 100
                    for n, (_, price) in enumerate(sales)
                    if "installer" in [actor for actor, _ in sales[: n + 1]]
                ),
                "on site is allowed",
            ),
            "every customer pays too little": (
                lambda sales: sum(price - price * 80 // 100 for actor, price in sales if actor == "customer"),
                "the account has no discount",
            ),
            "the loss is rounded down": (
                lambda sales: sum(
                    sales[n][1] * 20 // 100 for n in with_a_flag([actor for actor, _ in sales])
                ),
                "so the loss is not",
            ),
            "the whole sale is lost": (
                lambda sales: sum(sales[n][1] for n in with_a_flag([actor for actor, _ in sales])),
                "paid four fifths",
            ),
        },
    ),
}
