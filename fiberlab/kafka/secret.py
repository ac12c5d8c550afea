"""Passwords and tokens that no repr, log or traceback shows."""

import logging
from typing import Any

# Where kafka-python, when its log is at DEBUG, writes down what it sends, logins included.
_TALKATIVE = ("kafka.protocol.parser", "kafka.net.connection")


class Secret(str):
    """A text like any other, but for its repr."""

    def __repr__(self) -> str:
        return "'***'" if self else "''"


def keep_out_of_logs() -> None:
    """Return once kafka-python's log leaves out logins, and raw bytes. Twice is fine."""
    for name in _TALKATIVE:
        logging.getLogger(name).addFilter(_harmless)


def _harmless(record: logging.LogRecord) -> bool:
    return not any(_tells(argument) for argument in _arguments(record))


def _tells(argument: object) -> bool:
    return isinstance(argument, bytes | bytearray) or "Sasl" in type(argument).__name__


def _arguments(record: logging.LogRecord) -> tuple[Any, ...]:
    return record.args if isinstance(record.args, tuple) else (record.args,)
