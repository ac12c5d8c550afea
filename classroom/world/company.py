"""Herd Fiber's data: the company, the shipped day of actions, and a generator for more days.

Every value of its CSV files is checked: an error names file, line and column.
"""

import csv
import io
import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from classroom.place import DATA
from fiberlab.domain import ACTIONS, ACTORS, MOST_CENTS, Account, Action, Actor, Company, Plan
from fiberlab.mailing import Contact
from fiberlab.names import identifier, readable

Reader = Callable[[str], Any]  # makes a value of a text; raises ValueError with what the text must be


class DataFileError(ValueError):
    """A data file that cannot be read as one: which file, where in it, and what was expected."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


def rows(path: Path, columns: Mapping[str, Reader]) -> list[dict[str, Any]]:
    """A dict per line; the first column's values differ from line to line. Raises DataFileError."""
    found: dict[object, dict[str, Any]] = {}
    lines: dict[object, int] = {}
    for line, cells in _lines(path, columns):
        row = {column: _value(path, line, column, read, cells) for column, read in columns.items()}
        first, key = next(iter(row.items()))
        if key in found:
            raise DataFileError(
                f"{path}, line {line}, column {first!r}: {key!r} is there a second time, as in line "
                f"{lines[key]}; give each its own"
            )
        found[key], lines[key] = row, line
    return list(found.values())


def cents(text: str) -> int:
    """The amount. Raises ValueError."""
    if not (text.isascii() and text.isdigit()) or int(text) > MOST_CENTS:
        raise ValueError(f"must be whole cents from 0 to {MOST_CENTS}, such as 3999 for $39.99")
    return int(text)


def moment(text: str) -> datetime:
    """The time, with its zone. Raises ValueError."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if not at or not at.tzinfo:
        raise ValueError("must be a time with its zone, such as 2026-03-02T09:30:00Z")
    return at


def address(text: str) -> str:
    """The mail address. Raises ValueError."""
    name, _, host = text.partition("@")
    if not (name and host and text.isascii() and text.isprintable()) or set(text) & set(' ,;:<>"()'):
        raise ValueError("must be a mail address, such as ada@customers.example")
    return text


def one_of(*choices: str) -> Reader:
    """What reads one of these texts."""

    def read(text: str) -> str:
        if text not in choices:
            raise ValueError(f"must be one of {', '.join(choices)}")
        return text

    return read


def _lines(path: Path, columns: Mapping[str, Reader]) -> Iterator[tuple[int, dict[str, str]]]:
    """Number and cells of each line below the head."""
    reader = csv.reader(io.StringIO(_text(path), newline=""))
    try:
        head = next(reader, [])
        missing = [column for column in columns if column not in head]
        if missing:
            raise DataFileError(
                f"{path}, line 1: the columns {', '.join(missing)} are missing; expected "
                f"{','.join(columns)}, separated by commas, found {','.join(head)!r}"
            )
        for cells in filter(None, reader):
            if len(cells) != len(head):
                raise DataFileError(
                    f"{path}, line {reader.line_num}: {len(cells)} values in {len(head)} columns; a value "
                    "that has a comma stands between double quotes"
                )
            yield reader.line_num, dict(zip(head, cells, strict=True))
    except csv.Error as error:
        raise DataFileError(f"{path}, line {reader.line_num}: {error}; save it as CSV again") from error
    if reader.line_num < 2:
        raise DataFileError(f"{path} holds no line below its head; expected {','.join(columns)}")


def _text(path: Path) -> str:
    """The file's text, with or without the mark (BOM) that Excel puts before UTF-8."""
    try:
        held = path.read_bytes()
    except OSError as error:
        raise DataFileError(f"{path} cannot be read ({error.strerror}); put it there again") from error
    try:
        return held.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = held[: error.start].count(b"\n") + 1
        raise DataFileError(
            f"{path}, line {line}: not UTF-8; in a spreadsheet, save it as 'CSV UTF-8 (comma delimited)'"
        ) from error


def _value(path: Path, line: int, column: str, read: Reader, cells: Mapping[str, str]) -> object:
    try:
        return read(cells[column])
    except ValueError as error:
        raise DataFileError(f"{path}, line {line}, column {column!r}: {cells[column]!r} {error}") from error


OPENS = datetime(2026, 3, 2, 7, tzinfo=UTC)
OPEN_S = 15 * 60 * 60
SHIPPED_SEED = 2028
ACTIONS_A_VISIT = 5  # in the mean
ACTION_COLUMNS = ("action_id", "at", "account_id", "actor_kind", "actor_id", "action", "plan")
ACTION_READERS = (identifier, moment, identifier, one_of(*ACTORS), identifier, one_of(*ACTIONS), readable)


def company(folder: Path = DATA) -> Company:
    """The price list, accounts and installers of the folder's CSV files, in their order. DataFileError."""
    plans = rows(folder / "plans.csv", {"name": readable, "list_price_cents": cents})
    accounts = rows(
        folder / "accounts.csv", {"account_id": identifier, "customer_id": identifier, "name": readable}
    )
    installers = rows(folder / "installers.csv", {"installer_id": identifier})
    return Company(
        {row["name"]: Plan(**row) for row in plans},
        {row["account_id"]: Account(**row) for row in accounts},
        tuple(row["installer_id"] for row in installers),
    )


def contacts(folder: Path = DATA) -> tuple[Contact, ...]:
    """Each household's mail address and consent, which only marketing knows. Raises DataFileError."""
    columns = {"account_id": identifier, "email": address, "consent": one_of("yes", "no")}
    found = rows(folder / "consents.csv", columns)
    return tuple(Contact(row["account_id"], row["email"], row["consent"] == "yes") for row in found)


def shipped_day(folder: Path = DATA) -> tuple[Action, ...]:
    """The day of actions that comes with the workbook, in order of time. Raises DataFileError."""
    return tuple(
        Action(
            row["action_id"],
            row["action"],
            row["account_id"],
            Actor(row["actor_kind"], row["actor_id"]),
            row["plan"],
            row["at"],
        )
        for row in rows(folder / "day.csv", dict(zip(ACTION_COLUMNS, ACTION_READERS, strict=True)))
    )


def generated_day(
    company: Company, seed: int, actions: int = 1200, installer_percent: float = 20
) -> tuple[Action, ...]:
    """A day of this many actions, in order of time; the same seed gives the same day.

    `installer_percent` of the visits are made by an installer with a tablet, the others by the customer
    in the app. It changes only who acts: with the same seed, what is done to which account stays.
    """
    if not 0 <= installer_percent <= 100:
        raise ValueError(f"a share of {installer_percent!r} % is impossible; give 0 to 100")
    rng = random.Random(f"what {seed}")
    steps = sorted(_steps(company, rng, actions), key=lambda step: step[:2])[:actions]
    visitors = {}
    for visit in sorted({step[1] for step in steps}):
        who = random.Random(f"who {seed} {visit}")
        by_installer = who.random() * 100 < installer_percent
        visitors[visit] = Actor("installer", who.choice(company.installers)) if by_installer else None
    return tuple(
        Action(
            f"d{seed}-{number:05d}",
            name,
            account.account_id,
            visitors[visit] or Actor("customer", account.customer_id),
            plan,
            at,
        )
        for number, (at, visit, account, name, plan) in enumerate(steps, start=1)
    )


Step = tuple[datetime, int, Account, str, str]


def _steps(company: Company, rng: random.Random, actions: int) -> Iterator[Step]:
    """At least this many steps: (at, visit, account, action, plan). A household has one visit at a time."""
    accounts, plans = list(company.accounts.values()), list(company.plans)
    has: dict[str, str] = {}
    free_at = dict.fromkeys(company.accounts, OPENS)
    gap_s = 2 * OPEN_S * ACTIONS_A_VISIT / max(actions, 1)  # so that the actions fill the day
    second, done = 0, 0
    for visit in count():
        if done >= actions:
            return
        second += int(rng.random() * gap_s)
        at = OPENS + timedelta(seconds=second)
        account = rng.choice([a for a in accounts if free_at[a.account_id] <= at] or accounts)
        at = max(at, free_at[account.account_id])  # everybody is busy: wait until this household is free
        for name, plan in _visit(rng, plans, has.get(account.account_id)):
            yield at, visit, account, name, plan
            done += 1
            has = _after(has, account.account_id, name, plan)
            at += timedelta(seconds=20 + int(rng.random() * 70))
        free_at[account.account_id] = at


def _visit(rng: random.Random, plans: Sequence[str], has: str | None) -> Iterator[tuple[str, str]]:
    for _ in range(2 + int(rng.random() * 6)):
        yield "browse_plan", rng.choice(plans)
    chance = rng.random()
    other = rng.choice([plan for plan in plans if plan != has] or plans)
    if has is None and chance < 0.7:
        yield "purchase_plan", other
    elif has is not None and chance < 0.6:
        yield "change_plan", other
    elif has is not None and chance < 0.7:
        yield "cancel_plan", has


def _after(has: dict[str, str], account_id: str, name: str, plan: str) -> dict[str, str]:
    if name == "cancel_plan":
        return {account: held for account, held in has.items() if account != account_id}
    return has | {account_id: plan} if name != "browse_plan" else has


def write_rows(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Return once the CSV file is written: UTF-8, line ends as LF on every system."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


def action_row(action: Action) -> tuple[object, ...]:
    """The action as a row of ACTION_COLUMNS."""
    at = action.at.strftime("%Y-%m-%dT%H:%M:%SZ")
    return (action.id, at, action.account_id, action.actor.kind, action.actor.id, action.name, action.plan)
