"""The first exercise of chapter 03: the shared billing, repaired, and who is harmed if it is not.

Read it after you have tried.
"""

import random
from collections.abc import Callable, Iterable, Mapping

from fiberlab.coupled import billing
from fiberlab.coupled.accounts import Accounts
from fiberlab.domain import ACTORS, SALES, Action, Actor, Plan, discounted_cents
from fiberlab.lab.cases import Case, Misconception
from fiberlab.lab.chapter import Chapter
from fiberlab.lab.checks import check
from fiberlab.lab.days import OPENS
from fiberlab.lab.exercise import Answer, cents_off, exercise
from fiberlab.lab.exercises.shared_billing import Discounts, Sales, billed_with
from fiberlab.lab.outcomes import Outcome

CUSTOMER, INSTALLER = ACTORS
LATER_ACTORS = ("reseller", "landlord", "support agent", "partner")


def _billed_by(rule: Callable[[str, int, Discounts], int]) -> Answer:
    """What the last of some sales is charged by a rule that asks for the kind of actor and the list price."""
    return billed_with(
        lambda action, plans, accounts, discounts: rule(
            action.actor.kind, plans[action.plan].list_price_cents, discounts
        )
    )


def _stays(action: Action, plans: Mapping[str, Plan], accounts: Accounts, discounts: Discounts) -> int:
    if action.actor.kind in discounts:
        accounts.set_discount_percent(action.account_id, discounts[action.actor.kind])
    percent = accounts.discount_percent(action.account_id)
    return discounted_cents(plans[action.plan].list_price_cents, percent)


REPAIR_MISCONCEPTIONS = (
    Misconception(
        "the function as it was",
        "That is the function of chapter 02: it knows installers only, and writes on the account.",
        billed_with(lambda action, plans, accounts, _: billing.price_cents(action, plans, accounts)),
    ),
    Misconception(
        "the discount stays on the account",
        "What one actor writes there, the next one pays.",
        billed_with(_stays),
    ),
    Misconception(
        "installers only",
        "The third actor's discount is among the discounts, too; look it up.",
        _billed_by(lambda kind, price, _: discounted_cents(price, 20 if kind == INSTALLER else 0)),
    ),
    Misconception(
        "20 % for all who have one",
        "Each kind of actor has a percentage of its own.",
        _billed_by(lambda kind, price, discounts: discounted_cents(price, 20 if kind in discounts else 0)),
    ),
    Misconception(
        "everybody gets a discount",
        "Who is not among the discounts pays the list price.",
        _billed_by(lambda kind, price, discounts: discounted_cents(price, discounts.get(kind, 20))),
    ),
    Misconception(
        "rounded to the nearest cent",
        "Round down, as discounted_cents does.",
        _billed_by(lambda kind, price, discounts: round(price * (100 - discounts.get(kind, 0)) / 100)),
    ),
)


@exercise("exercise-03-repair")
def check_price(function: Answer, chapter: Chapter, rng: random.Random) -> Outcome:
    """Chapter 03: the one function in which the shared billing went wrong, tried in that billing."""
    third, fourth = rng.sample(LATER_ACTORS, 2)
    percents = [percent for percent in range(5, 60) if percent != 20]
    discounts = {INSTALLER: 20, third: rng.choice(percents), fourth: rng.choice(percents)}
    named = [[CUSTOMER], [INSTALLER], [third], [INSTALLER, CUSTOMER], [third, CUSTOMER], [INSTALLER, third]]
    unseen = [rng.choices([CUSTOMER, *discounts], k=rng.randrange(3, 6)) for _ in range(6)]
    cases = [_price_case(_sold(kinds, chapter, rng), discounts) for kinds in named + unseen]
    return check(billed_with(function), cases, REPAIR_MISCONCEPTIONS)


def _sold(kinds: Iterable[str], chapter: Chapter, rng: random.Random) -> Sales:
    """A sale by each of these kinds of actors to one household, by a price list that nobody has seen."""
    plans = {name: Plan(name, 5 * rng.randrange(600, 3000) + 1) for name in chapter.company.plans}
    account_id = rng.choice(list(chapter.company.accounts))
    return Sales(
        tuple(
            Action(f"s-{n}", rng.choice(SALES), account_id, Actor(kind, kind), rng.choice([*plans]), OPENS)
            for n, kind in enumerate(kinds)
        ),
        plans,
    )


def _price_case(sales: Sales, discounts: Discounts) -> Case:
    kind = sales.actions[-1].actor.kind
    due_cents = discounted_cents(sales.list_price_cents, discounts.get(kind, 0))
    harmed = f"whoever relied on the {kind}'s {discounts.get(kind)} % off"
    if kind == CUSTOMER:
        harmed = "Herd Fiber, whose customers in the app have no discount"
    return Case((sales, discounts), due_cents, harmed, how_much=cents_off(due_cents))
