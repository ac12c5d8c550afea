"""The decision record: one page, as Markdown and as HTML, that holds everything and says it as it is."""

from dataclasses import replace
from datetime import date
from functools import cache
from html.parser import HTMLParser

import pytest

from classroom.chapter import Chapter, close_open_chapter
from classroom.readiness.decision import verdict
from classroom.readiness.measurements import shipped
from classroom.readiness.model import HERD_FIBER, INPUTS
from classroom.readiness.record import decision_record

pytestmark = pytest.mark.embedded

DAY = date(2026, 3, 2)


class Page(HTMLParser):
    """The words of a page, its images, and whatever it would fetch."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.words, self.tags, self.images = "", [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag == "img":
            self.images.append(dict(attrs))

    def handle_data(self, data):
        self.words += data


@cache
def record(**changed):
    return decision_record(replace(HERD_FIBER, **changed), shipped(), DAY)


@cache
def page(**changed) -> Page:
    return Page(record(**changed).html())


def test_the_page_says_the_verdict_why_and_what_would_change_it():
    words = page().words
    assert "2026-03-02. Not yet. Break-even: 4 kinds of actors." in words
    found = verdict(HERD_FIBER, shipped())
    assert all(line in words for line in (*found.reasons, *found.would_change))


def test_the_page_holds_every_input_and_where_each_coefficient_comes_from():
    words = page().words.lower()
    assert all(entry.label in words for entry in INPUTS)
    assert "$24,000.00" in words
    assert "tests to run again, 1 to 6 actors" in words
    assert "6, 6, 6, 6, 6, 6" in words
    assert "shipped" in words


def test_the_page_needs_no_other_file_and_its_picture_has_words():
    (image,) = page().images
    assert image["src"].startswith("data:image/png;base64,")
    assert image["alt"] == record().picture.sentence
    assert not {"script", "link"} & set(page().tags)


def test_another_number_makes_another_record():
    assert record(hour_cents=300_01).text != record().text
    assert record(bill_in_answer=True).text != record().text
    assert decision_record(HERD_FIBER, shipped(), date(2026, 3, 3)).text != record().text


def test_a_name_with_signs_is_shown_as_it_is_and_is_no_path():
    name = "../R&D <script>| *A*_b_ $1 $2"
    shown = page(name=name)
    assert f"events between actors at {name}" in shown.words
    assert "script" not in shown.tags
    assert name in shown.images[0]["alt"]


def test_no_dollar_sign_begins_mathematics():
    assert record().text.replace("\\$", "").count("$") == 0


def test_it_is_saved_as_markdown_with_its_picture_and_as_html(tmp_path):
    saved = record(name="../R&D Ltd.").save(tmp_path)
    assert saved == ["decision-r-d-ltd.md", "decision-r-d-ltd.html", "decision-r-d-ltd.png"]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(saved)
    text = (tmp_path / saved[0]).read_text(encoding="utf-8")
    assert text.endswith("](decision-r-d-ltd.png)\n")
    assert (tmp_path / saved[2]).read_bytes() == record(name="../R&D Ltd.").picture.png
    assert record(name="???").save(tmp_path)[0] == "decision-record.md"


def test_it_goes_beside_a_working_copy_and_otherwise_with_the_chapter(tmp_path, monkeypatch):
    mine = tmp_path / "my-notebooks"
    mine.mkdir()
    monkeypatch.chdir(mine)
    assert Chapter.open("10", {}, kafka=False).files == mine
    monkeypatch.chdir(tmp_path)
    folder = Chapter.open("10", {}, kafka=False).files
    assert folder.is_dir()
    close_open_chapter()
    assert not folder.exists()
