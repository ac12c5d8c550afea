def tests_to_run_again(uses: dict[str, set[str]], changed: str) -> set[str]:
    """The changed module and everybody who uses it, directly or not.

    Each round adds those who use somebody already found, until a round finds nobody new. Who is found stays
    found, so modules that use each other in a circle end it, too.
    """
    found, new = set(), {changed}
    while new:
        found |= new
        new = {module for module, used in uses.items() if used & new} - found
    return found
