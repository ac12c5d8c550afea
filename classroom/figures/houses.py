"""The house: both designs on one page, drawn from the lists of their moving parts. It starts none of them."""

from collections.abc import Sequence

from matplotlib.axes import Axes

from classroom.figures import look as fig
from classroom.figures import marks

Parts = Sequence[tuple[str, str]]  # (kind, name)
ByKind = dict[str, list[str]]
LEFT, RIGHT = (3, 33), (41, 98)  # where each design stands, in percent of the width
ACTORS = {"customer": "customer's app", "installer": "installer's tablet"}
DOES_ALL = "\n\n".join(["checks the action", "works out the price", "writes the charge", "then answers 200"])
SAYS_ONLY = "says what happened and by whom, then answers 202"
NEXT = "email-marketing\n(chapter 06)"


def house(coupled: Parts, event_driven: Parts) -> fig.Figure:
    """Both designs side by side. A part is (kind, name).

    Kinds are app and database and, in the event-driven design, also broker (or topic) and service.
    """
    left = _by_kind("coupled", coupled, "app", "database")
    right = _by_kind("event-driven", event_driven, "app", "broker", "topic", "service", "database")
    said = (
        f"The coupled design has {_counted(coupled)}; the event-driven design has {_counted(event_driven)}."
    )
    return fig.Figure(said, _draw, left, right, len(coupled), len(event_driven))


def _draw(left: ByKind, right: ByKind, coupled: int, event_driven: int) -> fig.Picture:
    picture, [axes] = fig.canvas("One business, two designs: who talks to whom?", 6.4)
    axes.set(xlim=(0, 100), ylim=(0, 100), xticks=[], yticks=[])
    axes.plot((37, 37), (0, 100), color=fig.GRID, linewidth=1.5)
    _actors(axes, LEFT, f"Coupled: {fig.plural(coupled, 'moving part')}", 70)
    _coupled(axes, left)
    _actors(axes, RIGHT, f"Event-driven: {fig.plural(event_driven, 'moving part')}", 75.5)
    _event_driven(axes, right)
    return picture


def _by_kind(design: str, parts: Parts, *kinds: str) -> ByKind:
    """The names of each kind; ValueError if there is no part, or one of another kind."""
    strange = [kind for kind, _ in parts if kind not in kinds]
    if strange or not parts:
        problem = f"has parts of unknown kinds {strange!r}" if strange else "has no moving part"
        raise ValueError(f"the {design} design {problem}; give (kind, name), a kind is one of {kinds!r}")
    return {wanted: [name for kind, name in parts if kind == wanted] for wanted in kinds}


def _counted(parts: Parts) -> str:
    return f"{fig.plural(len(parts), 'moving part')}: {fig.listing(name for _, name in parts)}"


def _coupled(axes: Axes, parts: ByKind) -> None:
    middle, stores = sum(LEFT) / 2, parts["database"]
    marks.box(axes, (middle, 48), (30, 44), f"\n{DOES_ALL}", size=fig.NORMAL)
    marks.note(axes, " + ".join(parts["app"]), (middle, 66), weight="bold")
    for x, name in zip(marks.spread(*LEFT, len(stores)), stores, strict=True):
        marks.arrow(axes, (x, 26), (x, 12.5))
        marks.box(axes, (x, 8), (min(22, 30 / len(stores)), 9), name, fig.DUE)


def _event_driven(axes: Axes, parts: ByKind) -> None:
    middle, services = sum(RIGHT) / 2, parts["service"]
    marks.box(axes, (middle, 70), (57, 11), "")
    marks.note(axes, " + ".join(parts["app"]), (middle, 72.4), weight="bold")
    marks.note(axes, SAYS_ONLY, (middle, 67.6))
    marks.arrow(axes, (middle, 64.5), (middle, 60.2))
    _topic(axes, parts["broker"] + parts["topic"])
    shown = services if any("marketing" in name for name in services) else [*services, NEXT]
    columns = dict(zip(shown, marks.spread(*RIGHT, len(shown)), strict=True))
    for name, x in columns.items():
        line = "--" if name == NEXT else "-"
        marks.arrow(axes, (x, 38), (x, 31.2), line=line)
        marks.box(axes, (x, 26.5), (54 / len(shown), 9), name, line=line)
    _ledgers(axes, parts["database"], columns)


def _ledgers(axes: Axes, ledgers: list[str], columns: dict[str, float]) -> None:
    """A ledger below each service; fewer ledgers than services are shared by those that bill."""
    owners = [name for name in columns if "marketing" not in name or len(ledgers) >= len(columns)]
    width = (RIGHT[1] - RIGHT[0]) / len(columns) * len(owners)
    for x, name in zip(marks.spread(RIGHT[0], RIGHT[0] + width, len(ledgers)), ledgers, strict=True):
        marks.box(axes, (x, 8), (0.94 * width / len(ledgers), 9), name, fig.DUE)
    for owner in owners if ledgers else []:
        marks.arrow(axes, (columns[owner], 22), (columns[owner], 12.5))


def _actors(axes: Axes, side: tuple[float, float], heading: str, down_to: float) -> None:
    """The heading, and below it the two actors; each sends a request and gets an answer."""
    marks.note(axes, heading, (side[0], 98), ha="left", weight="bold", size=fig.NORMAL + 1)
    for x, (kind, name) in zip(marks.spread(*side, len(ACTORS)), ACTORS.items(), strict=True):
        look = fig.look_of(kind)
        corner, words = 0.1 * (look.marker == "o"), name.replace(" ", "\n")
        marks.box(axes, (x, 88), (14, 9), words, look.color, ink=look.text, corner=corner)
        marks.arrow(axes, (x, 83.5), (x, down_to), heads="<->")


def _topic(axes: Axes, brokers: list[str]) -> None:
    """A topic of four lanes, with some events of both actors in it."""
    left, right = RIGHT[0] + 2, RIGHT[1] - 2
    marks.box(axes, ((left + right) / 2, 49), (57, 22), "")
    words = f"{' + '.join(brokers)}: a topic keeps every event"
    marks.note(axes, words, (left, 57.3), weight="bold", ha="left")
    for lane, events in enumerate(("cicc", "ccicic", "iccci", "ccc")):
        y = 53 - 4 * lane
        axes.plot((left, right), (y, y), color=fig.GRID, linewidth=1)
        for number, event in enumerate(events):
            look = fig.look_of("customer" if event == "c" else "installer")
            style = {"color": look.color, "markeredgecolor": fig.INK, "markersize": 9}
            axes.plot(left + 3 + 8 * number, y, look.marker, **style)
