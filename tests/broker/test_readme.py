"""What the pages for people say is true of the tree."""

import re
from pathlib import Path

import nbformat
import pytest

from classroom.chapter import Chapter, close_open_chapter
from classroom.experiments.billing import bill_every_design
from classroom.world.designs import EVENTS, MODULAR, SHARED
from fiberlab.domain import dollars

pytestmark = pytest.mark.embedded

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
NOT_OURS = {"lab", "measure", "describe", "test_same_story"}  # of other folders than the packages
# A command is called as lab.py calls it; an exercise's file as its chapter.
NOT_NAMED = {"__init__", "__main__"}
NOT_NAMED |= {file.stem for file in (ROOT / "classroom/commands").glob("*.py")}
NOT_NAMED |= {file.stem for file in (ROOT / "classroom/exercises").glob("chapter_*.py")}
PAGES = [*sorted(ROOT.glob("*.md")), ROOT / "data" / "README.md", ROOT / "bench" / "README.md"]


def test_the_tree_names_every_module_and_no_other():
    tree = README.split("```")[1]
    files = [file for package in ("fiberlab", "classroom") for file in (ROOT / package).rglob("*.py")]
    modules = {file.stem for file in files} - NOT_NAMED
    assert set(re.findall(r"\b(\w+)\.py\b", tree)) - NOT_OURS - NOT_NAMED == modules


def test_the_picture_says_what_a_run_says():
    try:
        days = bill_every_design(Chapter.open("readme", {}, kafka=False))
    finally:
        close_open_chapter()
    shared = days[SHARED]
    wrong, all_bills = (shared.wrong_cents != 0).sum(), (shared.expected_cents != 0).sum()
    lost = dollars(-shared.wrong_cents.sum())
    assert f"{SHARED}, {wrong} of {all_bills} bills are wrong and {lost} is lost" in README
    for design in (MODULAR, EVENTS):
        assert f"{design}, all {all_bills} bills are right" in README
        assert (days[design].billed_cents == days[design].expected_cents).all()


def test_the_table_of_chapters_says_what_the_chapters_say():
    rows = re.findall(r"^\| \d\w* \| \[(.+)\]\((.+)\) \| (.+) \| (\d+) \|$", README, re.M)
    assert rows == [of_chapter(file) for file in sorted((ROOT / "notebooks").glob("*.ipynb"))]


def test_the_first_chapter_leads_to_all_others():
    first, *others = sorted((ROOT / "notebooks").glob("*.ipynb"))
    rows = re.findall(r"^\| \d\w* \| \[(.+)\]\((.+)\) \| (.+) \|$", prose(first), re.M)
    told = [of_chapter(file) for file in others]
    assert rows == [(title, Path(link).name, question) for title, link, question, _ in told]


def of_chapter(file: Path) -> tuple[str, ...]:
    """Title, link, business question and minutes, as the chapter says them."""
    text = prose(file)
    title, question = re.search(r"# \S+ · (.+)\s+\*The business question: (.+)\*", text).groups()
    question = question.replace("* your *", " *your* ")
    minutes = re.search(r"About (\d+) minutes", text)[1]
    return title, f"notebooks/{file.name}", question[0].upper() + question[1:], minutes


def prose(file: Path) -> str:
    """All that a notebook says between its code cells."""
    cells = nbformat.read(file, as_version=4).cells
    return "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page):
    targets = re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text(encoding="utf-8"))
    assert [target for target in targets if not (page.parent / target).exists()] == []
