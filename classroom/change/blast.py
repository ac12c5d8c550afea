"""Blast radius: change each actor's rule in turn, bill the same day again, and see whose bills moved."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd

from classroom.change.edits import Change, change_rule, copy_of_package
from classroom.source import PACKAGE
from classroom.world.company import shipped_day
from classroom.world.designs import folder_of
from classroom.world.running import progress
from fiberlab.domain import ACTORS

FOREIGN = ("PYTHON", "PYTEST", "COVERAGE_")  # how the names of such settings begin
AT_ONCE = min(6, os.cpu_count() or 2)  # copies whose code runs, each in a process of its own


class CopyFailedError(RuntimeError):
    """What ran in a copy of the package ended with an error."""


def blast_radius(design: str, package: Path = PACKAGE) -> pd.DataFrame:
    """Whose bills move when a rule changes, computed by the package's code on the shipped day.

    A row per changed rule (`rule`) and actor whose bills were compared (`actor`): bills, moved_bills and
    moved_cents (the sum of the differences, each counted as positive).
    """
    changes = [Change(), *(change_rule(design, actor) for actor in ACTORS)]
    with ThreadPoolExecutor(AT_ONCE) as pool, progress(len(changes), f"days billed: {design}") as bar:
        billed = []
        for bills in pool.map(lambda change: _billed(design, change, package), changes):
            billed.append(bills)
            bar.value += 1
    before, *after = billed
    rows = [
        _row(rule, actor, before, now) for rule, now in zip(ACTORS, after, strict=True) for actor in ACTORS
    ]
    return pd.DataFrame(rows, columns=["rule", "actor", "bills", "moved_bills", "moved_cents"])


def run_in(folder: Path, module: str, *arguments: str) -> str:
    """What the module printed, run in this folder, whose copy of the package it imports.

    Settings that the kernel was given for other Pythons and tests do not reach it. Raises CopyFailedError
    with the end of what it said.
    """
    command = [sys.executable, "-m", module, *arguments]
    given = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    options = {"cwd": folder, "env": given | {"PYTHONUTF8": "1"}, "encoding": "utf-8", "capture_output": True}
    done = subprocess.run(command, **options, check=False)
    if done.returncode:
        said = (done.stdout + done.stderr)[-1500:]
        raise CopyFailedError(
            f"{module} {' '.join(arguments)} ended with {done.returncode}; it said:\n{said}"
        )
    return done.stdout


def _billed(design: str, change: Change, package: Path) -> dict[str, int]:
    with tempfile.TemporaryDirectory() as folder:
        change.apply(copy_of_package(Path(folder), package))
        return json.loads(run_in(Path(folder), "classroom.change.rebill", folder_of(design)))


def _row(rule: str, actor: str, before: dict[str, int], after: dict[str, int]) -> Sequence[object]:
    ids = {action.id for action in shipped_day() if action.actor.kind == actor}
    both = [(before.get(id, 0), after.get(id, 0)) for id in ids & (before.keys() | after.keys())]
    moved = [abs(new - old) for old, new in both if new != old]
    return rule, actor, len(both), len(moved), sum(moved)
