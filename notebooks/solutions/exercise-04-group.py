from itertools import combinations


def sharing(reads: dict[str, set[tuple[int, int]]]) -> list[str]:
    """The services that use one group id, sorted by name.

    Within a group each partition belongs to one member: those that share saw every event together, and none
    twice. To have nothing in common is not enough: so have a slow service and whoever reads what it has not
    come to, and one that has read nothing has nothing in common with anybody.
    """
    everything = sorted(set().union(*reads.values()))
    readers = sorted(name for name, seen in reads.items() if seen)
    for size in range(2, len(readers) + 1):
        for some in combinations(readers, size):
            if sorted(event for name in some for event in reads[name]) == everything:
                return list(some)
    return []
