"""The designs' names, and one change in each of them: the rule of an actor."""

from fiberlab.lab.coupling.changes import Change, Edit

SHARED, MODULAR, EVENTS = "shared module", "modular monolith", "event-driven"
DESIGNS = (SHARED, MODULAR, EVENTS)
FOLDERS = {SHARED: "coupled", MODULAR: "monolith", EVENTS: "eventdriven"}

# How much less than the list price each kind of actor pays, in percent. The first two are in the source.
DISCOUNTS = {"customer": 0, "installer": 20, "reseller": 15, "landlord": 10, "agent": 5, "partner": 12}
APP_OFFER_PERCENT = 10
MORE_PERCENT = 5

_OFFER = f"discounted_cents({{}}.list_price_cents, {APP_OFFER_PERCENT})"


class UnknownDesignError(ValueError):
    """There is no design of this name."""


def change_rule(design: str, actor: str) -> Change:
    """The actor's rule changed: customers get 10 % off in the app, all others 5 % more than they had."""
    folder = folder_of(design)
    if actor == "customer":
        return Change(_CUSTOMER_OFFER[design])
    constant = f"{actor.upper()}_DISCOUNT_PERCENT" if design == SHARED else "DISCOUNT_PERCENT"
    file = "billing.py" if design == SHARED else f"{actor}_billing.py"
    old, new = (
        f"\n{constant} = {percent}\n" for percent in (DISCOUNTS[actor], DISCOUNTS[actor] + MORE_PERCENT)
    )
    return Change((Edit(f"{folder}/{file}", old, new),))


def folder_of(design: str) -> str:
    """The design's folder in the package; raises UnknownDesignError."""
    if design not in FOLDERS:
        raise UnknownDesignError(f"there is no design {design!r}; choose one of {', '.join(DESIGNS)}")
    return FOLDERS[design]


_IMPORT = "from fiberlab.domain import "
_CUSTOMER_OFFER = {
    SHARED: (
        Edit(
            "coupled/billing.py",
            "    list_price_cents = plans[action.plan].list_price_cents\n",
            "    list_price_cents = plans[action.plan].list_price_cents\n"
            '    if action.actor.kind == "customer":\n'
            f"        list_price_cents = discounted_cents(list_price_cents, {APP_OFFER_PERCENT})\n",
        ),
    ),
    MODULAR: (
        Edit("monolith/customer_billing.py", f"{_IMPORT}Plan", f"{_IMPORT}Plan, discounted_cents"),
        Edit(
            "monolith/customer_billing.py", "return plan.list_price_cents", "return " + _OFFER.format("plan")
        ),
    ),
    EVENTS: (
        Edit(
            "eventdriven/customer_billing.py",
            "from fiberlab.eventdriven.events",
            f"{_IMPORT}discounted_cents\nfrom fiberlab.eventdriven.events",
        ),
        Edit(
            "eventdriven/customer_billing.py",
            "charge(event, event.plan.list_price_cents)",
            f"charge(event, {_OFFER.format('event.plan')})",
        ),
    ),
}
