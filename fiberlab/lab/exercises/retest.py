"""The second exercise of chapter 03: whose tests have to run again, and who is harmed if they do not.

Read it after you have tried.
"""

import random
from collections.abc import Callable, Mapping

from fiberlab.lab.cases import Case, Misconception
from fiberlab.lab.chapter import Chapter
from fiberlab.lab.checks import check
from fiberlab.lab.exercise import Answer, exercise
from fiberlab.lab.outcomes import Outcome

Uses = Mapping[str, set[str]]  # whom each module uses
NAMES = ("backend", "billing", "customers", "domain", "installers", "ledger", "mailing", "prices", "taxes")


def _users(module: str, uses: Uses) -> set[str]:
    return {user for user, used in uses.items() if module in used}


def _reached(module: str, steps: Callable[[str], set[str]]) -> set[str]:
    """The module, and all that is reached from it in any number of steps."""
    found, new = set[str](), {module}
    while new:
        found |= new
        new = {step for one in new for step in steps(one)} - found
    return found


def _again(uses: Uses, changed: str) -> set[str]:
    return _reached(changed, lambda module: _users(module, uses))


AGAIN_MISCONCEPTIONS = (
    Misconception(
        "only direct users",
        "Who uses a user of it is reached, too.",
        lambda uses, changed: {changed} | _users(changed, uses),
    ),
    Misconception(
        "what it uses, not who uses it",
        "Look the other way: whoever uses the changed module may break, not what it uses itself.",
        lambda uses, changed: _reached(changed, uses.__getitem__),
    ),
    Misconception(
        "without the changed one",
        "The changed module has tests of its own.",
        lambda uses, changed: _again(uses, changed) - {changed},
    ),
    Misconception(
        "everything",
        "That is always safe, and what a joint release does; here a module that cannot notice is left out.",
        lambda uses, changed: set(uses),
    ),
)


@exercise("exercise-03-again")
def check_again(function: Answer, chapter: Chapter, rng: random.Random) -> Outcome:
    """Chapter 03: the modules whose tests have to run again after a change."""
    a, b, c, d, e = rng.sample(NAMES, 5)
    in_a_row = {a: {b}, b: {c}, c: {d}, d: set(), e: {d}}
    in_a_circle = {a: {b}, b: {c}, c: {a}, d: {a}, e: set()}
    two_ways = {a: {b, c}, b: {d}, c: {d}, d: set(), e: set()}
    named = [({a: set()}, a), ({a: {b}, b: set()}, a), (in_a_row, c), (in_a_circle, b), (two_ways, d)]
    return check(
        function,
        [_again_case(*arguments) for arguments in (*named, *(_graph(rng) for _ in range(12)))],
        AGAIN_MISCONCEPTIONS,
    )


def _graph(rng: random.Random) -> tuple[Uses, str]:
    """Modules that use each other, perhaps in a circle, and the one that is changed."""
    modules = rng.sample(NAMES, rng.randrange(4, 8))
    uses = {module: set(rng.sample(modules, rng.randrange(3))) - {module} for module in modules}
    return uses, rng.choice(modules)


def _again_case(uses: Uses, changed: str) -> Case:
    again = _again(uses, changed)

    def how_much(came: set[str]) -> str:
        lost, needless = ", ".join(sorted(again - came)), ", ".join(sorted(came - again))
        told = {"not tested, though it may break": lost, "waited for, though it cannot notice": needless}
        return "; ".join(f"{what}: {names}" for what, names in told.items() if names)

    return Case((uses, changed), again, "everybody behind the next release", how_much=how_much)
