"""What a change costs, in words: bills that move, tests that run again, files that change."""

import pandas as pd

from fiberlab.domain import dollars
from fiberlab.lab.figure import listing, plural


def radius(design: str, moved: pd.DataFrame) -> str:
    """What each rule moved of its own actor's bills, and what it moved of others'."""
    own, others = moved[moved.rule == moved.actor], moved[moved.rule != moved.actor]
    reached = [_moved(row) for row in others.itertuples() if row.moved_bills]
    meant = listing(_moved(row) for row in own.itertuples())
    none = f"none of {plural(others.bills.sum(), 'bill')} of others moved"
    return f"{design}: {meant}, and {f'though nobody meant it, {listing(reached)}' if reached else none}"


def _moved(row: tuple) -> str:
    return (
        f"the {row.rule}s' rule moved {row.moved_bills:,} of {row.bills:,} {row.actor}s' bills "
        f"by {dollars(row.moved_cents)}"
    )


def cell(row: tuple) -> str:
    """What stands in the matrix for a changed rule and an actor."""
    if not row.moved_bills:
        return f"none of {row.bills:,}"
    mark = "✓ meant" if row.rule == row.actor else "✗ not meant"
    return f"{mark}\n{row.moved_bills:,} of {row.bills:,}\n{dollars(row.moved_cents)}"


def growth(design: str, means: pd.DataFrame) -> str:
    """How many tests a change reaches, of how many; `means` has a row per number of actors, in order."""
    touched, released, suite = (_numbers(means[column]) for column in ("touched", "released", "suite"))
    actors = " to ".join(dict.fromkeys((str(means.index[0]), plural(means.index[-1], "kind"))))
    return (
        f"{design}: with {actors} of actors a change touches {touched}, and releases {released}, "
        f"of {suite} tests"
    )


def _numbers(values: pd.Series) -> str:
    told = [f"{value:.4g}" for value in values]
    return listing(told) if len(set(told)) > 1 else f"always {told[0]}"


def feature(design: str, name: str, files: pd.DataFrame) -> str:
    """How many files of each kind the feature takes in the design."""
    counts = files.how.value_counts(sort=False)
    taken = listing(f"{plural(number, 'file')} {how}" for how, number in counts.items())
    lines = f"{plural(files.added.sum(), 'line')} added and {files.removed.sum():,} removed"
    return f"{design}, {name}: {taken}, {lines}"
