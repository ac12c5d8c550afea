"""Chapter 01: the price of an action, and how often a chain of calls answers."""

from functools import reduce

from fiberlab.lab.exercises.one_actor import check_chain, check_customer_price
from tests.exercises.proof import Proof


def by_elimination(name: str, price: int) -> int:
    if name in ("browse_plan", "cancel_plan"):
        return 0
    return price


def one_minus_the_outages(parts: list[float]) -> float:
    missing = 0.0
    for part in parts:
        missing += (1 - missing) * (1 - part)
    return 1 - missing


PROOFS = {
    "exercise-01-price": Proof(
        check_customer_price,
        right=(
            by_elimination,
            lambda name, price: {"purchase_plan": price, "change_plan": price}.get(name, 0),
        ),
        wrong={
            "everything costs the price": (lambda name, price: price, "Looking at a plan and cancelling"),
            "nothing costs anything": (lambda name, price: 0, "A sale must be billed"),
            "only a purchase is a sale": (
                lambda name, price: price if name == "purchase_plan" else 0,
                "A change of plan is a sale",
            ),
            "only looking is free": (
                lambda name, price: price if "browse" not in name else 0,
                "Who cancels buys nothing",
            ),
            "dollars as text": (lambda name, price: f"${price / 100:.2f}", "a value of type str, not int"),
            "dollars, not cents": (
                lambda name, price: price / 100 if name in ("purchase_plan", "change_plan") else 0,
                "a value of type float, not int",
            ),
        },
    ),
    "exercise-01-chain": Proof(
        check_chain,
        right=(one_minus_the_outages, lambda parts: reduce(lambda so_far, part: so_far * part, parts, 1)),
        wrong={
            "as good as its weakest part": (lambda parts: sorted(parts)[0], "The weakest part is only one"),
            "the average of the parts": (lambda parts: sum(parts) / len(parts), "do not make up for"),
            "one that answers is enough": (
                lambda parts: 1 - reduce(lambda so_far, part: so_far * (1 - part), parts, 1),
                "copies of one part",
            ),
            "the outages add up": (
                lambda parts: sum(parts) - len(parts) + 1,
                "two parts can be away at once",
            ),
            "percent": (lambda parts: f"{reduce(lambda a, b: a * b, parts):.1%}", "not a share from 0 to 1"),
        },
    ),
}
