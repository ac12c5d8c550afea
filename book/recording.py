"""Records live pictures: a chapter's own live cell, on the embedded broker, with what a reader would press.

A recording has the very snapshots that the view was given. Its first frame is a whole one; each other says
what has changed since the one before, an entry of a list by its place.
"""

import ast
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from copy import deepcopy
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import nbformat
from ipywidgets import Widget
from nbformat import NotebookNode

from classroom.chapter import close_open_chapter
from classroom.live.view import LiveView
from classroom.live.watching import Live
from classroom.place import NOTEBOOKS
from classroom.world.running import wait_until

RECORDINGS = Path(__file__).with_name("recordings")
WATCH = "run-watch"  # the cell of a chapter that shows a live picture
WITHIN_S, LAST_S = 90, 1.5  # how long a recording may take, and what is seen of its end
Json = Any


def slow(milliseconds: int) -> dict[str, object]:
    """What the slider sends."""
    return {"do": "slow", "value": milliseconds}


def rate(a_second: int) -> dict[str, object]:
    """What the slider sends."""
    return {"do": "rate", "value": a_second}


def service(name: str) -> dict[str, object]:
    """What the button Stop or Start of a service sends."""
    return {"do": "service", "name": name}


SEND, LISTEN, GO_ON = {"do": "send", "actor": "installer"}, {"do": "listen"}, {"do": "start"}

# What is pressed in each chapter, and how many seconds after its first snapshot.
PRESSED: Mapping[str, Sequence[tuple[float, Mapping[str, object]]]] = {
    "01": ((0, rate(15)), (3, slow(400)), (9, slow(0))),
    "02": ((0, rate(20)), (17, GO_ON)),
    "04": ((0, rate(12)), (3, service("customer-billing")), (9, service("customer-billing"))),
    "05": (
        *((0, rate(15)), (3, service("installer-billing")), (8, service("installer-billing"))),
        *((11, slow(400)), (15, slow(0)), (17, SEND), (19, LISTEN)),
    ),
    "06": ((0, rate(8)), (3, service("email-marketing")), (7, service("email-marketing"))),
}


def record(names: Sequence[str]) -> None:
    """Write the recordings of these chapters, or of all."""
    for name in names or PRESSED:
        recording = recorded(name)
        frames = ",\n".join(json.dumps(frame, separators=(",", ":")) for frame in recording.pop("frames"))
        text = f'{json.dumps(recording)[:-1]}, "frames": [\n{frames}\n]}}\n'
        (RECORDINGS / f"{name}.json").write_text(text, encoding="utf-8", newline="\n")
        print(f"chapter {name}: {len(text) / 1000:.0f} kB")


def recorded(name: str, at_most_s: float = WITHIN_S) -> Json:
    """The recording of a chapter's live picture, until its day is sent and billed, or for so many seconds."""
    notebook = _notebook(name)
    with _overheard() as heard, redirect_stdout(StringIO()):
        try:
            live = _shown(notebook)
            _press(live, heard, PRESSED[name], at_most_s)
        finally:
            close_open_chapter()
    begin_s, today = heard[0][0], datetime.now(UTC)
    return {
        "cell": live_cell(notebook),
        "day": f"{today.day} {today:%B %Y}",
        "frames": list(compact((round(1000 * (at_s - begin_s)), state) for at_s, state in heard)),
    }


def _notebook(name: str) -> NotebookNode:
    (file,) = NOTEBOOKS.glob(f"{name}-*.ipynb")
    return nbformat.read(file, as_version=4)


def live_cell(notebook: NotebookNode) -> str:
    """The source of the cell that shows the live picture; nothing if there is none."""
    return next((cell.source for cell in notebook.cells if cell.id == WATCH), "")


def is_of(recording: Path, notebook: NotebookNode) -> bool:
    """Whether the recording is of this notebook's live picture as it is now."""
    return json.loads(recording.read_text(encoding="utf-8"))["cell"] == live_cell(notebook)


@contextmanager
def _overheard() -> Iterator[list[tuple[float, Json]]]:
    """What every live picture is given meanwhile: when, and the snapshot."""
    heard: list[tuple[float, Json]] = []

    def hear(change: Mapping[str, Json]) -> None:
        if "controls" in change["new"]:  # and not the still, in the end
            heard.append((time.monotonic(), deepcopy(change["new"])))

    def made(widget: Widget) -> None:
        if isinstance(widget, LiveView):
            widget.observe(hear, "snapshot")

    Widget.on_widget_constructed(made)
    try:
        yield heard
    finally:
        Widget.on_widget_constructed(None)


def _shown(notebook: NotebookNode) -> Live:
    """The chapter's live picture, after those cells above it that make what it needs."""
    names: dict[str, Any] = {}
    for source in _needed([cell.source for cell in notebook.cells if cell.cell_type == "code"], notebook):
        exec(compile(source, WATCH, "exec"), names)
    return names["live"]


def _needed(sources: Sequence[str], notebook: NotebookNode) -> list[str]:
    """The live cell and, above it, whatever binds a name that is used further down."""
    chosen: list[str] = []
    used = {"live"}
    for source in reversed(sources[: sources.index(live_cell(notebook)) + 1]):
        found = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name | ast.alias)]
        bound = {_bound(node) for node in found}
        if bound & used:
            chosen.insert(0, source)
            used = (used | {node.id for node in found if isinstance(node, ast.Name)}) - bound
    return chosen


def _bound(node: ast.Name | ast.alias) -> str:
    if isinstance(node, ast.alias):
        return node.asname or node.name
    return node.id if isinstance(node.ctx, ast.Store) else ""


def _press(live: Live, heard: Sequence, pressed: Sequence, at_most_s: float) -> None:
    """Return when all is pressed, sent and billed and has been seen for a while, or the time is over."""
    wait_until(lambda: heard, "the first snapshot", WITHIN_S)
    begin_s = time.monotonic()
    for at_s, message in pressed:
        if at_s < at_most_s:
            _pass(begin_s + at_s)
            live.controls.receive(message)
    if at_most_s < WITHIN_S:
        return _pass(begin_s + at_most_s)
    wait_until(lambda: _is_over(heard[-1][1]), "the day to be sent and billed", WITHIN_S)
    _pass(time.monotonic() + LAST_S)


def _pass(until_s: float) -> None:
    wait_until(lambda: time.monotonic() >= until_s, "the next button", WITHIN_S)


def _is_over(state: Json) -> bool:
    groups = state["topic"]["groups"] if state["topic"] else []
    behind = any(sum(group["lag"]) for group in groups)
    return state["controls"]["ended"] and not behind and not any(o["not_billed"] for o in state["outcomes"])


# --- what changed


def compact(frames: Iterator[tuple[int, Json]]) -> Iterator[list[Json]]:
    """[milliseconds, what has changed] for each frame; the first one is whole."""
    before = None
    for at_ms, state in frames:
        yield [at_ms, changed(before, state)]
        before = state


def changed(before: Json, after: Json) -> Json:
    """What `merged` makes `after` of, put onto `before`."""
    if isinstance(after, dict) and isinstance(before, dict):
        if lost := before.keys() - after.keys():
            raise ValueError(f"{sorted(lost)} are gone from the snapshot, and a change cannot say so")
        return {key: changed(before.get(key), new) for key, new in after.items() if _differ(before, key, new)}
    if isinstance(after, list) and isinstance(before, list) and 0 < len(after) == len(before):
        pairs = enumerate(zip(before, after, strict=True))
        return {str(at): changed(old, new) for at, (old, new) in pairs if old != new}
    return after


def _differ(before: dict, key: str, new: Json) -> bool:
    return key not in before or before[key] != new


def merged(before: Json, change: Json) -> Json:
    """The state after a change. player.js does the same."""
    if isinstance(change, dict) and isinstance(before, dict):
        return {**before, **{key: merged(before.get(key), new) for key, new in change.items()}}
    if isinstance(change, dict) and isinstance(before, list):
        return [merged(old, change.get(str(at), old)) for at, old in enumerate(before)]
    return change


def snapshots(recording: Json) -> Iterator[Json]:
    """Every snapshot, whole."""
    state = None
    for _, change in recording["frames"]:
        state = merged(state, change)
        yield state
