"""Chapter 06: marketing that survives a replay, and a service of the reader's own."""

from collections.abc import Callable
from contextlib import suppress

from fiberlab.domain import SALES
from fiberlab.eventdriven.events import Event, PlanBrowsed, PlanCancelled, PlanChanged, PlanPurchased
from fiberlab.lab.exercises.own_service import Looks, Service
from fiberlab.lab.exercises.replay import check_marketing
from fiberlab.lab.exercises.service import check_service
from fiberlab.mailing import Mailing, MailServerDownError
from tests.exercises.proof import Proof


def only_what_is_new(event: Event, mailing: Mailing) -> None:
    if not isinstance(event, PlanBrowsed):
        return
    if mailing.remembers(event.source, event.id):
        return
    mailing.mail(event.account_id, event.plan.name)
    mailing.remember(event.source, event.id)


def everything_is_remembered(event: Event, mailing: Mailing) -> None:
    if mailing.remembers("marketing", event.id):
        return
    if event.ACTION == "browse_plan":
        mailing.mail(event.account_id, event.plan.name)
    mailing.remember("marketing", event.id)


def without_a_memory(event: Event, mailing: Mailing) -> None:
    if isinstance(event, PlanBrowsed):
        mailing.mail(event.account_id, event.plan.name)


def once_per_household(event: Event, mailing: Mailing) -> None:
    if isinstance(event, PlanBrowsed) and not mailing.remembers(event.source, event.account_id):
        mailing.mail(event.account_id, event.plan.name)
        mailing.remember(event.source, event.account_id)


def once_per_plan(event: Event, mailing: Mailing) -> None:
    if isinstance(event, PlanBrowsed) and not mailing.remembers(event.account_id, event.plan.name):
        mailing.mail(event.account_id, event.plan.name)
        mailing.remember(event.account_id, event.plan.name)


def remembered_too_early(event: Event, mailing: Mailing) -> None:
    if isinstance(event, PlanBrowsed) and not mailing.remembers(event.source, event.id):
        mailing.remember(event.source, event.id)
        mailing.mail(event.account_id, event.plan.name)


def keeps_the_error_quiet(event: Event, mailing: Mailing) -> None:
    with suppress(MailServerDownError):
        only_what_is_new(event, mailing)


def about_every_event(event: Event, mailing: Mailing) -> None:
    if not mailing.remembers(event.source, event.id):
        mailing.mail(event.account_id, event.plan.name)
        mailing.remember(event.source, event.id)


def service(handle: Callable[[Event, Looks, set], None], group: str = "win-back-list") -> Service:
    return lambda: (group, handle)


def win_back(event: Event, looks: Looks, seen: set) -> None:
    if event.id not in seen:
        match event.ACTION:
            case "browse_plan":
                looks[event.account_id] = looks.get(event.account_id, 0) + 1
            case "purchase_plan" | "change_plan":
                looks.pop(event.account_id, None)
    seen.add(event.id)


def by_ids(event: Event, looks: Looks, seen: set) -> None:
    seen.add((event.account_id, event.id)) if event.ACTION == "browse_plan" else None
    if event.ACTION in SALES:
        seen -= {look for look in seen if look[0] == event.account_id}
    looks.pop(event.account_id, None)
    if own := [look for look in seen if look[0] == event.account_id]:
        looks[event.account_id] = len(own)


def forgetful(event: Event, looks: Looks, seen: set) -> None:
    win_back(event, looks, set())


def never_sold(event: Event, looks: Looks, seen: set) -> None:
    if isinstance(event, PlanBrowsed):
        win_back(event, looks, seen)


def changes_ignored(event: Event, looks: Looks, seen: set) -> None:
    if not isinstance(event, PlanChanged):
        win_back(event, looks, seen)


def by_actor(event: Event, looks: Looks, seen: set) -> None:
    win_back(event.model_copy(update={"account_id": event.actor.id}), looks, seen)


def ends_with_a_cancellation(event: Event, looks: Looks, seen: set) -> None:
    if isinstance(event, PlanCancelled) and event.id not in seen:
        looks.pop(event.account_id, None)
        seen.add(event.id)
    win_back(event, looks, seen)


def keeps_a_zero(event: Event, looks: Looks, seen: set) -> None:
    new = event.id not in seen
    win_back(event, looks, seen)
    if new and isinstance(event, PlanPurchased | PlanChanged):
        looks[event.account_id] = 0


PROOFS = {
    "exercise-06-replay": Proof(
        check_marketing,
        right=(only_what_is_new, everything_is_remembered),
        wrong={
            "no memory": (without_a_memory, "ask mailing.remembers first"),
            "once per household": (once_per_household, "may look at many plans"),
            "once per plan": (once_per_plan, "is interested again"),
            "remembered though not mailed": (remembered_too_early, "Remember only what was mailed"),
            "the error kept quiet": (keeps_the_error_quiet, "Let the mail server's error out"),
            "about every event": (about_every_event, "Only browsing is"),
        },
        faults={
            "wrong type": "0 letters on the first reading",
            "print, no return": "does nothing",
        },
    ),
    "exercise-06-own-service": Proof(
        check_service,
        right=(service(win_back), service(by_ids, "who-looked")),
        wrong={
            "another service's group": (service(win_back, "customer-billing"), "a name that nobody has"),
            "counts what comes again": (service(forgetful), "note in `seen`"),
            "nothing ends a wish": (service(never_sold), "needs no call"),
            "only a purchase is a sale": (service(changes_ignored), "A change of plan is a sale"),
            "a 0 on the list": (service(keeps_a_zero), "not even with 0"),
            "a list of actors": (service(by_actor), "says whose"),
            "a cancellation ends a wish, too": (service(ends_with_a_cancellation), "Who cancels has bought"),
        },
    ),
}
