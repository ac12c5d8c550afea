"""The exercises of chapter 07, with their answers. Read it after you have tried."""

import random
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, suppress
from copy import deepcopy
from dataclasses import dataclass
from datetime import timedelta
from inspect import unwrap
from itertools import count
from types import CellType, FunctionType

from classroom.exercises.check import Answer, Case, Exercise, Thought
from classroom.world.company import OPENS
from fiberlab.domain import Action, Actor, Company, dollars
from fiberlab.eventdriven.events import Event, charge, happened
from fiberlab.ledger import Charge


class Died(BaseException):
    """The service's process ended here; no `except Exception` notices."""


def _new_process(answer: Answer) -> Answer:
    """The function as a new process has it: what it and its helpers keep in memory is as it was at first."""
    answer = unwrap(answer)
    home = getattr(answer, "__globals__", {})
    fresh, new = dict(home), {}

    def renewed(value: object) -> object:
        if isinstance(value, set | dict | list):
            return new.setdefault(id(value), deepcopy(value))
        if not isinstance(value, FunctionType) or value.__globals__ is not home or id(value) in new:
            return new.get(id(value), value)
        new[id(value)] = value  # a function may name itself
        named = home.keys() & {*value.__code__.co_names}
        fresh.update({name: renewed(home[name]) for name in named})
        cells = tuple(CellType(renewed(cell.cell_contents)) for cell in value.__closure__ or ())
        defaults = tuple(map(renewed, value.__defaults__ or ()))
        new[id(value)] = FunctionType(value.__code__, fresh, value.__name__, defaults, cells)
        return new[id(value)]

    return renewed(answer)


def _sale(company: Company, account_id: str, number: int, plan: str, installer: str = "") -> Event:
    customer = company.accounts[account_id].customer_id
    who = Actor("installer", installer) if installer else Actor("customer", customer)
    at = OPENS + timedelta(minutes=number)
    return happened(Action(f"s-{number}", "purchase_plan", account_id, who, plan, at), company.plans)


@dataclass(frozen=True, repr=False)
class Night:
    """Sales, and what happens while they are handled."""

    sales: tuple[Event, ...]
    happens: str

    def __repr__(self) -> str:
        return f"{len(self.sales)} sales, {self.happens}"


# --- charge once ---


def handle(event: Event, database: sqlite3.Connection) -> None:
    """Charge the event's list price once, wherever the process dies and however often the event comes.

    Source and id stand in the charge itself, so that a charge and the memory of it cannot part. The ledger
    of Herd Fiber has a key over both besides: two members may ask at the same moment, one of them slow.
    """
    known = "SELECT 1 FROM charges WHERE source = ? AND id = ?"
    if database.execute(known, (event.source, event.id)).fetchone() is None:
        row = event.source, event.id, event.account_id, event.plan.list_price_cents
        with database:
            database.execute("INSERT INTO charges VALUES (?, ?, ?, ?)", row)


BATCH = 2  # sales from one commit to the next
TABLES = """
CREATE TABLE charges (source TEXT, id TEXT, account_id TEXT, amount_cents INTEGER);
CREATE TABLE noted (source TEXT, id TEXT);
"""
_CHARGE, _NOTE = "INSERT INTO charges VALUES (?, ?, ?, ?)", "INSERT INTO noted VALUES (?, ?)"
_NOTED = "SELECT 1 FROM noted WHERE source = ? AND id = ?"


def _row(event: Event) -> tuple[str, str, str, int]:
    return event.source, event.id, event.account_id, event.plan.list_price_cents


def _in_one_transaction(event: Event, database: sqlite3.Connection) -> None:
    with database:
        if not database.execute(_NOTED, (event.source, event.id)).fetchall():
            database.execute(_NOTE, (event.source, event.id))
            database.execute(_CHARGE, _row(event))


def _in_one_statement(event: Event, database: sqlite3.Connection) -> None:
    once = "SELECT ?, ?, ?, ? WHERE NOT EXISTS (SELECT 1 FROM charges WHERE source = ? AND id = ?)"
    database.execute(f"INSERT INTO charges {once}", (*_row(event), event.source, event.id))
    database.commit()


def _whatever_comes(event: Event, database: sqlite3.Connection) -> None:
    with database:
        database.execute(_CHARGE, _row(event))


def _with_a_set() -> Answer:
    seen: set[tuple[str, str]] = set()

    def handle_with_a_set(event: Event, database: sqlite3.Connection) -> None:
        if (event.source, event.id) not in seen:
            seen.add((event.source, event.id))
            _whatever_comes(event, database)

    return handle_with_a_set


def _in_two_transactions(*statements: str) -> Answer:
    """The answer that does both, each in a transaction of its own."""

    def handle_in_two(event: Event, database: sqlite3.Connection) -> None:
        if not database.execute(_NOTED, (event.source, event.id)).fetchall():
            for statement in statements:
                with database:
                    database.execute(statement, _row(event)[: statement.count("?")])

    return handle_in_two


def _without_a_commit(event: Event, database: sqlite3.Connection) -> None:
    if not database.execute("SELECT 1 FROM charges WHERE source = ? AND id = ?", _row(event)[:2]).fetchall():
        database.execute(_CHARGE, _row(event))


def _known_by(condition: str, of: slice) -> Answer:
    """The answer that takes a charge for known if these columns are alike."""

    def handle_known(event: Event, database: sqlite3.Connection) -> None:
        if not database.execute(f"SELECT 1 FROM charges WHERE {condition}", _row(event)[of]).fetchall():
            _whatever_comes(event, database)

    return handle_known


class _Statement(sqlite3.Cursor):
    def execute(self, *statement: object) -> sqlite3.Cursor:
        self.connection.step()
        return super().execute(*statement)

    def executemany(self, *statement: object) -> sqlite3.Cursor:
        self.connection.step()
        return super().executemany(*statement)


class _Mortal(sqlite3.Connection):
    """A connection whose process dies just before one of its statements."""

    dies_in = 0  # so many statements from now; 0: never

    def cursor(self) -> sqlite3.Cursor:
        return super().cursor(_Statement)

    def execute(self, *statement: object) -> sqlite3.Cursor:
        return self.cursor().execute(*statement)

    def executemany(self, *statement: object) -> sqlite3.Cursor:
        return self.cursor().executemany(*statement)

    def step(self) -> None:
        self.dies_in -= 1
        if self.dies_in == 0:
            raise Died


MORTAL = "the process dies at every statement once"
RESTARTED, TWICE = "all again after a restart", "each twice"


@dataclass(frozen=True, repr=False)
class Bills:
    """Which sales were ever lost, which were ever charged twice, and whether anything else was written."""

    lost: frozenset[tuple] = frozenset()
    twice: frozenset[tuple] = frozenset()
    other: bool = False

    def __repr__(self) -> str:
        found = {"never charged": self.lost, "charged twice": self.twice}
        said = [f"{len(rows)} of them {how}" for how, rows in found.items() if rows]
        said += ["a charge that no sale explains"] * self.other
        return ", ".join(said) or "each charged once"

    def harm(self) -> str:
        """By how much it harms."""
        sums = {"never charged": self.lost, "too much": self.twice}
        said = [f"{dollars(sum(cents for *_, cents in rows))} {how}" for how, rows in sums.items() if rows]
        return " and ".join(said) or "charged for nothing"


def _billed(answer: Answer, night: Night) -> Bills:
    """What comes of it, over all moments to die."""
    due = frozenset(map(_row, night.sales))
    lost, twice, other = set(), set(), False
    for moment in count(1) if night.happens == MORTAL else (0,):
        charges, died = _charges(answer, night, moment)
        lost |= due - charges.keys()
        twice |= {row for row in due if charges[row] > 1}
        other |= bool(charges.keys() - due)
        if not died:
            break
    return Bills(frozenset(lost), frozenset(twice), other)


def _charges(answer: Answer, night: Night, moment: int) -> tuple[Counter[tuple], bool]:
    """The charges in the end, and whether the process died at its statement of this number."""
    each, readings = (2, 1) if night.happens == TWICE else (1, 2)
    sales = [sale for sale in night.sales for _ in range(each)]
    with closing(sqlite3.connect(":memory:", factory=_Mortal)) as database:
        database.executescript(TABLES)
        database.dies_in = moment
        for _ in range(readings):
            committed = 0
            while committed < len(sales):
                committed = _life(_new_process(answer), sales, committed, database)
        died, database.dies_in = database.dies_in <= 0, 0
        return Counter(database.execute("SELECT * FROM charges").fetchall()), died


def _life(answer: Answer, sales: Sequence[Event], committed: int, database: sqlite3.Connection) -> int:
    """How far the service has committed when it ends; what is open is lost with it."""
    with suppress(Died):
        for start in range(committed, len(sales), BATCH):
            for sale in sales[start : start + BATCH]:
                answer(sale, database)
            committed = min(start + BATCH, len(sales))
    database.rollback()
    return committed


def _once_cases(rng: random.Random, company: Company) -> Iterator[Case]:
    """Sales of three households; of one that buys twice; and two with the same id, from two gateways."""
    accounts, plan = rng.sample(list(company.accounts), 5), rng.choice(list(company.plans))
    start = rng.randrange(1000, 9000)
    three = tuple(_sale(company, name, start + n, plan) for n, name in enumerate(accounts[:3]))
    again = tuple(_sale(company, accounts[3], start + n, plan) for n in (10, 11))
    twin = _sale(company, accounts[4], start, plan).model_copy(update={"source": "/herd-fiber/shop"})
    cases = [(three, how) for how in (MORTAL, RESTARTED, TWICE)]
    for sales, how in [*cases, (again, RESTARTED), ((three[0], twin), RESTARTED)]:
        harmed = f"household {sales[-1].account_id}"
        yield Case((Night(sales, how),), Bills(), harmed, how_much=Bills.harm, effect=True)


ONCE = Exercise(
    "exercise-07-once",
    _once_cases,
    right=(handle, _in_one_transaction, _in_one_statement),
    run=_billed,
    thoughts=(
        Thought(
            "no memory",
            "After a death some events come again: ask first whether this one is charged. Where a table "
            "has no key, INSERT OR IGNORE ignores nothing.",
            _whatever_comes,
        ),
        Thought(
            "a set in memory",
            "A new process knows nothing of a set in memory: what was charged must stand in the database.",
            _with_a_set(),
        ),
        Thought(
            "noted first",
            "Noted, then dead: nobody will charge it any more. Write both in one transaction.",
            _in_two_transactions(_NOTE, _CHARGE),
        ),
        Thought(
            "noted afterwards",
            "Charged, then dead: nobody knows of it. Write both in one transaction.",
            _in_two_transactions(_CHARGE, _NOTE),
        ),
        Thought(
            "never committed",
            "Until it is committed SQLite keeps nothing: write in `with database:`.",
            _without_a_commit,
        ),
        Thought(
            "the id alone",
            "Two gateways may choose the same id: only source and id together are one event.",
            _known_by("id = ?", slice(1, 2)),
        ),
        Thought(
            "the same household and amount",
            "A household may buy twice: what comes again is an event, by its source and id.",
            _known_by("account_id = ? AND amount_cents = ?", slice(2, 4)),
        ),
    ),
)


# --- whom to call ---


def to_call(
    sales: Sequence[Event], ledger: Sequence[Charge], committed: int, once: bool
) -> tuple[set[str], set[str]]:
    """The accounts that are never charged, and those charged twice, once customer billing has gone on.

    What is before the committed offset is never read again; what is not comes again, charged or not. Counted
    is per sale: a household's lost sale and its double one do not make a right bill.
    """
    written = Counter((line.source, line.id) for line in ledger)
    never, twice = set(), set()
    for offset, sale in enumerate(sales):
        times = written[sale.source, sale.id]
        if offset >= committed and not (once and times):
            times += 1
        if sale.actor.kind == "customer" and times != 1:
            (twice if times else never).add(sale.account_id)
    return never, twice


Called = tuple[set[str], set[str]]


def _by_going_on(sales: Sequence[Event], ledger: Sequence[Charge], committed: int, once: bool) -> Called:
    """Goes on as billing does, then compares."""
    lines = [line.id for line in ledger]
    for sale in sales[committed:]:
        if not once or sale.id not in lines:
            lines.append(sale.id)
    own = _of_customers(sales)
    never = {sale.account_id for sale in own if lines.count(sale.id) == 0}
    return never, {sale.account_id for sale in own if lines.count(sale.id) > 1}


def _by_offsets(sales: Sequence[Event], ledger: Sequence[Charge], committed: int, once: bool) -> Called:
    """Looks at what is before the commit, then at what comes again."""
    ids = {line.id for line in ledger}
    before, again = _of_customers(sales[:committed]), _of_customers(sales[committed:])
    never = {sale.account_id for sale in before if sale.id not in ids}
    return never, {sale.account_id for sale in again if sale.id in ids and not once}


def _per_household(sales: Sequence[Event], ledger: Sequence[Charge], committed: int, once: bool) -> Called:
    due = Counter(sale.account_id for sale in _of_customers(sales))
    known, lines = {line.id for line in ledger}, Counter(line.account_id for line in ledger)
    again = _of_customers(sales[committed:])
    lines.update(sale.account_id for sale in again if not (once and sale.id in known))
    return {name for name in due if lines[name] < due[name]}, {n for n in due if lines[n] > due[n]}


def _of_customers(sales: Iterable[Event]) -> list[Event]:
    return [sale for sale in sales if sale.actor.kind == "customer"]


def _all_by_customers(sales: Iterable[Event]) -> list[Event]:
    """The sales as if customers had made them all."""
    customer = Actor("customer", "C-1")
    return [sale.model_copy(update={"actor": customer}) for sale in sales]


class Shown(list):
    """Sales or charges, shown by their ids."""

    def __repr__(self) -> str:
        return f"<{', '.join(map(self._one, self))}>"

    def _one(self, row: Event | Charge) -> str:
        if isinstance(row, Charge):
            return row.id
        return f"{row.id} of {row.account_id}{' by an installer' * (row.actor.kind == 'installer')}"


def _call_cases(rng: random.Random, company: Company) -> Iterator[Case]:
    """A crash with either order of charging and committing, with either kind of ledger, in one night."""
    names, plans = rng.sample(list(company.accounts), 6), list(company.plans)
    names.insert(5, names[2])  # a household that buys twice
    installer, start = rng.choice(company.installers), rng.randrange(1000, 9000)
    sales = Shown(
        _sale(company, name, start + n, rng.choice(plans), installer * (n in (1, 4)))
        for n, name in enumerate(names)
    )
    nights = (  # which are charged, what is committed, whether the ledger takes an id once
        ((0, 2, 3, 5), 2, False),
        ((0, 2, 3, 5), 2, True),
        ((0, 2), 5, False),
        ((0, 3, 5), 5, False),
    )
    for charged, committed, once in nights:
        ledger = Shown(charge(sales[n], sales[n].plan.list_price_cents) for n in charged)
        expected = to_call(sales, ledger, committed, once)
        yield Case(
            (sales, ledger, committed, once), expected, "who is not called, and who is called for nothing"
        )


TO_CALL = Exercise(
    "exercise-07-whom-to-call",
    _call_cases,
    right=(to_call, _by_going_on, _by_offsets),
    thoughts=(
        Thought(
            "everyone after the commit",
            "What comes again is a fault only if it was charged before: ask the ledger.",
            lambda sales, ledger, committed, once: (
                set(),
                {sale.account_id for sale in _of_customers(sales[committed:])},
            ),
        ),
        Thought(
            "as it is now",
            "The service goes on: what is not committed comes again, and is charged then.",
            lambda sales, ledger, committed, once: to_call(sales, ledger, len(sales), once),
        ),
        Thought(
            "whatever the ledger",
            "A ledger that takes an id once charges nobody twice.",
            lambda sales, ledger, committed, once: to_call(sales, ledger, committed, False),
        ),
        Thought(
            "installers, too",
            "What installers sell is another service's to bill.",
            lambda sales, ledger, committed, once: to_call(_all_by_customers(sales), ledger, committed, once),
        ),
        Thought(
            "counted per household",
            "A lost sale and a double one of a household cancel out: count per sale, by source and id.",
            _per_household,
        ),
        Thought(
            "only the first",
            "A batch has several sales: all from the committed offset on come again, not just one.",
            lambda sales, ledger, committed, once: (
                to_call(sales, ledger, committed, once)[0],
                to_call(sales[: committed + 1], ledger, committed, once)[1],
            ),
        ),
    ),
)


# --- the relay ---


class NotAcknowledgedError(RuntimeError):
    """The broker has not acknowledged the event; say it again."""


Waiting = Callable[[], list[Event]]
Say = Callable[[Event], None]
StrikeOut = Callable[..., None]


def relay(waiting: Waiting, say: Say, strike_out: StrikeOut) -> None:
    """Say what waits, oldest first, and strike out what the broker has acknowledged.

    An error of `say` goes out: the next run begins with that event, so that the order is kept. Who dies
    between the two says it again; listeners know the id.
    """
    for event in waiting():
        say(event)
        strike_out(event)


def _one_at_a_time(waiting: Waiting, say: Say, strike_out: StrikeOut) -> None:
    while left := waiting():
        say(left[0])
        strike_out(left[0])


def _all_that_were_said(waiting: Waiting, say: Say, strike_out: StrikeOut) -> None:
    events = waiting()
    for event in events:
        say(event)
    strike_out(*events)


def _goes_on(waiting: Waiting, say: Say, strike_out: StrikeOut) -> None:
    for event in waiting():
        with suppress(NotAcknowledgedError):
            say(event)
            strike_out(event)


def _all_that_wait(waiting: Waiting, say: Say, strike_out: StrikeOut) -> None:
    for event in waiting():
        say(event)
    strike_out(*waiting())


def _said_in_memory() -> Answer:
    said: set[str] = set()

    def relay_with_a_set(waiting: Waiting, say: Say, strike_out: StrikeOut) -> None:
        for event in waiting():
            if event.id not in said:
                say(event)
                said.add(event.id)

    return relay_with_a_set


def _kept_quiet(say: Say) -> Say:
    """The same, but nobody hears of its errors."""

    def say_quietly(event: Event) -> None:
        with suppress(NotAcknowledgedError):
            say(event)

    return say_quietly


QUIET, DEADLY = "nothing happens", "the relay dies after every step once"
DOWN, BUSY = "the broker does not answer once", "a sale comes in meanwhile"


@dataclass(frozen=True, repr=False)
class Said:
    """How many events were never said, whether later ones overtook earlier ones, and whether some wait."""

    unsaid: int = 0
    overtaken: bool = False
    left: bool = False

    def __repr__(self) -> str:
        said = [f"{self.unsaid} of them never said"] * bool(self.unsaid)
        said += ["a later event before an earlier one"] * self.overtaken
        said += ["events that are never struck out"] * self.left
        return ", ".join(said) or "all events, in their order"


class _Outbox:
    """An outbox and its topic; the broker and the relay fail here."""

    def __init__(self, night: Night, dies_in: int) -> None:
        *self.rows, late = night.sales
        self.said: list[Event] = []
        self.coming = [late] if night.happens == BUSY else []
        self.rows += [] if self.coming else [late]
        self.down_at = self.rows[1:2] if night.happens == DOWN else []
        self.dies_in = dies_in

    def waiting(self) -> list[Event]:
        return list(self.rows)

    def say(self, event: Event) -> None:
        if self.down_at == [event]:
            self.down_at = []
            raise NotAcknowledgedError("the broker does not answer; say it again")
        self.said.append(event)
        self.rows, self.coming = self.rows + self.coming, []
        self._step()

    def strike_out(self, *events: Event) -> None:
        self.rows = [event for event in self.rows if event not in events]
        self._step()

    def _step(self) -> None:
        self.dies_in -= 1
        if self.dies_in == 0:
            raise Died


def _said(answer: Answer, night: Night) -> Said:
    """What comes of it, over all moments to die."""
    found = []
    for moment in count(1) if night.happens == DEADLY else (0,):
        outbox = _Outbox(night, moment)
        for _ in range(4):  # it is started again and again
            with suppress(Died, NotAcknowledgedError):
                _new_process(answer)(outbox.waiting, outbox.say, outbox.strike_out)
        said = list(dict.fromkeys(event.id for event in outbox.said))
        due = [event.id for event in night.sales if event.id in said]
        found.append((len(night.sales) - len(said), said != due, bool(outbox.rows)))
        if outbox.dies_in > 0 or not moment:
            break
    unsaid, overtaken, left = map(max, zip(*found, strict=True))
    return Said(unsaid, overtaken, left)


def _relay_cases(rng: random.Random, company: Company) -> Iterator[Case]:
    """What a household did waits to be said, on four nights."""
    name, start = rng.choice(list(company.accounts)), rng.randrange(1000, 9000)
    plans = rng.sample(list(company.plans), 3)
    sales = tuple(_sale(company, name, start + n, plan) for n, plan in enumerate(plans))
    harmed = f"household {name}, and whoever listens"
    for happens in (QUIET, DEADLY, DOWN, BUSY):
        yield Case((Night(sales, happens),), Said(), harmed, effect=True)


RELAY = Exercise(
    "exercise-07-relay",
    _relay_cases,
    right=(relay, _one_at_a_time, _all_that_were_said),
    run=_said,
    thoughts=(
        Thought(
            "struck out first",
            "Struck out, then dead: nobody will say it any more. First the broker's answer.",
            lambda waiting, say, strike_out: relay(waiting, strike_out, say),
        ),
        Thought(
            "goes on after a failure",
            "What failed must come before what is later: let the error out, and begin there again.",
            _goes_on,
        ),
        Thought(
            "the error kept quiet",
            "An error that is caught and then struck out is a lost event: strike out what was acknowledged.",
            lambda waiting, say, strike_out: relay(waiting, _kept_quiet(say), strike_out),
        ),
        Thought(
            "newest first",
            "Listeners count on a household's order: oldest first.",
            lambda waiting, say, strike_out: relay(lambda: waiting()[::-1], say, strike_out),
        ),
        Thought(
            "all that wait now",
            "While you spoke a sale came in: strike out what you have said, not what waits.",
            _all_that_wait,
        ),
        Thought(
            "a set in memory",
            "A new process knows nothing of a set in memory: strike out in the outbox what was said.",
            _said_in_memory(),
        ),
    ),
)
