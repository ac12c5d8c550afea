"""The exercises of chapter 08, with their answers. Read it after you have tried."""

import copy
import random
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any

from classroom.exercises.check import Answer, Case, Exercise, Thought, cents_off
from classroom.world.topic import Record
from fiberlab.database import DatabaseDownError
from fiberlab.domain import Company
from fiberlab.eventdriven.events import UnreadableEventError
from fiberlab.ledger import ConflictingChargeError
from fiberlab.mailing import MailServerDownError

# --- sort out ---

AGAIN, ASIDE, SKIP, STOP = WORDS = ("again", "set aside", "skip", "stop")
PATIENCE = 200  # ticks of a night; a tick is one attempt


def what_to_do(error: Exception, place: tuple[int, int], attempts: dict[object, int]) -> str:
    """What to do with the record at this place: "again", "set aside", "skip" or "stop".

    What is away may come back, so it gets 20 attempts, each record its own. What nobody can read stays as it
    is. Any other error is our own fault and would hit every record: stop, before the night is set aside.
    """
    if isinstance(error, UnreadableEventError | ConflictingChargeError):
        return "set aside"
    if not isinstance(error, DatabaseDownError | MailServerDownError | ConnectionError):
        return "stop"
    attempts[place] = attempts.get(place, 0) + 1
    return "again" if attempts[place] < 20 else "set aside"


AWAY = (DatabaseDownError, MailServerDownError, ConnectionError)
NEVER = (UnreadableEventError, ConflictingChargeError)


def _by_table(error: Exception, place: tuple[int, int], attempts: dict[object, int]) -> str:
    for kinds, word in ((NEVER, ASIDE), (AWAY, AGAIN)):
        if isinstance(error, kinds):
            attempts[place] = attempts.get(place, 0) + 1
            return ASIDE if attempts[place] > 20 else word
    return STOP


def _by_lists(error: Exception, place: tuple[int, int], attempts: dict[object, list[Exception]]) -> str:
    match error:
        case DatabaseDownError() | MailServerDownError() | ConnectionError():
            attempts.setdefault(place, []).append(error)
            return AGAIN if len(attempts[place]) < 20 else ASIDE
        case UnreadableEventError() | ConflictingChargeError():
            return ASIDE
    return STOP


def _sorting(away: str = AGAIN, never: str = ASIDE, own: str = STOP) -> Answer:
    """The answer that says these words, and else what the solution says."""

    def answer(error: Exception, place: tuple[int, int], attempts: dict[object, int]) -> str:
        if isinstance(error, NEVER):
            return never
        if not isinstance(error, AWAY):
            return own
        return what_to_do(error, place, attempts) if away == AGAIN else away

    return answer


def _one_counter(error: Exception, place: tuple[int, int], attempts: dict[object, int]) -> str:
    return what_to_do(error, (0, 0), attempts)


def _without_an_end(error: Exception, place: tuple[int, int], attempts: dict[object, int]) -> str:
    return AGAIN if isinstance(error, AWAY) else what_to_do(error, place, attempts)


@dataclass(frozen=True, repr=False)
class Trouble:
    """A household's event, and what its first so many attempts raise: PATIENCE of them is for ever."""

    account_id: str
    place: tuple[int, int]
    error: Exception | None = None
    attempts: int = 0

    def __repr__(self) -> str:
        if self.error is None:
            return f"{self.account_id}: nothing wrong"
        how_long = "for ever" if self.attempts >= PATIENCE else f"{self.attempts} times"
        return f"{self.account_id}: {type(self.error).__name__} {how_long}"


@dataclass(frozen=True, repr=False)
class Morning:
    """Whose events were billed, set aside, lost, or still wait; and at whose the service has stopped."""

    billed: tuple[str, ...]
    aside: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()
    stopped_at: str = ""

    def __repr__(self) -> str:
        parts = {"billed": self.billed, "set aside": self.aside, "lost": self.lost, "waiting": self.waiting}
        said = [f"{name}: {', '.join(accounts)}" for name, accounts in parts.items() if accounts]
        return "; ".join([*said, f"stopped at {self.stopped_at}"] if self.stopped_at else said) or "nothing"


def _morning(answer: Answer, night: Sequence[Trouble]) -> object:
    """What is found after a night in which the answer decides. What is tried again goes to the end."""
    queue, attempts, tried = deque(night), {}, dict.fromkeys(night, 0)
    found: dict[str, list[str]] = {"": [], ASIDE: [], SKIP: []}
    for _ in range(PATIENCE):
        if not queue:
            break
        event = queue.popleft()
        tried[event] += 1
        word = answer(event.error, event.place, attempts) if tried[event] <= event.attempts else ""
        if word == STOP:
            waiting = [waits.account_id for waits in queue]
            return _found(found, waiting, event.account_id)
        if word == AGAIN:
            queue.append(event)
        elif word in found:
            found[word].append(event.account_id)
        else:
            return word
    return _found(found, [waits.account_id for waits in queue])


def _found(found: dict[str, list[str]], waiting: Iterable[str], stopped_at: str = "") -> Morning:
    lists = (found[""], found[ASIDE], found[SKIP], waiting)
    return Morning(*(tuple(sorted(accounts)) for accounts in lists), stopped_at)


def _troubles(rng: random.Random) -> list[list[tuple[Exception | None, int]]]:
    """Nights, each of events with what they raise, and how often."""
    unreadable, conflict = UnreadableEventError("the price is text"), ConflictingChargeError("one id twice")
    away, ledger = ConnectionError("the address check is away"), DatabaseDownError("the disk is full")
    fine, post, bug = (None, 0), MailServerDownError("no answer"), KeyError("list_price")
    return [
        [(unreadable, PATIENCE), fine, fine],
        [fine, (conflict, PATIENCE), fine],
        [(away, rng.randrange(10, 14)), fine, fine],
        [(ledger, rng.randrange(10, 14)), fine, fine, fine],
        [(post, PATIENCE), fine, fine],
        [fine, (bug, PATIENCE), fine],
        [(away, 4)] * 8,
    ]


def _nights(rng: random.Random, company: Company) -> Iterator[Case]:
    """Nights with one kind of trouble each."""
    for kind in _troubles(rng):
        accounts = rng.sample(list(company.accounts), len(kind))
        night = tuple(
            Trouble(account, (rng.randrange(4), offset), *trouble)
            for offset, (account, trouble) in enumerate(zip(accounts, kind, strict=True))
        )
        hurt = next((event.account_id for event in night if event.error), accounts[0])
        due, harmed = _morning(what_to_do, night), f"household {hurt}, and whoever waits for it"
        yield Case((night,), due, harmed, how_much=partial(_late, due), effect=True)


def _late(due: Morning, came: Morning) -> str:
    missing = len(set(due.billed) - set(came.billed))
    told = [f"{missing} not billed"] * bool(missing) + [f"{len(came.lost)} lost for good"] * bool(came.lost)
    return ", ".join(told) or "nobody is told"


SORT_OUT = Exercise(
    "exercise-08-sort-out",
    _nights,
    right=(what_to_do, _by_table, _by_lists),
    run=_morning,
    thoughts=(
        Thought(
            "it will heal",
            "What nobody can read will not heal, however often it is tried: set it aside.",
            _sorting(never=AGAIN),
        ),
        Thought(
            "away is broken",
            "What is only away comes back: a dead letter needs a person, and is overtaken meanwhile.",
            _sorting(away=ASIDE),
        ),
        Thought(
            "on with the next",
            "Who is skipped is not billed, for ever, and nobody is told.",
            _sorting(never=SKIP),
        ),
        Thought(
            "one counter for all",
            "Eight records that fail four times each are no record that fails 32 times: count per place.",
            _one_counter,
        ),
        Thought(
            "for ever",
            "Somebody must hear of what stays away: set it aside after 20 attempts.",
            _without_an_end,
        ),
        Thought(
            "our own bug is poison",
            "A KeyError is our own bug, and hits every event of the night: stop, and wake somebody.",
            _sorting(own=ASIDE),
        ),
        Thought(
            "our own bug will heal",
            "A KeyError is our own bug: trying it again changes no line of it. Stop.",
            _sorting(own=AGAIN),
        ),
    ),
)


# --- hold back ---


def next_step(record: Record, waiting: Sequence[Record]) -> str:
    """What to do with the record: "handle" or "wait", because an earlier event of its household waits.

    A dead letter waits, too: what comes later must not overtake its redrive. The offset says what is earlier,
    for all events of a household are in one partition.
    """
    for other in waiting:
        if other.account_id == record.account_id and other.offset < record.offset:
            return "wait"
    return "handle"


def _oldest_first(record: Record, waiting: Sequence[Record]) -> str:
    own = [other.offset for other in (*waiting, record) if other.account_id == record.account_id]
    return "handle" if min(own) == record.offset else "wait"


def _holding(rule: Answer) -> Answer:
    """The answer that waits if the rule holds for the record and one that waits."""
    return lambda record, waiting: "wait" if any(rule(record, other) for other in waiting) else "handle"


def _same(record: Record, other: Record) -> bool:
    return other.account_id == record.account_id and other.offset < record.offset


def _released_together(record: Record, waiting: Sequence[Record]) -> str:
    return "handle" if record.where == "retry topic" else next_step(record, waiting)


def _steps(rng: random.Random, company: Company) -> Iterator[Case]:
    for record, waiting in _what_waits(rng, company):
        due = next_step(record, waiting)
        line = f"household {record.account_id}"
        harm = f"{line}, whose line runs at a plan it has left" if due == "wait" else f"{line}, which waits"
        yield Case((record, waiting), due, harm)


def _what_waits(rng: random.Random, company: Company) -> Iterator[tuple[Record, tuple[Record, ...]]]:
    """One record each, and what waits."""
    own, other = rng.sample(list(company.accounts), 2)
    lane, first = rng.randrange(4), rng.randrange(3, 90)
    bought = Record(own, "purchase_plan", lane, first, "retry topic")
    moved = Record(own, "change_plan", lane, first + rng.randrange(1, 4))
    ended = Record(own, "cancel_plan", lane, first + rng.randrange(5, 9))
    near = Record(other, "purchase_plan", lane, first + rng.randrange(1, 9))
    far = Record(other, "purchase_plan", (lane + 1) % 4, first + rng.randrange(1, 9))
    dead, later = bought._replace(where="dead letters"), moved._replace(where="retry topic")
    again, third = bought._replace(action="change_plan"), moved._replace(offset=moved.offset + 1)
    yield from ((moved, ()), (moved, (bought,)), (ended, (bought, later)), (third, (later,)))
    yield from ((near, (bought,)), (far, (bought,)), (near, (again,)), (moved, (dead,)))
    yield from ((bought, (bought,)), (bought, (bought, later)), (later, (bought, later)), (later, (later,)))


HOLD_BACK = Exercise(
    "exercise-08-hold-back",
    _steps,
    right=(next_step, _oldest_first, _holding(_same)),
    thoughts=(
        Thought(
            "the whole partition",
            "A partition holds many households; only the one whose event waits has to wait.",
            _holding(lambda r, o: o.partition == r.partition and o.offset < r.offset),
        ),
        Thought(
            "by the kind of event",
            "A change waits for a purchase: order is kept per household, not per kind of event.",
            _holding(lambda r, o: _same(r, o) and o.action == r.action),
        ),
        Thought(
            "dead letters forgotten",
            "A dead letter will be redriven: what its household does later must not come before it.",
            _holding(lambda r, o: _same(r, o) and o.where == "retry topic"),
        ),
        Thought(
            "released together",
            "Two of the household wait: the second is tried when the first is done.",
            _released_together,
        ),
        Thought(
            "waits for itself",
            "Everything that waits is in `waiting`, the record itself, too: then nothing is ever handled.",
            _holding(lambda r, o: o.account_id == r.account_id),
        ),
        Thought(
            "nobody waits",
            "Then the retry comes after the change, and the household gets back the plan it has left.",
            _holding(lambda r, o: False),
        ),
    ),
)


# --- upcast ---

PRICE, OLD = "list_price_cents", "price_dollars"
REFUSED = "an UnreadableEventError"
Data = dict[str, Any]


def upcast(data: Data) -> Data:
    """The data of an event in today's form, whichever it came in. Raises UnreadableEventError if in none.

    Today's price is whole cents; the old one was dollars. The name says which it is, and never the size.
    """
    plan = dict(data["plan"])
    if "price_dollars" in plan:
        old_cents = round(plan.pop("price_dollars") * 100)
        if plan.setdefault("list_price_cents", old_cents) != old_cents:
            raise UnreadableEventError(f"two prices: {old_cents} and {plan['list_price_cents']} cents")
    if "list_price_cents" not in plan:
        raise UnreadableEventError("no price")
    return {**data, "plan": plan}


def _on_a_copy(data: Data) -> Data:
    data = copy.deepcopy(data)
    plan = data["plan"]
    prices = {plan[PRICE]} if PRICE in plan else set()
    prices |= {int(f"{plan.pop(OLD):.2f}".replace(".", ""))} if OLD in plan else set()
    if len(prices) != 1:
        raise UnreadableEventError(f"it says {len(prices)} prices")
    (plan[PRICE],) = prices
    return data


def _by_decimals(data: Data) -> Data:
    match data["plan"]:
        case {"list_price_cents": int(cents), "price_dollars": old} if cents != Decimal(str(old)) * 100:
            raise UnreadableEventError("two prices")
        case {"list_price_cents": int(cents)}:
            return _with_price(data, cents)
        case {"price_dollars": old}:
            return _with_price(data, int(Decimal(str(old)) * 100))
    raise UnreadableEventError("no price")


def _takes_the_new(data: Data) -> Data:
    plan = data["plan"]
    return _with_price(data, plan[PRICE]) if PRICE in plan else upcast(data)


def _zero(data: Data) -> Data:
    return upcast(data) if data["plan"].keys() & {PRICE, OLD} else _with_price(data, 0)


def _with_price(data: Data, cents: int) -> Data:
    return {**data, "plan": {"name": data["plan"]["name"], PRICE: cents}}


def _by_size(data: Data) -> Data:
    new = upcast(data)
    cents = new["plan"][PRICE]
    return _with_price(new, cents * 100) if cents < 1000 and OLD not in data["plan"] else new


def _cut(data: Data) -> Data:
    plan = data["plan"]
    new = upcast(data)
    return _with_price(new, int(plan[OLD] * 100)) if OLD in plan and PRICE not in plan else new


def _in_place(data: Data) -> Data:
    data["plan"] = upcast(data)["plan"]
    return data


def _upcast(answer: Answer, data: Data) -> object:
    """The data in its new form; in words if there is none, or if the old one was changed on the way."""
    before = copy.deepcopy(data)
    try:
        came = answer(data)
    except UnreadableEventError:
        came = REFUSED
    return came if data == before else "a change of the data that it was given"


def _forms(rng: random.Random, company: Company) -> Iterator[Case]:
    """A price in the forms that it has had."""
    account = rng.choice([*company.accounts.values()])
    sold = rng.sample([(plan.name, plan.list_price_cents) for plan in company.plans.values()], 3)
    router, visit = ("Second router", 999), ("Fiber 2 Gig, by an installer", 7999)  # 79.99 * 100 is 7998.99…
    both = {PRICE: sold[2][1], OLD: sold[2][1] / 100}
    forms = [(name, {PRICE: cents}) for name, cents in (sold[0], router)]
    forms += [(name, {OLD: cents / 100}) for name, cents in (sold[1], visit, router)]
    forms += [(sold[2][0], both), (sold[2][0], {**both, OLD: both[OLD] + 1}), (sold[0][0], {})]
    for name, prices in forms:
        who = {"account_id": account.account_id, "actor": {"kind": "customer", "id": account.customer_id}}
        data = {**who, "plan": {"name": name, **prices}}
        due = _upcast(upcast, data)
        problem, how_much = partial(_form_problem, due), partial(_cents, due)
        harmed = f"household {account.account_id}, and whoever reads the bill"
        yield Case((data,), _words(due), harmed, problem, how_much)


def _words(due: object) -> str:
    return REFUSED if due == REFUSED else f"{due!r}"


def _form_problem(due: object, came: object) -> str | None:
    if isinstance(came, str):
        return None if came == due else ""
    if not isinstance(came, dict):
        return f"of type {type(came).__name__}, not a dict"
    price = came.get("plan", {}).get(PRICE)
    if due != REFUSED and price is not None and type(price) is not int:
        return f"{PRICE} is of type {type(price).__name__}, not int"
    return None if came == due else ""


def _cents(due: object, came: object) -> str:
    if due == REFUSED:
        return "billed though nobody knows the price"
    if isinstance(came, str):
        return "not billed" if came == REFUSED else "another reader gets what it has not asked for"
    return cents_off(due["plan"][PRICE], came["plan"][PRICE])


UPCAST = Exercise(
    "exercise-08-upcast",
    _forms,
    right=(upcast, _on_a_copy, _by_decimals),
    run=_upcast,
    thoughts=(
        Thought(
            "no price is 0",
            "Nobody notices a bill of $0.00: refuse what has no price.",
            _zero,
        ),
        Thought(
            "small is dollars",
            "A second router costs 999 cents: the name says what a number is, and never its size.",
            _by_size,
        ),
        Thought(
            "int cuts",
            "79.99 * 100 is 7998.999… and int cuts it: round, or count in Decimal.",
            _cut,
        ),
        Thought(
            "in place",
            "Another reader holds the same data, and gets a form it has not asked for: make a new dict.",
            _in_place,
        ),
        Thought(
            "the new one counts",
            "Two prices that disagree: nobody knows which is meant, so refuse the event.",
            _takes_the_new,
        ),
    ),
)
