"""Pictures of what each design gives and what a change costs: bills that move, tests that run again, files.

The designs stand side by side, and each picture says its numbers. They know no rule of any design.
"""

from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes

from classroom.figures import look as fig
from classroom.figures import marks
from classroom.figures.look import capital, listing, plural
from classroom.world.designs import EVENTS, MODULAR, SHARED
from fiberlab.domain import dollars


def _radius(design: str, moved: pd.DataFrame) -> str:
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


def _cell(row: tuple) -> marks.Cell:
    """The cell of a changed rule and an actor."""
    if not row.moved_bills:
        return marks.Cell(f"none of {row.bills:,}", fig.RIGHT_PALE if row.rule == row.actor else fig.PAPER)
    mark, pale = ("✓ meant", fig.RIGHT_PALE) if row.rule == row.actor else ("✗ not meant", fig.WRONG_PALE)
    words = f"{mark}\n{row.moved_bills:,} of {row.bills:,}\n{dollars(row.moved_cents)}"
    return marks.Cell(words, pale, "bold")


def _growth(design: str, means: pd.DataFrame) -> str:
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


def _said_of_feature(design: str, name: str, files: pd.DataFrame) -> str:
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
    said = [_radius(design, moved) for design, moved in moved_by_design.items()]
    return fig.Figure(f"{capital('; '.join(said))}.", _draw_blast_radius, moved_by_design)


def _draw_blast_radius(moved_by_design: Mapping[str, pd.DataFrame]) -> fig.Picture:
    title = "One actor's rule changes: whose bills of the day move, and by how much?"
    picture, panels = fig.canvas(title, 3.9, len(moved_by_design))
    for axes, (design, moved) in zip(panels, moved_by_design.items(), strict=True):
        grid = {(row.rule, row.actor): _cell(row) for row in moved.itertuples()}
        names = (lambda name: f"{capital(name)}s'\nrule\nchanges", lambda name: f"{capital(name)}s'\nbills")
        marks.cells(axes, grid, *names, fig.SMALL)
        others = moved[moved.rule != moved.actor].moved_bills.any()
        reach = "others, too" if others else "nobody else"
        marks.heading(axes, capital(f"{design}:\n{reach}"), fig.text_color(others))
    return picture


def tests_against_actors(tests_by_design: Mapping[str, pd.DataFrame]) -> fig.Figure:
    """Tests to run again when one rule changes (the mean over the rules), against the kinds of actors."""
    for tests in _designs(tests_by_design).values():
        fig.require(tests, "actors", "suite", *REACHED)
    columns = ["suite", *REACHED]
    means = {design: tests.groupby("actors")[columns].mean() for design, tests in tests_by_design.items()}
    said = [_growth(design, table) for design, table in means.items()]
    return fig.Figure(f"{capital('; '.join(said))}.", _draw_tests, means)


def _draw_tests(means: Mapping[str, pd.DataFrame]) -> fig.Picture:
    picture, panels = fig.canvas("One actor's rule changes: how many tests run again?", 4, len(REACHED))
    for axes, (column, name) in zip(panels, REACHED.items(), strict=True):
        _lines(axes, {design: table[column] for design, table in means.items()})
        marks.heading(axes, f"Tests {name}")
        axes.set_xlabel("kinds of actors", size=fig.NORMAL)
    panels[0].margins(y=0.18)
    return picture


def _lines(axes: Axes, counts: Mapping[str, pd.Series]) -> None:
    """A line per design; an earlier one is wider, so that it can be seen below one that lies on it."""
    ends: dict[float, list[str]] = {}
    for number, (design, series) in enumerate(counts.items()):
        look, width = DESIGN_LOOKS.get(design, fig.UNKNOWN_LOOK), 2 * (len(counts) - number)
        marks.line(axes, series, look, width)
        axes.set_xticks(series.index)
        ends.setdefault(float(series.iloc[-1]), []).append(design)
    for end, designs in ends.items():
        above = not any(end < other < end + 5 for other in ends)
        style = {"weight": "bold", "ha": "right", "va": "bottom" if above else "top"}
        at = axes.get_xticks()[-1], end
        marks.note(axes, f"{end:.4g}: {listing(designs)}", at, (0, 8 if above else -8), **style)
    axes.grid(axis="y", color=fig.GRID)


def files_changed(files: pd.DataFrame) -> fig.Figure:
    """The files that each feature takes in each design: those that exist and change, and new ones."""
    fig.require(files, "design", "feature", "file", "how", "added", "removed")
    groups = files.groupby(["design", "feature"], sort=False)
    said = [_said_of_feature(design, name, rows) for (design, name), rows in groups]
    return fig.Figure(f"{capital('; '.join(said))}.", _draw_files, files)


def _draw_files(files: pd.DataFrame) -> fig.Picture:
    designs, features = files.design.unique(), files.feature.unique()
    sizes = files.groupby(["feature", "design"]).size().groupby("feature").max()[features] + 0.6
    title = "The same feature in each design: which files change?"
    picture, panels = fig.canvas(title, 1 + 0.62 * sizes.sum(), len(designs))
    for axes, design in zip(panels, designs, strict=True):
        marks.heading(axes, capital(design))
        axes.set(xlim=(0, 1), ylim=(sizes.sum(), 0), xticks=[], yticks=[])
        for feature, top in (sizes.cumsum() - sizes).items():
            _feature(axes, top, feature, files[(files.design == design) & (files.feature == feature)])
    return picture


def _feature(axes: Axes, top: float, name: str, files: pd.DataFrame) -> None:
    """The feature's name and, below it, a box per file."""
    marks.note(axes, capital(name), (0, top + 0.3), (1, 0), weight="bold", color=fig.MUTED)
    for y, row in enumerate(files.itertuples()):
        middle, pale = top + y + 1.05, fig.RIGHT_PALE if row.how == "new" else fig.WRONG_PALE
        marks.sheet(axes, (0.5, middle), (1, 0.9), "", pale)
        words = f"{row.file}\n{row.how}: +{row.added}, −{row.removed} lines"
        marks.note(axes, words, (0, middle), (7, 0))


def _designs(tables: Mapping[str, pd.DataFrame]) -> Mapping[str, pd.DataFrame]:
    """The tables by design; ValueError if there is none."""
    if not tables:
        raise ValueError("there is no design; give a table by the design's name")
    return tables


TITLE = "What does each design give, and what does it cost? Less is better in every row"


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
    return fig.Figure(_said(counts, sizes), _draw_prices, rows)


def _draw_prices(rows: pd.DataFrame) -> fig.Picture:
    picture, [axes] = fig.canvas(TITLE, 1.1 + 0.36 * len(rows))
    grid = {
        (str(thing), design): _priced(number, numbers)
        for thing, numbers in rows.iterrows()
        for design, number in numbers.items()
    }
    marks.cells(axes, grid, capital, capital, dense=True)
    for name in axes.get_xticklabels():
        name.set_weight("bold")
    return picture


def _priced(number: float, row: pd.Series) -> marks.Cell:
    """The cell of a number among those of its row."""
    pale = {row.max(): fig.WRONG_PALE, row.min(): fig.RIGHT_PALE}.get(number, fig.PAPER)
    return marks.Cell(f"{number:,.0f}", fig.GRID if row.nunique() == 1 else pale, "bold")


def _said(counts: pd.DataFrame, sizes: pd.DataFrame) -> str:
    designs = listing(counts.columns)
    parts = [f"{thing} {listing(f'{n:,.0f}' for n in numbers)}" for thing, numbers in counts.iterrows()]
    parts += [f"most {thing} in the {numbers.idxmax()} design" for thing, numbers in sizes.iterrows()]
    return f"{capital(designs)}: {'; '.join(parts)}."
