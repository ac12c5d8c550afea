"""What a name may be, and what an id. A name is a text for people; an id is for machines, and narrow."""

import re
from unicodedata import category, normalize

NAME_LENGTH, ID_LENGTH = 120, 64
JOINERS = "\u200c\u200d"  # hold a family of emoji together, and words in Persian
_BLANK = "\u034f\u115f\u1160\u2800\u3164\uffa0"  # letters that show nothing


def readable(text: str) -> str:
    """The text as a name, in Unicode's composed form (NFC): two ways of writing an ü are one name.

    Raises ValueError with what it must be: something that people can read, with nothing hidden in it (no
    control characters, none that turn the direction of writing), and no space around it.
    """
    if not text:
        raise ValueError("must not be empty")
    if len(text) > NAME_LENGTH:
        raise ValueError(f"must have at most {NAME_LENGTH} characters")
    if text != text.strip() or category(text[0])[0] == "M" or _hides_something(text):
        raise ValueError("must be a text that people can read, nothing hidden in it and no space around it")
    return normalize("NFC", text)


def identifier(text: str) -> str:
    """The text as an id. Raises ValueError with what it must be."""
    if not text:
        raise ValueError("must not be empty")
    if len(text) > ID_LENGTH:
        raise ValueError(f"must have at most {ID_LENGTH} characters")
    if not re.fullmatch(r"[A-Za-z0-9 ._:-]+", text):
        raise ValueError("may hold only letters, digits, spaces and . _ : -")
    return text


def _hides_something(text: str) -> bool:
    between = zip(f" {text}", text, f"{text[1:]} ", strict=False)
    return any(_is_hidden(here) and not _joins(before, here, after) for before, here, after in between)


def _is_hidden(character: str) -> bool:
    kind = category(character)
    return kind[0] == "C" or kind in ("Zl", "Zp") or character in _BLANK


def _joins(before: str, here: str, after: str) -> bool:
    return here in JOINERS and not (before.isascii() or after.isascii())
