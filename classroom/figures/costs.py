"""Pictures of what a change costs: whose bills move, which tests run again, which files change.

The designs stand side by side; the tables are those of `lab.coupling`.
"""

from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from fiberlab.lab import coupling_sentences as say
from fiberlab.lab import figure as fig
from fiberlab.lab.coupling.features import EVENTS, MODULAR, SHARED

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
    said = [say.radius(design, moved) for design, moved in moved_by_design.items()]
    return fig.finish(picture, f"{fig.capital('; '.join(said))}.")


def _matrix(axes: Axes, moved: pd.DataFrame) -> None:
    rules, actors = list(moved.rule.unique()), list(moved.actor.unique())
    for row in moved.itertuples():
        x, y, own = actors.index(row.actor), rules.index(row.rule), row.rule == row.actor
        pale = fig.RIGHT_PALE if own else fig.WRONG_PALE if row.moved_bills else fig.PAPER
        _box(axes, (x - 0.47, y - 0.46), (0.94, 0.92), pale)
        fig.note(axes, say.cell(row), (x, y), (0, 0), weight="bold" if row.moved_bills else "normal")
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
    said = [say.growth(design, table) for design, table in means.items()]
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
    said = [say.feature(design, name, rows) for (design, name), rows in groups]
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
