"""Pictures of what each design gives and what a change costs: bills that move, tests that run again, files.

The designs stand side by side, and each picture says its numbers. They know no rule of any design.
"""

from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from classroom.figures import look as fig
from classroom.figures.look import listing, plural
from classroom.world.designs import EVENTS, MODULAR, SHARED
from fiberlab.domain import dollars


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


def said_of_feature(design: str, name: str, files: pd.DataFrame) -> str:
    """How many files of each kind the feature takes in the design."""
    counts = files.how.value_counts(sort=False)
    taken = listing(f"{plural(number, 'file')} {how}" for how, number in counts.items())
    lines = f"{plural(files.added.sum(), 'line')} added and {files.removed.sum():,} removed"
    return f"{design}, {name}: {taken}, {lines}"


DESIGN_LOOKS = {  # a design looks the same in every chapter
    SHARED: fig.Look("#D55E00", "", "s"),
    MODULAR: fig.Look("#0072B2", "", "o"),
    EVENTS: fig.Look("#009E73", "", "^"),
}
REACHED = {"touched": "touched by the change", "released": "released together with it"}


def blast_radius_matrix(moved_by_design: Mapping[str, pd.DataFrame]) -> fig.Figure:
    """Whose bills moved when a rule was changed: the changed rule down, whose bills across."""
    for moved in _designs(moved_by_design).values():
        fig.require(moved, "rule", "actor", "bills", "moved_bills", "moved_cents")
    title = "One actor's rule changes: whose bills of the day move, and by how much?"
    picture, panels = fig.canvas(title, 3.9, len(moved_by_design))
    for axes, (design, moved) in zip(panels, moved_by_design.items(), strict=True):
        _matrix(axes, moved)
        others = moved[moved.rule != moved.actor].moved_bills.any()
        _heading(axes, f"{design}:\n{'others, too' if others else 'nobody else'}", fig.text_color(others))
    said = [radius(design, moved) for design, moved in moved_by_design.items()]
    return fig.finish(picture, f"{fig.capital('; '.join(said))}.")


def _matrix(axes: Axes, moved: pd.DataFrame) -> None:
    rules, actors = list(moved.rule.unique()), list(moved.actor.unique())
    for row in moved.itertuples():
        x, y, own = actors.index(row.actor), rules.index(row.rule), row.rule == row.actor
        pale = fig.RIGHT_PALE if own else fig.WRONG_PALE if row.moved_bills else fig.PAPER
        _box(axes, (x - 0.47, y - 0.46), (0.94, 0.92), pale)
        fig.note(axes, cell(row), (x, y), (0, 0), weight="bold" if row.moved_bills else "normal")
    axes.set_xticks(range(len(actors)), [f"{fig.capital(actor)}s'\nbills" for actor in actors])
    axes.set_yticks(range(len(rules)), [f"{fig.capital(rule)}s'\nrule\nchanges" for rule in rules])
    axes.set(xlim=(-0.5, len(actors) - 0.5), ylim=(len(rules) - 0.5, -0.5))


def tests_against_actors(tests_by_design: Mapping[str, pd.DataFrame]) -> fig.Figure:
    """Tests to run again when one rule changes (the mean over the rules), against the kinds of actors."""
    for tests in _designs(tests_by_design).values():
        fig.require(tests, "actors", "suite", *REACHED)
    picture, panels = fig.canvas("One actor's rule changes: how many tests run again?", 4, len(REACHED))
    means = {
        design: tests.groupby("actors")[["suite", *REACHED]].mean()
        for design, tests in tests_by_design.items()
    }
    for axes, (column, name) in zip(panels, REACHED.items(), strict=True):
        _lines(axes, {design: table[column] for design, table in means.items()})
        _heading(axes, f"tests {name}", fig.INK)
        axes.set_xlabel("kinds of actors", size=fig.NORMAL)
    panels[0].margins(y=0.18)
    said = [growth(design, table) for design, table in means.items()]
    return fig.finish(picture, f"{fig.capital('; '.join(said))}.")


def _lines(axes: Axes, counts: Mapping[str, pd.Series]) -> None:
    """A line per design; an earlier one is wider, so that it can be seen below one that lies on it."""
    ends: dict[float, list[str]] = {}
    for number, (design, series) in enumerate(counts.items()):
        look, width = DESIGN_LOOKS[design], 2 * (len(counts) - number)
        axes.plot(series, look.marker + "-", color=look.color, linewidth=width, markersize=width + 5)
        axes.set_xticks(series.index)
        ends.setdefault(float(series.iloc[-1]), []).append(design)
    for end, designs in ends.items():
        above = not any(end < other < end + 5 for other in ends)
        style = {"weight": "bold", "ha": "right", "va": "bottom" if above else "top"}
        at = axes.get_xticks()[-1], end
        fig.note(axes, f"{end:.4g}: {fig.listing(designs)}", at, (0, 8 if above else -8), **style)
    axes.grid(axis="y", color=fig.GRID)


def files_changed(files: pd.DataFrame) -> fig.Figure:
    """The files that each feature takes in each design: those that exist and change, and new ones."""
    fig.require(files, "design", "feature", "file", "how", "added", "removed")
    designs, features = files.design.unique(), files.feature.unique()
    sizes = files.groupby(["feature", "design"]).size().groupby("feature").max()[features] + 0.6
    picture, panels = fig.canvas(
        "The same feature in each design: which files change?", 1 + 0.62 * sizes.sum(), len(designs)
    )
    for axes, design in zip(panels, designs, strict=True):
        _heading(axes, design, fig.INK)
        axes.set(xlim=(0, 1), ylim=(sizes.sum(), 0), xticks=[], yticks=[])
        for feature, top in (sizes.cumsum() - sizes).items():
            _feature(axes, top, feature, files[(files.design == design) & (files.feature == feature)])
    groups = files.groupby(["design", "feature"], sort=False)
    said = [said_of_feature(design, name, rows) for (design, name), rows in groups]
    return fig.finish(picture, f"{fig.capital('; '.join(said))}.")


def _feature(axes: Axes, top: float, name: str, files: pd.DataFrame) -> None:
    """The feature's name and, below it, a box per file."""
    fig.note(axes, fig.capital(name), (0, top + 0.3), (1, 0), weight="bold", color=fig.MUTED)
    for y, row in enumerate(files.itertuples()):
        _box(axes, (0, top + y + 0.6), (1, 0.9), fig.RIGHT_PALE if row.how == "new" else fig.WRONG_PALE)
        fig.note(
            axes, f"{row.file}\n{row.how}: +{row.added}, −{row.removed} lines", (0, top + y + 1.05), (7, 0)
        )


def _box(axes: Axes, corner: tuple[float, float], size: tuple[float, float], pale: str) -> None:
    edge = fig.WRONG if pale == fig.WRONG_PALE else fig.GRID
    axes.add_patch(Rectangle(corner, *size, facecolor=pale, edgecolor=edge, linewidth=2))


def _heading(axes: Axes, text: str, color: str) -> None:
    axes.set_title(fig.capital(text), loc="left", pad=6, size=fig.NORMAL + 1, weight="bold", color=color)


def _designs(tables: Mapping[str, pd.DataFrame]) -> Mapping[str, pd.DataFrame]:
    """The tables by design; ValueError if there is none."""
    if not tables:
        raise ValueError("there is no design; give a table by the design's name")
    return tables


TITLE = "What does each design give, and what does it cost? Less is better in every row"
NAMES, WIDTH = 46, 18  # in percent of the width: the rows' names, a column


def price_list(counts: pd.DataFrame, sizes: pd.DataFrame | None = None) -> fig.Figure:
    """A row per thing counted, a column per design; where they differ, the least and the most are coloured.

    `counts` has the things as its index. `sizes` is like it, for numbers that differ from run to run or with
    every edit of the source: the sentence says only who has the most of them.
    """
    sizes = counts[:0] if sizes is None else sizes
    rows = pd.concat([counts, sizes])
    fig.require(rows, *counts.columns)
    if list(sizes.columns) != list(counts.columns):
        raise ValueError(
            f"sizes are of {list(sizes.columns)!r}, counts of {list(counts.columns)!r}; name the same"
        )
    picture, [axes] = fig.canvas(TITLE, 1.1 + 0.36 * len(rows))
    axes.set(xlim=(0, NAMES + WIDTH * len(rows.columns)), ylim=(len(rows) - 0.45, -1.1), xticks=[], yticks=[])
    for column, design in enumerate(rows.columns):
        fig.note(axes, fig.capital(design), (_middle(column), -0.75), (0, 0), weight="bold")
    for y, (thing, numbers) in enumerate(rows.iterrows()):
        fig.note(axes, fig.capital(str(thing)), (NAMES - 1, y), (-1, 0))
        _row(axes, y, numbers)
    return fig.finish(picture, _said(counts, sizes))


def _middle(column: int) -> float:
    return NAMES + WIDTH * (column + 0.5)


def _row(axes: Axes, y: int, numbers: pd.Series) -> None:
    for column, number in enumerate(numbers):
        color = (
            fig.RIGHT_PALE
            if number == numbers.min()
            else fig.WRONG_PALE
            if number == numbers.max()
            else fig.PAPER
        )
        box = (_middle(column) - WIDTH / 2 + 0.3, y - 0.46), WIDTH - 0.6, 0.92
        axes.add_patch(Rectangle(*box, color=fig.GRID if numbers.nunique() == 1 else color, linewidth=0))
        fig.note(axes, f"{number:,.0f}", (_middle(column), y), (0, 0), weight="bold")


def _said(counts: pd.DataFrame, sizes: pd.DataFrame) -> str:
    designs = fig.listing(counts.columns)
    parts = [f"{thing} {fig.listing(f'{n:,.0f}' for n in numbers)}" for thing, numbers in counts.iterrows()]
    parts += [f"most {thing} in the {numbers.idxmax()} design" for thing, numbers in sizes.iterrows()]
    return f"{fig.capital(designs)}: {'; '.join(parts)}."
