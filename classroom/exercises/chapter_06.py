"""The exercises of chapter 06, with their answers. Read it after you have tried."""

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from email.message import EmailMessage
from functools import cache, partial
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

from classroom.exercises.check import Answer, Case, Exercise, Thought, form, plain
from classroom.exercises.topic import Topic
from classroom.world.company import OPENS, contacts
from fiberlab.domain import SALES, Account, Action, Actor, Company, dollars, expected_cents
from fiberlab.eventdriven import customer_billing, installer_billing, marketing
from fiberlab.eventdriven.events import (
    Event,
    PlanBrowsed,
    PlanCancelled,
    PlanChanged,
    PlanPurchased,
    decode,
    encode,
    happened,
)
from fiberlab.ledger import Ledger
from fiberlab.mailing import Contact, Mailing, MailServerDownError, letter

FULL_ONCE = "read twice, the mail server full at first"


@dataclass(frozen=True, repr=False)
class Household:
    """The events of one household in their order, as often as they were read; shown as what was done."""

    account_id: str
    readings: tuple[tuple[Event, ...], ...]
    delivered: str = "read twice"

    def __repr__(self) -> str:
        done = ", ".join(event.ACTION for event in self.readings[0])
        return f"{done} of {self.account_id}, {self.delivered}"


def _lived(
    rng: random.Random, company: Company, accounts: Sequence[Account], histories: Sequence[Sequence[str]]
) -> list[Action]:
    """What these households did, to each a history: names of actions."""
    pairs = zip(accounts, histories, strict=True)
    return [action for account, names in pairs for action in _actions(rng, company, account, names)]


def _actions(rng: random.Random, company: Company, account: Account, names: Iterable[str]) -> list[Action]:
    """These actions of a household, by its customer or an installer, about one plan and another in turn."""
    plans, number = rng.sample(list(company.plans), 2), rng.randrange(10_000, 100_000)
    who = Actor("customer", account.customer_id), Actor("installer", rng.choice(company.installers))
    return [
        Action(
            f"{account.account_id}-{number + step}",
            name,
            account.account_id,
            rng.choice(who),
            plans[step % 2],
            OPENS + timedelta(minutes=step // 2),  # two of one moment are told apart by their ids alone
        )
        for step, name in enumerate(names)
    ]


def _households(actions: Iterable[Action], readings: Sequence[Sequence[Event]]) -> list[Household]:
    """The households of these actions, with what was read of each."""

    def of(account_id: str) -> Household:
        own = (tuple(event for event in reading if event.account_id == account_id) for reading in readings)
        return Household(account_id, tuple(own))

    return [of(account_id) for account_id in dict.fromkeys(action.account_id for action in actions)]


def handle(event: Event, mailing: Mailing) -> None:
    """Mail about a plan that was browsed, once per event, however often the topic is read.

    First the letter, then the memory: if the mail server is down, nothing is remembered and nothing lost.
    """
    if isinstance(event, PlanBrowsed) and not mailing.remembers(event.source, event.id):
        mailing.mail(event.account_id, event.plan.name)
        mailing.remember(event.source, event.id)


def _everything_is_remembered(event: Event, mailing: Mailing) -> None:
    if mailing.remembers("marketing", event.id):
        return
    if event.ACTION == "browse_plan":
        mailing.mail(event.account_id, event.plan.name)
    mailing.remember("marketing", event.id)


def _without_a_memory(event: Event, mailing: Mailing) -> None:
    if isinstance(event, PlanBrowsed):
        mailing.mail(event.account_id, event.plan.name)


def _once(what: Callable[[Event], tuple[str, str]], kind: type[Event] = PlanBrowsed) -> Answer:
    """The answer that mails once about what has this name in its memory."""

    def handle_once(event: Event, mailing: Mailing) -> None:
        if isinstance(event, kind) and not mailing.remembers(*what(event)):
            mailing.mail(event.account_id, event.plan.name)
            mailing.remember(*what(event))

    return handle_once


def _remembers_first(event: Event, mailing: Mailing) -> None:
    if isinstance(event, PlanBrowsed) and not mailing.remembers(event.source, event.id):
        mailing.remember(event.source, event.id)
        mailing.mail(event.account_id, event.plan.name)


def _with_a_set(seen: set[str]) -> Answer:
    """The answer that notes in this set what it has mailed."""

    def handle_once(event: Event, mailing: Mailing) -> None:
        if isinstance(event, PlanBrowsed) and event.id not in seen:
            mailing.mail(event.account_id, event.plan.name)
            seen.add(event.id)

    return handle_once


def _keeps_the_error_quiet(event: Event, mailing: Mailing) -> None:
    with suppress(MailServerDownError):
        handle(event, mailing)


class Letters(NamedTuple):
    """The subjects of the letters on the first reading, and on the second; shown as their number.

    `elsewhere` says whether the listener keeps a memory of its own, beside marketing's.
    """

    first: tuple[str, ...]
    again: tuple[str, ...] = ()
    elsewhere: bool = False

    def __repr__(self) -> str:
        return f"{_counted(len(self.first))} on the first reading and {len(self.again)} on the second"


def _counted(letters: int) -> str:
    return f"{letters} letter{'s' * (letters != 1)}"


class Post:
    """A mail server without a network: it keeps the subjects of letters; while it is `full` it takes none."""

    def __init__(self) -> None:
        self.full = False
        self._subjects: list[str] = []

    def send(self, message: EmailMessage) -> None:
        """Keep the letter's subject. Raises MailServerDownError."""
        if self.full:
            raise MailServerDownError("the mail server took no letter (452 the mailbox is full); try again")
        self._subjects.append(message["Subject"])

    def collected(self) -> tuple[str, ...]:
        """What came since the last time."""
        subjects, self._subjects = tuple(self._subjects), []
        return subjects


def _mailed(answer: Answer, household: Household) -> Letters:
    """The letters of two readings. Another marketing, which remembers nothing, has to mail the same."""
    household = _unheard_of(household)
    letters, others = (_with_one_memory(answer, household) for _ in range(2))
    return letters._replace(elsewhere=letters != others)


def _unheard_of(household: Household) -> Household:
    """The household with ids that nobody can have noted, in whatever ran before."""
    run = uuid4().hex
    readings = (tuple(_renamed(event, run) for event in reading) for reading in household.readings)
    return replace(household, readings=tuple(readings))


def _renamed(event: Event, run: str) -> Event:
    return event.model_copy(update={"id": f"{event.id}-{run}"})


def _with_one_memory(answer: Answer, household: Household) -> Letters:
    """The letters of two readings, with one memory. A service that fails begins at the same event again."""
    post, letters = Post(), []
    contact = Contact(household.account_id, "household@herdfiber.example", consent=True)
    first, *_ = readings = [list(reading) for reading in household.readings]
    with Mailing(Path(":memory:"), post, [contact]) as mailing:
        if household.delivered == FULL_ONCE and not _fails(post, partial(answer, first[0], mailing)):
            first.pop(0)  # no error: it is committed
        for reading in readings:
            for event in reading:
                answer(event, mailing)
            letters.append(post.collected())
    return Letters(*letters)


def _fails(post: Post, work: Callable[[], None]) -> bool:
    """Whether it raises while the mail server takes no letter."""
    post.full = True
    try:
        work()
    except Exception:  # it comes again, and what is wrong with it, too
        return True
    finally:
        post.full = False
    return False


def _replay_cases(rng: random.Random, company: Company) -> Iterator[Case]:
    """Marketing that survives a replay: what three households did, read twice."""
    histories = (
        ("browse_plan",),
        ("browse_plan", "browse_plan", "browse_plan"),
        ("purchase_plan", "browse_plan", "cancel_plan"),
    )
    agreed = sorted(contact.account_id for contact in contacts() if contact.consent)
    accounts = [company.accounts[name] for name in rng.sample(agreed, len(histories))]
    actions = _lived(rng, company, accounts, histories)
    records = [encode(happened(action, company.plans)) for action in actions]
    events = [decode(record.headers.items(), None, record.value) for record in records]
    households = _households(actions, (events, events))
    for household in (*households, replace(households[0], delivered=FULL_ONCE)):
        browsed = [event.plan.name for event in household.readings[0] if event.ACTION == "browse_plan"]
        due = Letters(tuple(letter("", plan)["Subject"] for plan in browsed))
        problem, how_much = partial(_letter_problem, due), partial(_letters_off, due)
        harmed = f"household {household.account_id}"
        yield Case((household,), repr(due), harmed, problem, how_much, effect=True)


def _letter_problem(due: Letters, came: Letters) -> str | None:
    if came == due:
        return None
    if came.elsewhere:
        return "it goes by a memory beside `mailing`, which does not survive a restart"
    if len(came.first) < len(due.first):
        return "a letter is missing"
    return "the second reading mailed again" if came.again else "it mails about more than browsed plans"


def _letters_off(due: Letters, came: Letters) -> str:
    if came.elsewhere:
        return "mailed again after a restart by a service that has forgotten it"
    more, fewer = len(came.first + came.again) - len(due.first), len(due.first) - len(came.first)
    if fewer > 0:
        return f"{_counted(fewer)} too few"
    return f"{_counted(more)} too many" if more else "a letter about something else"


REPLAY = Exercise(
    "exercise-06-replay",
    _replay_cases,
    right=(handle, _once(lambda event: (event.source, event.id)), _everything_is_remembered),
    run=_mailed,
    thoughts=(
        Thought(
            "no memory",
            "A topic may be read again at any time: ask mailing.remembers first.",
            _without_a_memory,
        ),
        Thought(
            "a set in the notebook",
            "A set is empty when the service starts again: only what `mailing` remembers survives that.",
            _with_a_set(set()),
        ),
        Thought(
            "once per household",
            "A household may look at many plans; what comes again is an event, by its source and id.",
            _once(lambda event: (event.source, event.account_id)),
        ),
        Thought(
            "once per plan",
            "Who looks at a plan again is interested again: that is another event, with an id of its own.",
            _once(lambda event: (event.account_id, event.plan.name)),
        ),
        Thought(
            "once per moment",
            "Two events of one moment are two events: what tells them apart is source and id.",
            _once(lambda event: (event.account_id, str(event.time))),
        ),
        Thought(
            "remembered though not mailed",
            "Remember only what was mailed: the service that failed begins at the same event again.",
            _remembers_first,
        ),
        Thought(
            "the error kept quiet",
            "Let the mail server's error out: a service that hears of none commits, and goes on.",
            _keeps_the_error_quiet,
        ),
        Thought(
            "about every event",
            "Only browsing is marketing's business.",
            _once(lambda event: (event.source, event.id), Event),
        ),
    ),
)

Looks = dict[str, int]
Handle = Callable[[Event, Looks, set], None]


def win_back() -> tuple[str, Callable[[Event, Looks, set], None]]:
    """A group of its own, and the rule: looks count per account until it buys.

    The name decides whose cursor is moved: under billing's name it would take billing's events. After a crash
    the events since the last commit come again, so what was dealt with is noted by source and id. Where both
    are in a database, list and note are written in one transaction: a crash between them would lose a look.
    """

    def handle(event: Event, looks: Looks, seen: set) -> None:
        if (event.source, event.id) in seen:
            return
        seen.add((event.source, event.id))
        if isinstance(event, PlanBrowsed):
            looks[event.account_id] = looks.get(event.account_id, 0) + 1
        elif isinstance(event, PlanPurchased | PlanChanged):
            looks.pop(event.account_id, None)

    return "win-back", handle


def _service(handle: Handle, group: str = "win-back-list") -> Answer:
    """The answer with this rule, under this name."""
    return lambda: (group, handle)


_, _counts = win_back()


def _by_ids(event: Event, looks: Looks, seen: set) -> None:
    if event.ACTION == "browse_plan":
        seen.add((event.account_id, event.id))
    if event.ACTION in SALES:
        seen -= {look for look in seen if look[0] == event.account_id}
    looks.pop(event.account_id, None)
    if own := [look for look in seen if look[0] == event.account_id]:
        looks[event.account_id] = len(own)


def _only(*kinds: type[Event]) -> Handle:
    """The rule for these kinds of events; others change nothing."""
    return lambda event, looks, seen: _counts(event, looks, seen) if isinstance(event, kinds) else None


def _keeps_a_zero(event: Event, looks: Looks, seen: set) -> None:
    new = (event.source, event.id) not in seen
    _counts(event, looks, seen)
    if new and isinstance(event, PlanPurchased | PlanChanged):
        looks[event.account_id] = 0


def _by_actor(event: Event, looks: Looks, seen: set) -> None:
    _counts(event.model_copy(update={"account_id": event.actor.id}), looks, seen)


def _with_a_memory_of_its_own(noted: set) -> Handle:
    """The rule that notes what it has dealt with in this set instead of in `seen`."""
    return lambda event, looks, seen: _counts(event, looks, noted)


def _ends_with_a_cancellation(event: Event, looks: Looks, seen: set) -> None:
    if isinstance(event, PlanCancelled) and (event.source, event.id) not in seen:
        looks.pop(event.account_id, None)
    _counts(event, looks, seen)


BILLING = (customer_billing, installer_billing)
TAKEN = sorted(module.GROUP for module in (*BILLING, marketing))
TAKEN_NAME, NEVER_THE_SAME = "taken", "never the same"


class Town(Household):
    """All households' events, on a topic to which others listen as well."""

    def __repr__(self) -> str:
        return f"{len(self.readings[0])} events of {self.account_id}, beside {', '.join(TAKEN)}"


@dataclass(frozen=True, repr=False)
class Kept:
    """The list that a service has in the end. Its group counts only as free, taken or never the same.

    `elsewhere` says whether it keeps a memory of its own, beside `looks` and `seen`.
    """

    looks: Looks
    name: str
    elsewhere: bool
    group: str = field(compare=False)

    def __repr__(self) -> str:
        return f"the list {self.looks!r}"


def _kept(answer: Answer, household: Household) -> object:
    """What the service keeps of these readings; what it is instead if it is none."""
    if not _is_service(came := answer()):
        return came
    group, _ = came
    name = TAKEN_NAME if group in TAKEN else "free" if answer()[0] == group else NEVER_THE_SAME
    household = _unheard_of(household)
    looks, others = (_listed(answer, household) for _ in range(2))
    return Kept(looks, name, looks != others, group)


def _listed(answer: Answer, household: Household) -> object:
    """The list after all readings, from an empty one; for each of them the service is started anew."""
    looks: Looks = {}
    seen: set = set()
    for reading in household.readings:
        _, handle = answer()
        for event in reading:
            handle(event, looks, seen)
    return plain(looks)


def _is_service(came: object) -> bool:
    is_pair = isinstance(came, tuple) and len(came) == 2
    return bool(is_pair and isinstance(came[0], str) and came[0] and callable(came[1]))


def _service_cases(rng: random.Random, company: Company, topic: Topic) -> Iterator[Case]:
    """A service of the reader's own, beside the others on a topic."""
    look = "browse_plan"
    histories = (
        (look,),
        (look, look),
        (look, "purchase_plan"),
        (look, look, "change_plan", look),
        ("purchase_plan", look, "cancel_plan"),
    )
    accounts = rng.sample(list(company.accounts.values()), len(histories))
    actions = _lived(rng, company, accounts, histories)
    topic.write(actions)
    households = _households(actions, [topic.read_on(group) for group in (marketing.GROUP, "support")])
    for household in households:
        due = _kept(win_back, household)
        harmed = f"household {household.account_id}, and whoever calls it"
        problem, how_much = partial(_list_problem, due), partial(_looks_off, due)
        yield Case((household,), repr(due), harmed, problem, how_much, effect=True)
    yield _beside_others(company, topic, households, actions)


def _list_problem(due: Kept, came: object) -> str | None:
    if not isinstance(came, Kept):
        wanted = "the group's name (some text) and the function that handles an event"
        return f"of type {type(came).__name__}, not {wanted}"
    if wrong := form(due.looks, came.looks):
        return wrong
    if came.elsewhere:
        return "it goes by a memory beside `looks` and `seen`, which does not survive a restart"
    if came.name == NEVER_THE_SAME:
        return "its group never has the same name, so that it begins at offset 0 after each restart"
    return None if came.looks == due.looks else "the list is wrong"


def _looks_off(due: Kept, came: Kept) -> str | None:
    if form(due.looks, came.looks):
        return None
    if came.elsewhere or came.name == NEVER_THE_SAME:
        return "from a list that nobody can rely on after a restart"
    off = sum(came.looks.values()) - sum(due.looks.values())
    looks = f"{abs(off)} look{'s' * (abs(off) != 1)} too {'many' if off > 0 else 'few'}"
    return looks if off else "an account on it that does not belong there"


def _beside_others(
    company: Company, topic: Topic, households: Sequence[Household], actions: Sequence[Action]
) -> Case:
    """The case in which all others listen, too: who reads under another's name takes its events."""
    readings = zip(*(household.readings for household in households), strict=True)
    whole = tuple(tuple(event for own in reading for event in own) for reading in readings)
    town = Town(f"{len(households)} households", whole)
    due = _kept(win_back, town)
    beside = cache(partial(_beside, company, topic, actions))

    def problem(came: object) -> str | None:
        if wrong := _list_problem(due, came):
            return wrong
        seen, billing, _ = beside(came.group)
        saw = f"as the group {came.group!r} it saw {seen} of {len(actions)} events"
        return None if seen == billing == len(actions) else f"{saw}, and billing then {billing}"

    def how_much(came: Kept) -> str:
        return f"{dollars(beside(came.group)[-1])} never billed"

    harmed = "whoever has the name already, and misses what the other one reads"
    return Case((town,), f"{due!r}, and all bills", harmed, problem, how_much, effect=True)


def _beside(company: Company, topic: Topic, actions: Sequence[Action], group: str) -> tuple[int, int, int]:
    """How many events a service sees as this group, then the poorer of the billings; and the cents unbilled.

    Who uses another's group shares its cursor: what one of them has read, the other does not get.
    """
    seen, billing = len(topic.read_on(group)), len(actions)
    unbilled_cents = sum(expected_cents(action, company.plans) for action in actions)
    with Ledger(Path(":memory:")) as ledger:
        for service in BILLING:
            events = topic.read_on(service.GROUP)
            billing = min(billing, len(events))
            for event in events:
                service.handle(event, ledger)
        return seen, billing, unbilled_cents - sum(charge.amount_cents for charge in ledger.charges())


OWN_SERVICE = Exercise(
    "exercise-06-own-service",
    _service_cases,
    right=(win_back, _service(_counts), _service(_by_ids, "who-looked")),
    run=_kept,
    on_topic=True,
    thoughts=(
        Thought(
            "another service's group",
            "A group id says who listens: a new service needs a name that nobody has.",
            _service(_counts, customer_billing.GROUP),
        ),
        Thought(
            "a new name each time",
            "A group's cursor belongs to its name: under another one it has read nothing.",
            lambda: (f"win-back-{uuid4().hex}", _counts),
        ),
        Thought(
            "a set in the notebook",
            "Only `looks` and `seen` survive a restart: what is noted beside them is gone.",
            _service(_with_a_memory_of_its_own(set())),
        ),
        Thought(
            "counts what comes again",
            "After a crash the last events come again: note in `seen` what you have dealt with.",
            _service(lambda event, looks, seen: _counts(event, looks, set())),
        ),
        Thought("nothing ends a wish", "Whoever has bought needs no call.", _service(_only(PlanBrowsed))),
        Thought(
            "a 0 on the list",
            "Whoever bought is not on the list, not even with 0.",
            _service(_keeps_a_zero),
        ),
        Thought(
            "only a purchase is a sale",
            "A change of plan is a sale, too.",
            _service(_only(PlanBrowsed, PlanPurchased)),
        ),
        Thought(
            "a list of actors",
            "Who looks may be an installer in somebody else's home: the event says whose.",
            _service(_by_actor),
        ),
        Thought(
            "a cancellation ends a wish, too",
            "Who cancels has bought nothing.",
            _service(_ends_with_a_cancellation),
        ),
    ),
)
