"""The exercises of chapter 07, with their answers. Read it after you have tried."""

import random
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from copy import deepcopy
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
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
    """The function as a new process has it: what it kept in memory is as it was at first."""
    answer = unwrap(answer)
    if not isinstance(answer, FunctionType):
        return answer
    kept = {name: answer.__globals__.get(name) for name in answer.__code__.co_names}
    fresh = {name: deepcopy(value) for name, value in kept.items() if isinstance(value, set | dict | list)}
    cells = tuple(CellType(_as_at_first(cell.cell_contents)) for cell in answer.__closure__ or ())
    defaults = tuple(map(_as_at_first, answer.__defaults__ or ()))
    return FunctionType(answer.__code__, answer.__globals__ | fresh, answer.__name__, defaults, cells)


def _as_at_first(value: object) -> object:
    return deepcopy(value) if isinstance(value, set | dict | list) else value


def _sale(company: Company, account_id: str, number: int, plan: str, installer: str = "") -> Event:
    customer = company.accounts[account_id].customer_id
    who = Actor("installer", installer) if installer else Actor("customer", customer)
    at = OPENS + timedelta(minutes=number)
    return happened(Action(f"s-{number}", "purchase_plan", account_id, who, plan, at), company.plans)


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


class _Mortal(sqlite3.Connection):
    """A connection whose process dies just before one of its statements."""

    dies_in = 0  # so many statements from now; 0: never

    def cursor(self) -> sqlite3.Cursor:
        return super().cursor(_Statement)

    def execute(self, *statement: object) -> sqlite3.Cursor:
        return self.cursor().execute(*statement)

    def step(self) -> None:
        self.dies_in -= 1
        if self.dies_in == 0:
            raise Died


MORTAL, RESTARTED, TWICE = (
    "the process dies at every statement once",
    "all again after a restart",
    "each twice",
)


@dataclass(frozen=True, repr=False)
class Delivery:
    """Sales, and how a service gets them."""

    sales: tuple[Event, ...]
    how: str

    def __repr__(self) -> str:
        return f"{len(self.sales)} sales, {self.how}"


@dataclass(frozen=True, repr=False)
class Bills:
    """Which sales were ever lost, which were ever charged twice, and whether anything else was written."""

    lost: frozenset[tuple]
    twice: frozenset[tuple]
    other: bool

    def __repr__(self) -> str:
        found = {"never charged": self.lost, "charged twice": self.twice}
        said = [f"{len(rows)} of them {how}" for how, rows in found.items() if rows]
        said += ["a charge that no sale explains"] * self.other
        return ", ".join(said) or "each charged once"


def _billed(answer: Answer, delivery: Delivery) -> Bills:
    """What comes of it, over all moments to die."""
    due = frozenset(map(_row, delivery.sales))
    lost, twice, other = set(), set(), False
    for moment in count(1) if delivery.how == MORTAL else (0,):
        charges, died = _charges(answer, delivery, moment)
        lost |= due - charges.keys()
        twice |= {row for row in due if charges[row] > 1}
        other |= bool(charges.keys() - due)
        if not died:
            break
    return Bills(frozenset(lost), frozenset(twice), other)


def _charges(answer: Answer, delivery: Delivery, moment: int) -> tuple[Counter[tuple], bool]:
    """The charges in the end, and whether the process died at its statement of this number."""
    with closing(sqlite3.connect(":memory:", factory=_Mortal)) as database:
        database.executescript(TABLES)
        database.dies_in, died = moment, False
        sales = [sale for sale in delivery.sales for _ in range(1 + (delivery.how == TWICE))]
        for _ in ("as they come", "once more after a restart")[: 1 + (delivery.how != TWICE)]:
            committed = 0
            while committed < len(sales):
                committed, dead = _life(_new_process(answer), sales, committed, database)
                died |= dead
        database.dies_in = 0
        return Counter(database.execute("SELECT * FROM charges").fetchall()), died


def _life(
    answer: Answer, sales: Sequence[Event], committed: int, database: sqlite3.Connection
) -> tuple[int, bool]:
    """How far the service has committed when it ends, and whether it died; what is open is lost with it."""
    try:
        for start in range(committed, len(sales), BATCH):
            for sale in sales[start : start + BATCH]:
                answer(sale, database)
            committed = min(start + BATCH, len(sales))
    except Died:
        return committed, True
    finally:
        database.rollback()
    return committed, False


def _once_cases(rng: random.Random, company: Company) -> Iterator[Case]:
    """Sales of three households; of one that buys twice; and two with the same id, from two gateways."""
    accounts, plan = rng.sample(list(company.accounts), 5), rng.choice(list(company.plans))
    start = rng.randrange(1000, 9000)
    three = tuple(_sale(company, name, start + n, plan) for n, name in enumerate(accounts[:3]))
    again = tuple(_sale(company, accounts[3], start + n, plan) for n in (10, 11))
    twins = (
        three[0],
        _sale(company, accounts[4], start, plan).model_copy(update={"source": "/herd-fiber/shop"}),
    )
    cases = (three, MORTAL), (three, RESTARTED), (three, TWICE), (again, RESTARTED), (twins, RESTARTED)
    for sales, how in cases:
        harmed = f"household {sales[-1].account_id}"
        problem, how_much = partial(_bills_problem, len(sales)), partial(_bills_off, company)
        yield Case((Delivery(sales, how),), "each charged once", harmed, problem, how_much, effect=True)


def _bills_problem(sales: int, came: Bills) -> str | None:
    if not (came.lost or came.twice or came.other):
        return None
    return (
        "a charge is missing" if came.lost else "somebody pays twice" if came.twice else "nobody bought that"
    )


def _bills_off(company: Company, came: Bills) -> str:
    lost, twice = (sum(row[-1] for row in rows) for rows in (came.lost, came.twice))
    said = [f"{dollars(lost)} never charged"] * bool(lost) + [f"{dollars(twice)} too much"] * bool(twice)
    return " and ".join(said) or "charged for nothing"


ONCE = Exercise(
    "exercise-07-once",
    _once_cases,
    right=(handle, _in_one_transaction, _in_one_statement),
    run=_billed,
    thoughts=(
        Thought(
            "no memory",
            "After a death some events come again: ask first whether this one is charged.",
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


def _by_going_on(
    sales: Sequence[Event], ledger: Sequence[Charge], committed: int, once: bool
) -> tuple[set[str], set[str]]:
    """Goes on as billing does, then compares."""
    lines = [line.id for line in ledger]
    for sale in sales[committed:]:
        if not once or sale.id not in lines:
            lines.append(sale.id)
    own = [sale for sale in sales if sale.actor.kind == "customer"]
    never = {sale.account_id for sale in own if lines.count(sale.id) == 0}
    return never, {sale.account_id for sale in own if lines.count(sale.id) > 1}


def _by_offsets(
    sales: Sequence[Event], ledger: Sequence[Charge], committed: int, once: bool
) -> tuple[set[str], set[str]]:
    ids = {line.id for line in ledger}
    own = [(n, sale) for n, sale in enumerate(sales) if sale.actor.kind != "installer"]
    never = {sale.account_id for n, sale in own if n < committed and sale.id not in ids}
    return never, {sale.account_id for n, sale in own if n >= committed and sale.id in ids and not once}


def _all_after_the_commit(
    sales: Sequence[Event], ledger: Sequence[Charge], committed: int, once: bool
) -> tuple[set[str], set[str]]:
    return set(), {sale.account_id for sale in sales[committed:] if sale.actor.kind == "customer"}


def _as_it_is_now(
    sales: Sequence[Event], ledger: Sequence[Charge], committed: int, once: bool
) -> tuple[set[str], set[str]]:
    return to_call(sales, ledger, len(sales), once)


def _whatever_the_ledger(
    sales: Sequence[Event], ledger: Sequence[Charge], committed: int, once: bool
) -> tuple[set[str], set[str]]:
    return to_call(sales, ledger, committed, False)


def _installers_too(
    sales: Sequence[Event], ledger: Sequence[Charge], committed: int, once: bool
) -> tuple[set[str], set[str]]:
    ours = {"actor": sales[0].actor.model_copy(update={"kind": "customer"})}
    return to_call([sale.model_copy(update=ours) for sale in sales], ledger, committed, once)


def _per_household(
    sales: Sequence[Event], ledger: Sequence[Charge], committed: int, once: bool
) -> tuple[set[str], set[str]]:
    own = [sale for sale in sales if sale.actor.kind == "customer"]
    due, lines = Counter(sale.account_id for sale in own), Counter(line.account_id for line in ledger)
    known = {line.id for line in ledger}
    for sale in sales[committed:]:
        lines[sale.account_id] += sale in own and not (once and sale.id in known)
    return {name for name in due if lines[name] < due[name]}, {
        name for name in due if lines[name] > due[name]
    }


def _only_the_first(
    sales: Sequence[Event], ledger: Sequence[Charge], committed: int, once: bool
) -> tuple[set[str], set[str]]:
    never, _ = to_call(sales, ledger, committed, once)
    return never, to_call(sales[: committed + 1], ledger, committed, once)[1]


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
            _all_after_the_commit,
        ),
        Thought(
            "as it is now",
            "The service goes on: what is not committed comes again, and is charged then.",
            _as_it_is_now,
        ),
        Thought(
            "whatever the ledger",
            "A ledger that takes an id once charges nobody twice.",
            _whatever_the_ledger,
        ),
        Thought("installers, too", "What installers sell is another service's to bill.", _installers_too),
        Thought(
            "counted per household",
            "A lost sale and a double one of a household cancel out: count per sale, by source and id.",
            _per_household,
        ),
        Thought(
            "only the first",
            "A batch has several sales: all from the committed offset on come again, not just one.",
            _only_the_first,
        ),
    ),
)


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


def _strikes_out_first(waiting: Waiting, say: Say, strike_out: StrikeOut) -> None:
    for event in waiting():
        strike_out(event)
        say(event)


def _goes_on(waiting: Waiting, say: Say, strike_out: StrikeOut) -> None:
    for event in waiting():
        with suppress(NotAcknowledgedError):
            say(event)
            strike_out(event)


def _keeps_the_error_quiet(waiting: Waiting, say: Say, strike_out: StrikeOut) -> None:
    for event in waiting():
        with suppress(NotAcknowledgedError):
            say(event)
        strike_out(event)


def _newest_first(waiting: Waiting, say: Say, strike_out: StrikeOut) -> None:
    for event in reversed(waiting()):
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


QUIET, DEADLY, DOWN, BUSY = (
    "nothing happens",
    "the relay dies after every step once",
    "the broker does not answer once",
    "a sale comes in meanwhile",
)


@dataclass(frozen=True, repr=False)
class Evening:
    """The events of a household that wait in an outbox, and what befalls the relay."""

    events: tuple[Event, ...]
    befalls: str

    def __repr__(self) -> str:
        return f"{len(self.events)} events of {self.events[0].account_id}, {self.befalls}"


@dataclass(frozen=True, repr=False)
class Said:
    """How many events were never said, whether later ones overtook earlier ones, and whether some wait."""

    unsaid: int
    overtaken: bool
    left: bool

    def __repr__(self) -> str:
        said = [f"{self.unsaid} of them never said"] * bool(self.unsaid)
        said += ["a later event before an earlier one"] * self.overtaken
        said += ["events that are never struck out"] * self.left
        return ", ".join(said) or "all events, in their order"


class _Outbox:
    """An outbox and its topic; what befalls the relay happens here."""

    def __init__(self, evening: Evening, dies_in: int) -> None:
        *self.rows, late = evening.events
        self.said: list[Event] = []
        self.coming = [late] if evening.befalls == BUSY else []
        self.rows += [] if self.coming else [late]
        self.down_at = self.rows[1:2] if evening.befalls == DOWN else []
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


def _said(answer: Answer, evening: Evening) -> Said:
    """What comes of it, over all moments to die."""
    found = []
    for moment in count(1) if evening.befalls == DEADLY else (0,):
        outbox = _Outbox(evening, moment)
        for _ in range(4):  # it is started again and again
            with suppress(Died, NotAcknowledgedError):
                _new_process(answer)(outbox.waiting, outbox.say, outbox.strike_out)
        said = list(dict.fromkeys(event.id for event in outbox.said))
        due = [event.id for event in evening.events if event.id in said]
        found.append((len(evening.events) - len(said), said != due, bool(outbox.rows)))
        if outbox.dies_in > 0 or not moment:
            break
    unsaid, overtaken, left = map(max, zip(*found, strict=True))
    return Said(unsaid, overtaken, left)


def _relay_cases(rng: random.Random, company: Company) -> Iterator[Case]:
    """What a household did waits to be said, on four evenings."""
    name, start = rng.choice(list(company.accounts)), rng.randrange(1000, 9000)
    plans = rng.sample(list(company.plans), 3)
    events = tuple(_sale(company, name, start + n, plan) for n, plan in enumerate(plans))
    due = Said(0, False, False)
    for befalls in (QUIET, DEADLY, DOWN, BUSY):
        harmed = f"household {name}, and whoever listens"
        problem = partial(_relay_problem, due)
        yield Case((Evening(events, befalls),), repr(due), harmed, problem, effect=True)


def _relay_problem(due: Said, came: Said) -> str | None:
    if came == due:
        return None
    if came.unsaid:
        return "a sale that nobody will ever hear of"
    return "the household's last change was overtaken" if came.overtaken else "the outbox never empties"


RELAY = Exercise(
    "exercise-07-relay",
    _relay_cases,
    right=(relay, _one_at_a_time, _all_that_were_said),
    run=_said,
    thoughts=(
        Thought(
            "struck out first",
            "Struck out, then dead: nobody will say it any more. First the broker's answer.",
            _strikes_out_first,
        ),
        Thought(
            "goes on after a failure",
            "What failed must come before what is later: let the error out, and begin there again.",
            _goes_on,
        ),
        Thought(
            "the error kept quiet",
            "An error that is caught and then struck out is a lost event: strike out what was acknowledged.",
            _keeps_the_error_quiet,
        ),
        Thought("newest first", "Listeners count on a household's order: oldest first.", _newest_first),
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
