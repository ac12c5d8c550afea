"""A reader works in copies: an update never meets that work, and a reset never loses it."""

import json
import os
import subprocess
from pathlib import Path

import nbformat
import pytest
from nbformat import v4

from classroom.commands.copies import CopyError, refresh, reset
from classroom.commands.notebooks import chosen

pytestmark = pytest.mark.embedded

NAMES = ("00-start-here", "01-one-actor", "02-a-second-actor")


def write(path: Path, *sources: str) -> None:
    cells = [v4.new_code_cell(source, id=f"cell-{n}") for n, source in enumerate(sources)]
    cells += [
        v4.new_code_cell("def price(): ...", id=f"exercise-{path.name[:2]}-price"),
        v4.new_code_cell("check(price)", id=f"exercise-{path.name[:2]}-price-check"),
    ]
    path.parent.mkdir(exist_ok=True)
    nbformat.write(v4.new_notebook(cells=cells), path)


def says(path: Path, source: str) -> bool:
    return any(cell.source == source for cell in nbformat.read(path, 4).cells)


def edit(path: Path, cell: str, source: str, output: str = "") -> None:
    """Write into a cell and run it, as a reader does in JupyterLab."""
    notebook = nbformat.read(path, 4)
    (found,) = [one for one in notebook.cells if one.id == cell]
    found.update(source=source, execution_count=7)
    found.outputs = [v4.new_output("stream", text=output)] if output else []
    nbformat.write(notebook, path)


class Workbook:
    def __init__(self, root: Path) -> None:
        self.originals, self.copies = root / "notebooks", root / "my-notebooks"

    def start(self) -> list[str]:
        return refresh(self.originals, self.copies)

    def reset(self, what: str) -> list[str]:
        return reset(what, self.originals, self.copies)

    def kept(self) -> list[Path]:
        return sorted((self.copies / "kept").glob("*"))


@pytest.fixture
def workbook(tmp_path: Path) -> Workbook:
    book = Workbook(tmp_path)
    for name in NAMES:
        write(book.originals / f"{name}.ipynb", "first")
    assert book.start() == []
    return book


ONE = "01-one-actor.ipynb"


def test_the_first_start_makes_copies_that_are_like_the_originals(workbook: Workbook):
    for name in NAMES:
        copy, original = (folder / f"{name}.ipynb" for folder in (workbook.copies, workbook.originals))
        assert copy.read_bytes() == original.read_bytes()


def test_a_copy_shows_no_outcome_before_its_reader_has_run_it(workbook: Workbook):
    edit(workbook.originals / ONE, "cell-0", "first", output="17 bills are wrong")
    workbook.reset("01")
    assert "17 bills" not in (workbook.copies / ONE).read_text(encoding="utf-8")
    assert "17 bills" in (workbook.originals / ONE).read_text(encoding="utf-8")
    edit(workbook.copies / ONE, "cell-0", "first", output="18 bills are wrong")
    workbook.reset("01")
    assert "18 bills" in workbook.kept()[-1].read_text(encoding="utf-8")


def test_an_exercise_that_is_reset_loses_what_its_check_said(workbook: Workbook):
    check = "exercise-01-price-check"
    edit(workbook.copies / ONE, check, "check(price)", output="not yet")
    (line,) = workbook.reset("01-price")
    assert line.startswith("exercise-01-price in 01-one-actor is as it was shipped.")
    assert "not yet" not in (workbook.copies / ONE).read_text(encoding="utf-8")


def test_a_copy_that_was_only_run_follows_an_update(workbook: Workbook):
    edit(workbook.copies / ONE, "cell-0", "first", output="seen")
    assert workbook.start() == []
    assert "seen" in (workbook.copies / ONE).read_text(encoding="utf-8")
    write(workbook.originals / ONE, "second")
    (told,) = workbook.start()
    assert told.startswith("01-one-actor was updated; you had not changed it")
    assert says(workbook.copies / ONE, "second")


def test_a_copy_that_was_written_in_stays_and_the_way_to_the_new_one_is_told_until_it_is_taken(
    workbook: Workbook,
):
    edit(workbook.copies / ONE, "cell-0", "mine")
    assert workbook.start() == []
    write(workbook.originals / ONE, "second")
    for _ in range(2):
        (told,) = workbook.start()
        assert "python3 lab.py reset 01 (yours is then kept in my-notebooks/kept)" in told
        assert says(workbook.copies / ONE, "mine")
    workbook.reset("01")
    assert workbook.start() == []
    assert says(workbook.copies / ONE, "second")
    assert says(*workbook.kept(), "mine")


def test_a_copy_of_which_nobody_knows_the_original_is_taken_for_written_in(workbook: Workbook):
    (workbook.copies / ".originals.json").write_text("{", encoding="utf-8")
    write(workbook.originals / ONE, "second")
    assert "yours stays as it is" in "".join(workbook.start())
    assert says(workbook.copies / ONE, "first")


def test_a_copy_that_is_no_notebook_any_more_stays_and_can_be_given_back(workbook: Workbook):
    (workbook.copies / ONE).write_text("half a note", encoding="utf-8")
    assert workbook.start() == []
    workbook.reset("01")
    assert says(workbook.copies / ONE, "first")
    assert workbook.kept()[0].read_text(encoding="utf-8") == "half a note"


def test_a_copy_that_was_deleted_comes_back(workbook: Workbook):
    (workbook.copies / ONE).unlink()
    assert workbook.start() == []
    assert says(workbook.copies / ONE, "first")


def test_reset_of_a_chapter_keeps_the_readers_one_under_the_date(workbook: Workbook):
    edit(workbook.copies / ONE, "cell-0", "mine", output="seen")
    (told,) = workbook.reset("01")
    (kept,) = workbook.kept()
    assert f"What you had is in my-notebooks/kept/{kept.name}." in told
    assert kept.match("01-one-actor.20??-??-??-????.ipynb")
    assert says(kept, "mine")
    assert (workbook.copies / ONE).read_bytes() == (workbook.originals / ONE).read_bytes()


def test_a_chapters_second_half_is_a_chapter_of_its_own(workbook: Workbook):
    write(workbook.originals / "01b-more.ipynb", "first")
    workbook.start()
    assert workbook.reset("01") == ["01-one-actor is as it was shipped."]
    assert workbook.reset("01b") == ["01b-more is as it was shipped."]
    assert [path.stem for path in chosen(["01"], workbook.originals)] == ["01-one-actor"]
    assert [path.stem for path in chosen(["01b-more", "00"], workbook.originals)] == [NAMES[0], "01b-more"]


def test_two_resets_in_one_minute_keep_both(workbook: Workbook):
    for source in ("mine", "mine again"):
        edit(workbook.copies / ONE, "cell-0", source)
        workbook.reset("01")
    kept = workbook.kept()
    assert len(kept) == 2
    assert sum(says(path, source) for path in kept for source in ("mine", "mine again")) == 2


def test_reset_of_one_exercise_leaves_the_rest_as_it_is(workbook: Workbook):
    edit(workbook.copies / ONE, "cell-0", "mine")
    edit(workbook.copies / ONE, "exercise-01-price", "def price(): return 1")
    workbook.reset("exercise-01-price")
    assert says(workbook.copies / ONE, "mine")
    assert says(workbook.copies / ONE, "def price(): ...")
    assert says(*workbook.kept(), "def price(): return 1")


def test_an_exercise_that_was_deleted_comes_back_where_it_was(workbook: Workbook):
    notebook = nbformat.read(workbook.copies / ONE, 4)
    notebook.cells = [cell for cell in notebook.cells if cell.id != "exercise-01-price"]
    nbformat.write(notebook, workbook.copies / ONE)
    workbook.reset("exercise-01-price")
    ids = [cell.id for cell in nbformat.read(workbook.copies / ONE, 4).cells]
    assert ids == ["cell-0", "exercise-01-price", "exercise-01-price-check"]


def test_reset_of_everything_keeps_what_differs_and_nothing_else(workbook: Workbook):
    edit(workbook.copies / ONE, "cell-0", "mine")
    assert len(workbook.reset("everything")) == 3
    assert [path.name[:2] for path in workbook.kept()] == ["01"]


@pytest.mark.parametrize("what", ["07", "exercise-01-colour", ""])
def test_a_name_that_nothing_has_is_told(what: str, workbook: Workbook):
    with pytest.raises(CopyError, match="There is no"):
        workbook.reset(what)
    assert not workbook.kept()


def git(folder: Path, *arguments: str) -> str:
    me = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    who = ["-c", "user.name=ada", "-c", "user.email=ada@example.org", "-c", "init.defaultBranch=main"]
    done = subprocess.run(
        ["git", *who, *arguments], cwd=folder, env=os.environ | me, capture_output=True, text=True, check=True
    )
    return done.stdout


def test_after_three_chapters_an_update_and_a_reset_every_line_written_is_there(tmp_path: Path):
    """From a previous commit, in a real repository: git never sees what the reader wrote."""
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    ignore = Path(__file__).parents[2].joinpath(".gitignore").read_text(encoding="utf-8")
    for name in NAMES:
        (ours / "notebooks").mkdir(parents=True, exist_ok=True)
        write(ours / f"notebooks/{name}.ipynb", "first")
    (ours / ".gitignore").write_text(ignore, encoding="utf-8")
    git(ours, "init")
    git(ours, "add", ".")
    git(ours, "commit", "-m", "as shipped")
    git(tmp_path, "clone", str(ours), str(theirs))
    reader = Workbook(theirs)
    reader.start()
    for name in NAMES:
        edit(reader.copies / f"{name}.ipynb", "cell-0", f"mine in {name}", output="seen")
    for name in NAMES:
        write(ours / f"notebooks/{name}.ipynb", "second")
    git(ours, "commit", "-am", "an update")

    assert git(theirs, "status", "--porcelain") == ""
    git(theirs, "pull", "--ff-only")
    assert len(reader.start()) == 3
    reader.reset("01")

    assert git(theirs, "status", "--porcelain") == ""
    assert says(reader.copies / ONE, "second")
    written = [*reader.copies.glob("*.ipynb"), *reader.kept()]
    for name in NAMES:
        assert any(says(path, f"mine in {name}") for path in written)
    assert json.loads(reader.kept()[0].read_text(encoding="utf-8"))["cells"][0]["outputs"]


def test_whoever_wrote_in_a_copy_that_imports_what_has_moved_is_told_so_once(workbook: Workbook):
    copy = workbook.copies / ONE
    edit(copy, "cell-0", "from fiberlab.lab.chapter import Chapter\nfrom fiberlab.domain import Plan")
    write(workbook.originals / ONE, "from classroom import Chapter")
    moved, how = workbook.start()
    assert moved.startswith("01-one-actor: your copy imports fiberlab.lab.chapter, which has moved")
    assert "lab.py reset 01" in how
    assert workbook.start() == [how]
    assert says(copy, "from fiberlab.lab.chapter import Chapter\nfrom fiberlab.domain import Plan")


def test_a_copy_that_imports_what_is_there_is_not_called_old(workbook: Workbook):
    edit(workbook.copies / ONE, "cell-0", "from classroom.figures import house\nimport fiberlab.domain")
    write(workbook.originals / ONE, "second")
    (how,) = workbook.start()
    assert "you have written in your copy" in how
