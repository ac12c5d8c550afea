"""What Herd Fiber sells, to whom, at what price. It knows no database, no network and no Kafka.

Money is integer cents. `expected_cents` is the oracle: the one statement of what an action should cost,
by which all designs are judged; `plans_in_force` says which plan each household has. No design calls them.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

ACTORS = ("customer", "installer")
ACTIONS = ("browse_plan", "purchase_plan", "change_plan", "cancel_plan")
SALES = ("purchase_plan", "change_plan")  # the actions that cost something: the plan's first month
INSTALLER_DISCOUNT_PERCENT = 20
MOST_CENTS = 10**12  # no price is higher; the sum of nine million of them still fits into 64 bits


@dataclass(frozen=True)
class Plan:
    """A plan on the price list. Raises AmountError if its price is not whole cents from 0 to MOST_CENTS."""

    name: str
    list_price_cents: int

    def __post_init__(self) -> None:
        check_amount("list_price_cents", self.list_price_cents)


@dataclass(frozen=True)
class Account:
    """A household with a fiber line, held by one customer."""

    account_id: str
    customer_id: str
    name: str


@dataclass(frozen=True)
class Actor:
    """Who acts: its kind (one of ACTORS) and which one of them."""

    kind: str
    id: str


@dataclass(frozen=True)
class Action:
    """What was done (one of ACTIONS), to which account, by whom, about which plan, and when.

    The app or the tablet chose `id`; a retried action keeps it.
    """

    id: str
    name: str
    account_id: str
    actor: Actor
    plan: str
    at: datetime


@dataclass(frozen=True)
class Company:
    """What both designs know before the day begins: the price list, the accounts, the installers."""

    plans: Mapping[str, Plan]
    accounts: Mapping[str, Account]
    installers: tuple[str, ...]

    def check(self, action: Action) -> None:
        """Return if the action is possible here; raise UnknownNameError or NotAllowedError if not."""
        _known("plan", action.plan, self.plans)
        _known("account", action.account_id, self.accounts)
        _known("action", action.name, ACTIONS)
        _known("kind of actor", action.actor.kind, ACTORS)
        if action.actor.kind == "installer":
            _known("installer", action.actor.id, self.installers)
        elif action.actor.id != self.accounts[action.account_id].customer_id:
            raise NotAllowedError(
                f"customer {action.actor.id!r} does not hold account {action.account_id!r}; "
                "send the id of the customer who does"
            )


class AmountError(ValueError):
    """An amount that nothing costs: negative, a fraction of a cent, or more than MOST_CENTS."""


class UnknownNameError(ValueError):
    """An action names a plan, account, action or actor that Herd Fiber does not have."""


class NotAllowedError(ValueError):
    """A customer acts on somebody else's account."""


def expected_cents(action: Action, plans: Mapping[str, Plan]) -> int:
    """The oracle: what this action should cost, in cents.

    A sale costs the plan's first month. A customer in the app pays the list price; an installer on
    site sells at INSTALLER_DISCOUNT_PERCENT off. Browsing and cancelling cost nothing.
    """
    if action.name not in SALES:
        return 0
    list_price_cents = plans[action.plan].list_price_cents
    if action.actor.kind == "installer":
        return discounted_cents(list_price_cents, INSTALLER_DISCOUNT_PERCENT)
    return list_price_cents


def plans_in_force(actions: Iterable[Action]) -> dict[str, str]:
    """The oracle of provisioning: the plan of each household after these actions, in order of time.

    The last purchase, change or cancellation wins; a household that has cancelled has none.
    """
    plans: dict[str, str] = {}
    for action in actions:
        if action.name in SALES:
            plans[action.account_id] = action.plan
        elif action.name == "cancel_plan":
            plans.pop(action.account_id, None)
    return plans


def check_amount(what: str, cents: int) -> None:
    """Return if the amount is whole cents from 0 to MOST_CENTS; raise AmountError if not."""
    if type(cents) is not int or not 0 <= cents <= MOST_CENTS:
        raise AmountError(f"{what} {cents!r} is not whole cents from 0 to {MOST_CENTS}")


def discounted_cents(price_cents: int, percent: int) -> int:
    """The price with `percent` off, rounded down to the cent. Integers only: no float ever holds money."""
    if not (isinstance(percent, int) and 0 <= percent <= 100):
        raise ValueError(f"a discount of {percent!r} % is impossible; give a whole number from 0 to 100")
    return price_cents * (100 - percent) // 100


def dollars(cents: int) -> str:
    """Cents as people read them: 124000 is "$1,240.00", -320 is "-$3.20"."""
    sign = "-" if cents < 0 else ""
    return f"{sign}${abs(cents) // 100:,}.{abs(cents) % 100:02d}"


def _known(what: str, name: str, names: Collection[str]) -> None:
    if name in names:
        return
    choices = f"choose one of {', '.join(names)}" if len(names) <= 10 else f"check the {what}'s id"
    raise UnknownNameError(f"{what} {name!r} is not known; {choices}")
