"""Files to change: the same feature made in a copy of each design, told by a real diff.

Tests are not among them: whoever brings a rule brings its tests, in every design alike. What starts the
services (`world.designs`) is not, either: a new service is one process more, in whatever starts them.
"""

import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

import pandas as pd

from classroom.change.edits import Change, add_actor, change_rule, copy_of_package, files_changed
from classroom.source import PACKAGE

NEW_ACTOR = "resellers sell, too"
FEATURES: dict[str, Callable[[str, Path], Change]] = {
    "installers get another discount": lambda design, _: change_rule(design, "installer"),
    NEW_ACTOR: lambda design, package: add_actor(design, "reseller", package),
}


def files_to_change(designs: Iterable[str], package: Path = PACKAGE) -> pd.DataFrame:
    """What each feature takes in each design: a row per file.

    Columns: design, feature, file, how ("new", "changed" or "deleted"), added and removed (lines).
    """
    made = [
        _made(design, feature, package).assign(design=design, feature=feature)
        for design in designs
        for feature in FEATURES
    ]
    return pd.concat(made, ignore_index=True)[["design", "feature", "file", "how", "added", "removed"]]


def _made(design: str, feature: str, package: Path) -> pd.DataFrame:
    with tempfile.TemporaryDirectory() as before, tempfile.TemporaryDirectory() as after:
        old, new = copy_of_package(Path(before), package), copy_of_package(Path(after), package)
        FEATURES[feature](design, old).apply(new)
        return files_changed(old, new)
