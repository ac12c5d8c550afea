"""The exercises of chapter 03, with their answers. Read it after you have tried."""

import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from types import FunctionType

from classroom.exercises.check import Answer, Case, Exercise, Thought, cents_off
from classroom.world.company import OPENS
from fiberlab.coupled import billing
from fiberlab.coupled.accounts import Accounts
from fiberlab.domain import ACTORS, SALES, Action, Actor, Company, Plan, discounted_cents, dollars
from fiberlab.ledger import Ledger

CUSTOMER, INSTALLER = ACTORS
LATER_ACTORS = ("reseller", "landlord", "support agent", "partner")
OFF_BY_A_CENT = (31, 32, 33, 34, 56)  # percent: int(10_000 * (1 - percent / 100)) is one cent too little
IN_MEMORY = Path(":memory:")  # SQLite's name for a file that is none
Discounts = Mapping[str, int]  # percent off, by kind of actor


def price_cents(
    action: Action, plans: Mapping[str, Plan], accounts: Accounts, discounts: Mapping[str, int]
) -> int:
    """What this sale costs, in cents: the list price, less what this kind of actor may give away.

    It asks who sells, and neither reads nor writes the account: what stands there reaches whoever comes next.
    Who may give how much is a table that is passed in, so that a new actor is a new row and no new line here.
    The table is shared by all actors, of course: whoever changes it answers for everybody's prices.
    """
    percent = discounts.get(action.actor.kind, 0)
    return discounted_cents(plans[action.plan].list_price_cents, percent)


def _by(rule: Callable[[str, int, Discounts], float]) -> Answer:
    """The answer that asks this rule for the kind of actor and the list price."""
    return lambda action, plans, accounts, discounts: rule(
        action.actor.kind, plans[action.plan].list_price_cents, discounts
    )


def _in_two_branches(kind: str, price: int, discounts: Discounts) -> int:
    if kind not in discounts:
        return price
    return price * (100 - discounts[kind]) // 100


def _by_a_list(action: Action, plans: Mapping[str, Plan], accounts: Accounts, discounts: Discounts) -> int:
    percents = [percent for kind, percent in discounts.items() if kind == action.actor.kind]
    return discounted_cents(plans[action.plan].list_price_cents, sum(percents))


def _over_the_account(
    action: Action, plans: Mapping[str, Plan], accounts: Accounts, discounts: Discounts
) -> int:
    """Right as long as one sale at a time is billed: each overwrites what the one before it has left."""
    accounts.set_discount_percent(action.account_id, discounts.get(action.actor.kind, 0))
    percent = accounts.discount_percent(action.account_id)
    return discounted_cents(plans[action.plan].list_price_cents, percent)


def _set_back(action: Action, plans: Mapping[str, Plan], accounts: Accounts, discounts: Discounts) -> int:
    price = _stays(action, plans, accounts, discounts)
    if action.actor.kind in discounts:
        accounts.set_discount_percent(action.account_id, 0)
    return price


def _stays(action: Action, plans: Mapping[str, Plan], accounts: Accounts, discounts: Discounts) -> int:
    if action.actor.kind in discounts:
        accounts.set_discount_percent(action.account_id, discounts[action.actor.kind])
    percent = accounts.discount_percent(action.account_id)
    return discounted_cents(plans[action.plan].list_price_cents, percent)


@dataclass(frozen=True, repr=False)
class Sales:
    """One household's sales in order; shown as the last of them, whose bill is judged."""

    actions: tuple[Action, ...]
    plans: Mapping[str, Plan]

    @property
    def list_price_cents(self) -> int:
        """What the last one's plan costs on the price list."""
        return self.plans[self.actions[-1].plan].list_price_cents

    def __repr__(self) -> str:
        *before, last = (action.actor.kind for action in self.actions)
        after = f" after {', '.join(before)}" if before else ""
        return f"{self.actions[-1].plan} at {dollars(self.list_price_cents)} by {last}{after}"


class _NoCentsError(ValueError):
    """What came back is no price that a ledger could hold."""


class Noted(int):
    """What a sale was charged, in cents, by a billing that has written on the household's account."""


class Watched(Accounts):
    """The accounts, and whether anything was ever written there."""

    @property
    def written(self) -> bool:
        """Whether a row was written, whatever stands in it now."""
        return self._database.rows("SELECT total_changes()") != [(0,)]


def _billed(answer: Answer, sales: Sales, discounts: Discounts) -> object:
    """What the last of some sales is charged by the shared billing, with this function in it."""

    def in_cents(*asked: object) -> int:
        price = answer(*asked, discounts)
        if type(price) is not int:
            raise _NoCentsError(price)
        return price

    bill = FunctionType(billing.bill.__code__, {**vars(billing), "price_cents": in_cents})
    with Ledger(IN_MEMORY) as ledger, closing(Watched(IN_MEMORY)) as accounts:
        try:
            for action in sales.actions:
                bill(action, sales.plans, accounts, ledger)
        except _NoCentsError as error:
            return error.args[0]
        charged_cents = ledger.charges()[-1].amount_cents
        return Noted(charged_cents) if accounts.written else charged_cents


def _repair_cases(rng: random.Random, company: Company) -> Iterator[Case]:
    """The one function in which the shared billing went wrong, tried in that billing."""
    third, fourth = rng.sample(LATER_ACTORS, 2)
    percents = [percent for percent in range(5, 60) if percent != 20]
    discounts = {INSTALLER: 20, third: rng.choice(OFF_BY_A_CENT), fourth: rng.choice(percents)}
    named = [[CUSTOMER], [INSTALLER], [third], [INSTALLER, CUSTOMER], [third, CUSTOMER], [INSTALLER, third]]
    unseen = [rng.choices([CUSTOMER, *discounts], k=rng.randrange(3, 6)) for _ in range(6)]
    for kinds in named + unseen:
        yield _repair_case(_sold(kinds, company, rng), discounts)
    hundred_dollars = {name: Plan(name, 10_000) for name in company.plans}
    yield _repair_case(replace(_sold([third], company, rng), plans=hundred_dollars), discounts)


def _sold(kinds: Iterable[str], company: Company, rng: random.Random) -> Sales:
    """A sale by each of these kinds of actors to one household, by a price list that nobody has seen."""
    plans = {name: Plan(name, 5 * rng.randrange(600, 3000) + 1) for name in company.plans}
    account_id = rng.choice(list(company.accounts))
    return Sales(
        tuple(
            Action(f"s-{n}", rng.choice(SALES), account_id, Actor(kind, kind), rng.choice([*plans]), OPENS)
            for n, kind in enumerate(kinds)
        ),
        plans,
    )


def _repair_case(sales: Sales, discounts: Discounts) -> Case:
    kind = sales.actions[-1].actor.kind
    due_cents = discounted_cents(sales.list_price_cents, discounts.get(kind, 0))
    harmed = f"whoever relied on the {kind}'s {discounts.get(kind)} % off"
    if kind == CUSTOMER:
        harmed = "Herd Fiber, whose customers in the app have no discount"
    problem, how_much = partial(_repair_problem, due_cents), partial(_bill_off, due_cents)
    return Case((sales, discounts), due_cents, harmed, problem, how_much)


def _repair_problem(due_cents: int, came: int) -> str | None:
    if isinstance(came, Noted):
        return "it wrote on the account, where two sales at once would meet"
    return None if came == due_cents else ""


def _bill_off(due_cents: int, came: int) -> str | None:
    alone = cents_off(due_cents, came)
    return alone or ("as soon as the next sale reads the account" if isinstance(came, Noted) else None)


REPAIR = Exercise(
    "exercise-03-repair",
    _repair_cases,
    right=(price_cents, _by(_in_two_branches), _by_a_list),
    run=_billed,
    thoughts=(
        Thought(
            "the function as it was",
            "That is the function of chapter 02: it knows installers only, and writes on the account.",
            lambda action, plans, accounts, discounts: billing.price_cents(action, plans, accounts),
        ),
        Thought(
            "the discount stays on the account", "What one actor writes there, the next one pays.", _stays
        ),
        *(
            Thought(
                "over the account",
                "Write nothing there, not even for a moment: the price needs only who sells.",
                answer,
            )
            for answer in (_set_back, _over_the_account)
        ),
        Thought(
            "installers only",
            "The third actor's discount is among the discounts, too; look it up.",
            _by(lambda kind, price, _: discounted_cents(price, 20 if kind == INSTALLER else 0)),
        ),
        Thought(
            "20 % for all who have one",
            "Each kind of actor has a percentage of its own.",
            _by(lambda kind, price, discounts: discounted_cents(price, 20 if kind in discounts else 0)),
        ),
        Thought(
            "everybody gets a discount",
            "Who is not among the discounts pays the list price.",
            _by(lambda kind, price, discounts: discounted_cents(price, discounts.get(kind, 20))),
        ),
        Thought(
            "in floats",
            "Multiply whole cents first: 1 - 31 / 100 is not quite 0.69, and `int` takes a cent for that.",
            _by(lambda kind, price, discounts: int(price * (1 - discounts.get(kind, 0) / 100))),
        ),
        Thought(
            "rounded to the nearest cent",
            "Round down, as discounted_cents does.",
            _by(lambda kind, price, discounts: round(price * (100 - discounts.get(kind, 0)) / 100)),
        ),
    ),
)

Uses = Mapping[str, set[str]]  # whom each module uses
NAMES = ("backend", "billing", "customers", "domain", "installers", "ledger", "mailing", "prices", "taxes")


def tests_to_run_again(uses: dict[str, set[str]], changed: str) -> set[str]:
    """The changed module and everybody who uses it, directly or not.

    Each round adds those who use somebody already found, until a round finds nobody new. Who is found stays
    found, so modules that use each other in a circle end it, too.
    """
    found, new = set(), {changed}
    while new:
        found |= new
        new = {module for module, used in uses.items() if used & new} - found
    return found


def _until_nothing_is_added(uses: Uses, changed: str) -> set[str]:
    found = {changed}
    for _ in uses:
        found |= {module for module, used in uses.items() if used & found}
    return found


def _whoever_can_reach_it(uses: Uses, changed: str) -> set[str]:
    return {module for module in uses if changed in _forwards(uses, module)}


def _forwards(uses: Uses, changed: str) -> set[str]:
    found = [changed]
    for module in found:
        found += uses[module].difference(found)
    return set(found)


def _again_cases(rng: random.Random, company: Company) -> Iterator[Case]:
    """The modules whose tests have to run again after a change."""
    a, b, c, d, e = rng.sample(NAMES, 5)
    in_a_row = {a: {b}, b: {c}, c: {d}, d: set(), e: {d}}
    in_a_circle = {a: {b}, b: {c}, c: {a}, d: {a}, e: set()}
    two_ways = {a: {b, c}, b: {d}, c: {d}, d: set(), e: set()}
    named = [({a: set()}, a), ({a: {b}, b: set()}, a), (in_a_row, c), (in_a_circle, b), (two_ways, d)]
    named += [_one_by_one(names) for names in (NAMES, NAMES[::-1])]
    for uses, changed in (*named, *(_graph(rng) for _ in range(12))):
        again = tests_to_run_again(uses, changed)
        harmed = "everybody behind the next release"
        yield Case((uses, changed), again, harmed, how_much=partial(_lost_and_needless, again))


def _one_by_one(names: Sequence[str]) -> tuple[Uses, str]:
    """Modules in their order, each used by the one before; the last is changed: each look finds one more."""
    return {user: {used} for user, used in pairwise(names)} | {names[-1]: set()}, names[-1]


def _graph(rng: random.Random) -> tuple[Uses, str]:
    """Modules that use each other, perhaps in a circle, and the one that is changed."""
    modules = rng.sample(NAMES, rng.randrange(4, 8))
    uses = {module: set(rng.sample(modules, rng.randrange(3))) - {module} for module in modules}
    return uses, rng.choice(modules)


def _lost_and_needless(again: set[str], came: set[str]) -> str:
    lost, needless = ", ".join(sorted(again - came)), ", ".join(sorted(came - again))
    told = {"not tested, though it may break": lost, "waited for, though it cannot notice": needless}
    return "; ".join(f"{what}: {names}" for what, names in told.items() if names)


AGAIN = Exercise(
    "exercise-03-again",
    _again_cases,
    right=(tests_to_run_again, _until_nothing_is_added, _whoever_can_reach_it),
    thoughts=(
        Thought(
            "only direct users",
            "Who uses a user of it is reached, too.",
            lambda uses, changed: {changed} | {user for user, used in uses.items() if changed in used},
        ),
        Thought(
            "what it uses, not who uses it",
            "Look the other way: whoever uses the changed module may break, not what it uses itself.",
            _forwards,
        ),
        Thought(
            "without the changed one",
            "The changed module has tests of its own.",
            lambda uses, changed: tests_to_run_again(uses, changed) - {changed},
        ),
        Thought(
            "everything",
            "That is always safe, and what a joint release does; "
            "here a module that cannot notice is left out.",
            lambda uses, changed: set(uses),
        ),
    ),
)
