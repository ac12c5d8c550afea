"""What the book says of chapters, contracts and recordings, before anything is built of it."""

import json
import re

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st

from book import packages, pages
from book.build import build
from book.pages import ROOT, BookError
from book.recording import PRESSED, RECORDINGS, changed, is_of, live_cell, merged, snapshots

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
FEW = st.integers(0, 2)
JSON = st.none() | FEW | st.lists(st.none() | FEW | st.lists(FEW, max_size=2), max_size=3)
# A snapshot keeps its keys; what they hold may become anything but an object with others.
STATE = st.fixed_dictionaries(
    {
        "a": JSON,
        "b": st.fixed_dictionaries(
            {"c": JSON, "d": st.lists(st.fixed_dictionaries({"e": JSON}), max_size=2)}
        ),
    }
)


@given(st.lists(STATE, min_size=2, max_size=2))
def test_a_change_put_onto_what_was_is_what_came(states):
    before, after = json.loads(json.dumps(states))
    assert merged(before, changed(before, after)) == after


def test_a_key_that_a_change_could_not_take_away_is_an_error():
    with pytest.raises(ValueError, match="b"):
        changed({"a": 1, "b": 2}, {"a": 1})


def test_every_live_picture_has_a_recording_of_its_cell_and_no_other_has():
    live = {file.stem.partition("-")[0]: nbformat.read(file, as_version=4) for file in NOTEBOOKS}
    live = {number: notebook for number, notebook in live.items() if live_cell(notebook)}
    assert {file.stem for file in RECORDINGS.glob("*.json")} == set(live) == set(PRESSED)
    assert [n for n, notebook in live.items() if not is_of(RECORDINGS / f"{n}.json", notebook)] == []


@pytest.mark.parametrize("number", PRESSED)
def test_a_recording_ends_with_a_day_that_is_sent_and_billed_and_is_small(number):
    file = RECORDINGS / f"{number}.json"
    first, *_, last = snapshots(json.loads(file.read_text(encoding="utf-8")))
    assert sum(first["actors"].values()) < sum(last["actors"].values()) == last["controls"]["sent"]
    assert last["controls"]["ended"]
    assert not any(outcome["not_billed"] for outcome in last["outcomes"])
    assert file.stat().st_size < 400_000


def test_every_picture_of_a_chapter_is_told_in_words_and_nothing_live_is_left():
    for file in NOTEBOOKS:
        page = pages.chapter(nbformat.read(file, as_version=4), "05")
        shown = [(cell, output) for cell in page.cells if "outputs" in cell for output in cell.outputs]
        told = [(cell, output) for cell, output in shown if "image/png" in output.get("data", {})]
        for cell, output in told:
            assert cell.metadata["mystnb"]["image"]["alt"] == output.data["text/plain"]


def test_two_pictures_below_one_cell_are_an_error():
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("", id="both")])
    notebook.cells[0].outputs = [
        nbformat.v4.new_output("display_data", {"image/png": ""}, metadata={"image/png": {"alt": alt}})
        for alt in ("one", "two")
    ]
    with pytest.raises(BookError, match="'both'"):
        pages.chapter(notebook)


@pytest.mark.parametrize("file", sorted(pages.CONTRACTS.glob("*.json")), ids=lambda file: file.stem)
def test_a_contracts_page_names_everything_that_the_contract_has(file):
    document, page = json.loads(file.read_text(encoding="utf-8")), pages.contract(file)
    for name, schema in document["components"]["schemas"].items():
        assert f"## {name}\n" in page
        assert all(f"| `{field}` |" in page for field in schema["properties"])
    for message in document["components"].get("messages", {}).values():
        assert f"### `{message['name']}`" in page
    for path in document.get("paths", {}).values():
        for method, operation in path.items():
            assert f"## {method.upper()} " in page
            assert all(
                f"| {code} | {it['description']} |" in page for code, it in operation["responses"].items()
            )


def test_the_book_and_the_workbook_want_the_same_version_of_what_both_need():
    ours = packages.REQUIREMENTS.read_text(encoding="utf-8")
    others = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    versions = [dict(re.findall(r"^([\w.-]+)==(\S+)", text, re.M)) for text in (ours, others)]
    both = versions[0].keys() & versions[1].keys()
    assert both
    assert {name: versions[0][name] for name in both} == {name: versions[1][name] for name in both}


def test_a_folder_with_something_else_is_not_made_a_book(tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(BookError, match="something else"):
        build(tmp_path)
    assert (tmp_path / "thesis.txt").read_text() == "years of work"
