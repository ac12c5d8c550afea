"""CSV files of a company's data, every value checked: an error names file, line and column."""

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from fiberlab.domain import MOST_CENTS

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
