"""Chapter 03: the shared billing repaired, and whose tests have to run again."""

from collections.abc import Mapping

from fiberlab.coupled import billing
from fiberlab.coupled.accounts import Accounts
from fiberlab.domain import Action, Plan
from fiberlab.lab.exercises.repair import check_price
from fiberlab.lab.exercises.retest import check_again
from tests.exercises.proof import Answer, Proof

Plans = Mapping[str, Plan]
Discounts = Mapping[str, int]


def by_the_kind(rule: Answer) -> Answer:
    """The answer of a rule of the kind of actor, the list price and the discounts."""
    return lambda action, plans, accounts, discounts: rule(
        action.actor.kind, plans[action.plan].list_price_cents, discounts
    )


def in_two_branches(action: Action, plans: Plans, accounts: Accounts, discounts: Discounts) -> int:
    price = plans[action.plan].list_price_cents
    if action.actor.kind not in discounts:
        return price
    return price * (100 - discounts[action.actor.kind]) // 100


def over_the_account(action: Action, plans: Plans, accounts: Accounts, discounts: Discounts) -> int:
    """Odd, but right: each sale overwrites what the one before it has left."""
    accounts.set_discount_percent(action.account_id, discounts.get(action.actor.kind, 0))
    percent = accounts.discount_percent(action.account_id)
    return plans[action.plan].list_price_cents * (100 - percent) // 100


def left_on_the_account(action: Action, plans: Plans, accounts: Accounts, discounts: Discounts) -> int:
    percent = discounts.get(action.actor.kind, 0)
    if percent:
        accounts.set_discount_percent(action.account_id, percent)
    return plans[action.plan].list_price_cents * (100 - accounts.discount_percent(action.account_id)) // 100


Uses = Mapping[str, set[str]]


def until_nothing_is_added(uses: Uses, changed: str) -> set[str]:
    found = {changed}
    for _ in uses:
        found |= {module for module, used in uses.items() if used & found}
    return found


def whoever_can_reach_it(uses: Uses, changed: str) -> set[str]:
    def reaches(module: str, passed: frozenset[str]) -> bool:
        ahead = uses[module] - passed
        return module == changed or any(reaches(used, passed | {module}) for used in ahead)

    return {module for module in uses if reaches(module, frozenset())}


def users(uses: Uses, changed: str) -> set[str]:
    return {module for module in uses if changed in uses[module]}


def forwards(uses: Uses, changed: str) -> set[str]:
    found = [changed]
    for module in found:
        found += uses[module].difference(found)
    return set(found)


PROOFS = {
    "exercise-03-repair": Proof(
        check_price,
        right=(in_two_branches, over_the_account),
        wrong={
            "the function as it was": (
                lambda action, plans, accounts, discounts: billing.price_cents(action, plans, accounts),
                "the function of chapter 02",
            ),
            "the discount stays on the account": (left_on_the_account, "the next one pays"),
            "installers only": (
                by_the_kind(
                    lambda kind, price, discounts: (
                        price * (100 - discounts[kind]) // 100 if kind == "installer" else price
                    )
                ),
                "The third actor's discount",
            ),
            "20 % for all who have one": (
                by_the_kind(
                    lambda kind, price, discounts: price if kind == "customer" else price * 80 // 100
                ),
                "a percentage of its own",
            ),
            "everybody gets a discount": (
                by_the_kind(
                    lambda kind, price, discounts: (
                        price * (100 - discounts.get(kind, discounts["installer"])) // 100
                    )
                ),
                "pays the list price",
            ),
            "rounded to the nearest cent": (
                by_the_kind(
                    lambda kind, price, discounts: round(price - price * discounts.get(kind, 0) / 100)
                ),
                "Round down",
            ),
            "a fraction of a cent": (
                by_the_kind(lambda kind, price, discounts: price * (1 - discounts.get(kind, 0) / 100)),
                "a value of type float, not int",
            ),
        },
    ),
    "exercise-03-again": Proof(
        check_again,
        right=(until_nothing_is_added, whoever_can_reach_it),
        wrong={
            "only direct users": (
                lambda uses, changed: users(uses, changed) | {changed},
                "Who uses a user of it",
            ),
            "what it uses, not who uses it": (forwards, "Look the other way"),
            "without the changed one": (
                lambda uses, changed: until_nothing_is_added(uses, changed).difference([changed]),
                "has tests of its own",
            ),
            "everything": (lambda uses, changed: {*uses}, "always safe"),
            "a list": (
                lambda uses, changed: sorted(until_nothing_is_added(uses, changed)),
                "a value of type list, not set",
            ),
        },
    ),
}
