"""A room of readers in one picture: who has solved what, and where somebody is stuck."""

import pandas as pd
from matplotlib.patches import Rectangle

from fiberlab.lab.figure import (
    GRID,
    MUTED,
    RIGHT_PALE,
    RIGHT_TEXT,
    WRONG_PALE,
    WRONG_TEXT,
    Figure,
    canvas,
    finish,
    listing,
    note,
    plural,
    require,
)

TITLE = "Who is stuck where?  ✓ solved   ✗ stuck after so many attempts   · not tried"


def room(table: pd.DataFrame) -> Figure:
    """Readers down, exercises across (see lab.room.attempts): solved, stuck (attempts), or not tried."""
    require(table, "learner", "exercise", "solved", "attempts")
    learners, exercises = list(table.learner.unique()), list(table.exercise.unique())
    picture, (axes,) = canvas(TITLE, 1.6 + 0.32 * len(learners))
    for row in table.itertuples():
        words, ink, paper = _looks(row.solved, row.attempts)
        x, y = exercises.index(row.exercise), learners.index(row.learner)
        axes.add_patch(Rectangle((x - 0.48, y - 0.45), 0.96, 0.9, facecolor=paper))
        note(axes, words, (x, y), (0, 0), size=9, color=ink)
    labels = [name.removeprefix("exercise-").replace("-", "\n") for name in exercises]
    axes.set_xticks(range(len(exercises)), labels)
    axes.set_yticks(range(len(learners)), [name[-24:] for name in learners])
    axes.set(xlim=(-0.5, len(exercises) - 0.5), ylim=(len(learners) - 0.5, -0.5))
    axes.xaxis.tick_top()
    return finish(picture, _sentence(table))


def _looks(solved: bool, attempts: int) -> tuple[str, str, str]:
    if solved:
        return "✓", RIGHT_TEXT, RIGHT_PALE
    return (f"✗ {attempts}", WRONG_TEXT, WRONG_PALE) if attempts else ("·", MUTED, GRID)


def _sentence(table: pd.DataFrame) -> str:
    tried = table[table.attempts > 0]
    held = tried[~tried.solved]
    said = (
        f"{plural(table.learner.nunique(), 'reader')} tried {plural(len(tried), 'check')} and solved "
        f"{int(tried.solved.sum())} of them"
    )
    if held.empty:
        return f"{said}; nobody is stuck."
    by_exercise = held.groupby("exercise").size().sort_values(kind="stable", ascending=False)
    return f"{said}; stuck are {listing([f'{count} at {name}' for name, count in by_exercise.items()])}."
