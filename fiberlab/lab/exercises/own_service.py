"""What becomes of a service of the reader's own: the list it keeps, and the others on its topic."""

from collections.abc import Callable
from dataclasses import dataclass, field
from types import ModuleType

from fiberlab.domain import Action, expected_cents
from fiberlab.eventdriven import customer_billing, installer_billing, marketing
from fiberlab.eventdriven.events import Event
from fiberlab.lab.chapter import Chapter
from fiberlab.lab.exercises.households import Household, events
from fiberlab.lab.kafka_lessons import read_on
from fiberlab.ledger import Ledger

Looks = dict[str, int]
Service = Callable[[], tuple[str, Callable[[Event, Looks, set], None]]]
BILLING = (customer_billing, installer_billing)
TAKEN = sorted(module.GROUP for module in (*BILLING, marketing))


class Town(Household):
    """All households' events, on a topic to which others listen as well."""

    def __repr__(self) -> str:
        return f"{len(self.readings[0])} events of {self.account_id}, beside {', '.join(TAKEN)}"


@dataclass(frozen=True, repr=False)
class Kept:
    """The list that a service has in the end. Its group counts only as taken by somebody, or not."""

    looks: Looks
    taken: bool
    group: str = field(compare=False)

    def __repr__(self) -> str:
        return f"the list {self.looks!r}"


def kept(service: Service, household: Household) -> object:
    """What the service keeps of these readings; what it is instead if it is none."""
    came = service()
    if not _is_service(came):
        return came
    group, handle = came
    looks: Looks = {}
    seen: set = set()
    for reading in household.readings:
        for event in reading:
            handle(event, looks, seen)
    return Kept(looks, group in TAKEN, group)


def _is_service(came: object) -> bool:
    return (
        isinstance(came, tuple)
        and len(came) == 2
        and isinstance(came[0], str)
        and came[0]
        and callable(came[1])
    )


def town(households: dict[str, Household]) -> Town:
    """All of them at once."""
    readings = zip(*(household.readings for household in households.values()), strict=True)
    whole = tuple(tuple(event for own in reading for event in own) for reading in readings)
    return Town(f"{len(households)} households", whole)


def seen_beside_billing(chapter: Chapter, topic: str, group: str, ledger: Ledger) -> tuple[int, int]:
    """How many events a service sees that reads the topic as this group, and then the poorer of the billings.

    Who uses another's group shares its cursor: what one of them has read, the other does not get.
    """
    seen = len(read_on(chapter, topic, f"{group}.{topic}"))
    left = [_bill(chapter, topic, billing, ledger) for billing in BILLING]
    return seen, min(left)


def _bill(chapter: Chapter, topic: str, billing: ModuleType, ledger: Ledger) -> int:
    """How many events this billing sees and handles."""
    heard = events(read_on(chapter, topic, f"{billing.GROUP}.{topic}"))
    for event in heard:
        billing.handle(event, ledger)
    return len(heard)


def unbilled_cents(chapter: Chapter, actions: list[Action], ledger: Ledger) -> int:
    """How much of what the actions should cost is in no ledger, in cents."""
    due = sum(expected_cents(action, chapter.company.plans) for action in actions)
    return due - sum(charge.amount_cents for charge in ledger.charges())
