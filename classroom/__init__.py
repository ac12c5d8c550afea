"""The stage: it starts the three designs, sends them traffic, draws, moves, checks and measures.

What you study is in `fiberlab`; what shows it to you is in here. Notebooks come in by this door and see rooms
and a handful of names: `from classroom import Chapter, figures, replay`, then `figures.house(...)`. A name is
loaded from its module when it is asked for.
"""

from collections.abc import Callable, Mapping
from importlib import import_module


def door(room: str, names: Mapping[str, str]) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """`__getattr__` and `__dir__` of a package: what it shows to notebooks, by the module that has it."""
    module_of = {name: module for module, shown in names.items() for name in shown.split()}

    def get(name: str) -> object:
        if name not in module_of:
            raise AttributeError(f"{room} has no {name!r}; it has {', '.join(sorted(module_of))}")
        return getattr(import_module(f"{room}.{module_of[name]}"), name)

    return get, lambda: sorted(module_of)


__getattr__, __dir__ = door(
    __name__,
    {
        "chapter": "Chapter",
        "commands.doctor": "check_set_up",
        "world.company": "contacts generated_day",
        "world.designs": "DESIGNS EVENTS MODULAR SHARED",
        "world.traffic": "replay send",
        "world.bills": "bills_of outcome wrong_bills",
        "world.topic": "look read read_as_members write",
        "world.running": "HttpClient",
    },
)
