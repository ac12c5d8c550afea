"""What each exercise must do, and who is harmed if it does not. Read it after you have tried.

Those that are tried on a real topic are in `kafka_exercises`.
"""

import functools
import math
from collections.abc import Callable, Sequence

from fiberlab.lab.checks import Case, Outcome, check


def check_customer_price(function: Callable[[str, int], int]) -> Outcome:
    """Chapter 01: what an action in the app costs, in cents."""
    paid = "the customer, billed for something other than a sale at its list price"
    unpaid = "Herd Fiber: a sale went out unpaid or at another price"
    return check(
        function,
        [
            Case(("purchase_plan", 3999), 3999, unpaid),
            Case(("change_plan", 14999), 14999, unpaid),
            Case(("browse_plan", 6995), 0, paid),
            Case(("cancel_plan", 6995), 0, paid),
        ],
    )


def check_wrongly_billed(function: Callable[[list[str]], list[int]]) -> Outcome:
    """Chapter 02: which of one account's sales the shared billing gets wrong."""
    missed = "Herd Fiber: a customer's sale at the installer's price is not found"
    accused = "whoever has to write a correction for a bill that is right"
    c, i = "customer", "installer"
    return check(
        function,
        [
            Case(([c],), [], accused),
            Case(([i],), [], accused),
            Case(([c, i],), [], accused),
            Case(([i, c],), [1], missed),
            Case(([i, c, c],), [1, 2], missed),
            Case(([c, i, c, i, c],), [2, 4], missed),
        ],
    )


def check_minutes_down(function: Callable[[list[float]], float]) -> Outcome:
    """Chapter 03: how long a chain of parts is down in a month of 30 days, in minutes."""
    harmed = "whoever was promised more: a sale needs every part of the chain at the same moment"
    chains = ([99.9], [100.0, 99.5], [99.9, 99.9], [99.5] * 5, [50.0, 50.0, 90.0])
    return check(
        function,
        [
            Case(
                (chain,),
                f"about {_down_minutes(chain):.2f} minutes",
                harmed,
                verify=functools.partial(_down_problem, chain),
            )
            for chain in chains
        ],
    )


MONTH_MINUTES = 30 * 24 * 60


def _down_minutes(percents: Sequence[float]) -> float:
    return MONTH_MINUTES * (1 - math.prod(percent / 100 for percent in percents))


def _down_problem(percents: Sequence[float], found: object) -> str | None:
    if isinstance(found, bool) or not isinstance(found, int | float):
        return "minutes must be a number"
    down = [1 - percent / 100 for percent in percents]
    mistakes = {
        sum(down): "a minute in which two parts are down is one minute, not two",
        max(down): "the chain is also down while any other part than the worst one is",
        math.prod(down): "these are the minutes in which all parts are down at once; one is enough",
    }
    near = (reason for share, reason in mistakes.items() if abs(found - MONTH_MINUTES * share) < 0.01)
    right = abs(found - _down_minutes(percents)) < 0.01
    return None if right else next(near, "the chain is up only while every part is")


def check_break_even(function: Callable[[list[int], list[int]], int | None]) -> Outcome:
    """Chapter 10: from how many kinds of actors on events never cost more."""
    early = "whoever pays for a broker that is dearer again with the next actor, or with the present ones"
    late = "whoever goes on paying more for releases that are tied together"
    return check(
        function,
        [
            Case(([100, 200, 300, 400], [250, 250, 250, 250]), 3, late),
            Case(([100, 250, 500], [200, 250, 300]), 2, late),
            Case(([300, 300], [100, 100]), 2, "a team with one actor, which has nobody to keep apart"),
            Case(([100, 100, 100], [200, 200, 200]), None, early),
            Case(([100, 300, 200, 400], [250, 250, 250, 250]), 4, early),
        ],
    )
