"""Chapter 04: a key, and a group id that two services share."""

from itertools import permutations

from fiberlab.lab.exercises.group import Read, check_sharing
from fiberlab.lab.exercises.key import check_key
from tests.exercises.proof import Proof


def in_pairs(reads: Read) -> list[str]:
    found = set()
    for one, other in permutations(reads, 2):
        if not reads[one] & reads[other]:
            found |= {one, other}
    return sorted(found)


def nothing_in_common(reads: Read) -> list[str]:
    return [
        name
        for name in sorted(reads)
        if not all(reads[name].intersection(seen) for other, seen in reads.items() if other != name)
    ]


def complete(reads: Read) -> set[tuple[int, int]]:
    return max(reads.values(), key=len)


PROOFS = {
    "exercise-04-key": Proof(
        check_key,
        right=(lambda action: action.account_id[2:], lambda action: f"household {action.account_id}"),
        wrong={
            "a key per event": (lambda action: action.id, "has another id"),
            "a key per plan": (lambda action: action.plan, "changes its plan"),
            "a key per kind of action": (lambda action: action.name, "are of several kinds"),
            "a key per actor": (lambda action: action.actor.id, "by its customer and by installers"),
            "one key for all": (lambda action: "herd-fiber", "one worker has to do everything"),
            "bytes": (lambda action: action.account_id.encode(), "must be text, not of type bytes"),
        },
    ),
    "exercise-04-group": Proof(
        check_sharing,
        right=(in_pairs, nothing_in_common),
        wrong={
            "nobody shares": (lambda reads: [], "Did every service see every event"),
            "whoever missed an event": (
                lambda reads: sorted(name for name in reads if len(reads[name]) < len(complete(reads))),
                "A slow service has not read everything yet",
            ),
            "whoever saw the same": (
                lambda reads: sorted(name for name in reads if len(reads[name]) == len(complete(reads))),
                "all see the same events",
            ),
            "everybody": (lambda reads: sorted(reads), "One service saw everything"),
        },
    ),
}
