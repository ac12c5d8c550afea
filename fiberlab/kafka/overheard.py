"""Which groups read which topic, overheard in the embedded broker's own log: no request of its lists groups.

It runs in the broker's process and keeps names and numbers only, until somebody asks for them.
"""

import re

_MEMBERS = re.compile(rb"onsumer group (.+) with (\d+) member\(s\)")
_COMMIT = re.compile(rb"Topic (.+) \[\d+\] committing offset \d+ for group (.+)")


class Overheard:
    """What the broker's log has said of groups. `hear` is called by the broker's thread, for each line."""

    def __init__(self) -> None:
        self._members: dict[str, int] = {}
        self._committed: set[tuple[str, str]] = set()

    def hear(self, line: bytes) -> None:
        """Return at once; most lines say nothing of groups."""
        if b"group" not in line:
            return
        if found := _MEMBERS.search(line):
            self._members[found[1].decode()] = int(found[2])
        elif found := _COMMIT.search(line):
            self._committed.add((found[1].decode(), found[2].decode()))

    def members(self) -> dict[str, int]:
        """How many members each group has that anybody has joined."""
        return self._members.copy()

    def groups(self, topic: str) -> dict[str, int]:
        """How many members each group has that has committed an offset of the topic."""
        return {group: self._members.get(group, 0) for of, group in self._committed.copy() if of == topic}
