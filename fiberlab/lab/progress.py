"""A progress bar that becomes one line of text when the work is done, so that a saved notebook shows it."""

from collections.abc import Iterator
from contextlib import contextmanager

import ipywidgets
from IPython import get_ipython
from IPython.display import display

_open: list[ipywidgets.IntProgress] = []


@contextmanager
def progress(total: int, what: str) -> Iterator[ipywidgets.IntProgress]:
    """A bar whose `value` counts up to `total`; shown only in a notebook, of nested bars the outermost."""
    text = f"{total:,} {what}"
    bar = ipywidgets.IntProgress(max=total, description=text, style={"description_width": "initial"})
    view = {"application/vnd.jupyter.widget-view+json": {"model_id": bar.model_id, "version_major": 2}}
    shown = None
    if _in_notebook() and not _open:
        shown = display(view | {"text/plain": text}, raw=True, display_id=True)
    _open.append(bar)
    try:
        yield bar
    finally:
        _open.remove(bar)
        bar.close()
        if shown:
            shown.update({"text/plain": text}, raw=True)


def _in_notebook() -> bool:
    shell = get_ipython()
    return shell is not None and hasattr(shell, "kernel")
