def wrongly_billed(actors: list[str]) -> list[int]:
    """The positions of the sales that the shared billing gets wrong.

    The discount stays on the account, so every customer's sale after an installer's first one is harmed.
    """
    return [
        position
        for position, actor in enumerate(actors)
        if actor == "customer" and "installer" in actors[:position]
    ]
