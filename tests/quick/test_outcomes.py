"""The card that a check shows: everybody can read it, and what a learner wrote does not turn into markup."""

import re
from html.parser import HTMLParser

import pytest

from classroom.desk.outcome import CARDS, Card, Outcome

pytestmark = pytest.mark.embedded

NOT_YET = Outcome("not yet", "it returned '<b>4</b>' & $4.", "Ada, who pays $9 too much.")


class Read(HTMLParser):
    """What a screen reader finds: the text, and each element's attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.said, self.elements = "", []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.said += data


def test_the_card_is_a_region_with_a_heading_that_says_the_status_in_words():
    page = Read(NOT_YET._repr_html_())
    (region,) = [attributes for _, attributes in page.elements if attributes.get("role") == "region"]
    assert region["aria-label"] == "Not yet"
    assert [
        attributes["aria-level"] for _, attributes in page.elements if attributes.get("role") == "heading"
    ]
    assert "Not yet" in page.said


def test_what_a_learner_wrote_is_text_and_no_money_becomes_mathematics():
    page = NOT_YET._repr_html_()
    assert "it returned '<b>4</b>' & $4." in Read(page).said
    assert "Who is harmed: Ada, who pays $9 too much." in Read(page).said
    assert not re.search(r"\$[^<]", page)


def test_who_is_harmed_is_left_out_where_nobody_is():
    assert "harmed" not in Outcome("correct", "4 of 4 cases.")._repr_html_()
    assert repr(Outcome("correct", "4 of 4 cases.")) == "correct: 4 of 4 cases."


def luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.2."""
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("card", CARDS.values(), ids=CARDS)
def test_the_text_has_a_contrast_of_4_5_on_the_cards_own_paper(card: Card):
    ink, paper = luminance(card.ink), luminance(card.paper)
    assert (paper + 0.05) / (ink + 0.05) >= 4.5


def test_no_two_outcomes_differ_in_colour_only():
    assert len({card.sign for card in CARDS.values()}) == len(CARDS)
