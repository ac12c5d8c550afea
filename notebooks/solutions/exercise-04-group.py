def sharing(reads: dict[str, set[tuple[int, int]]]) -> list[str]:
    """The services that use one group id, sorted by name.

    Within a group each partition belongs to one member, so two that share saw no event in common. A service
    that is only slow saw some of the events that the others saw.
    """
    return sorted(
        name
        for name, seen in reads.items()
        if any(seen.isdisjoint(others) for other, others in reads.items() if other != name)
    )
