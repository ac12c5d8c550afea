"""Names as real providers have them go through every design, and what a name could hide goes nowhere."""

import unicodedata
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from classroom.chapter import Chapter
from classroom.figures.bills import bills_against_oracle
from classroom.world import company as days
from classroom.world.bills import bills_of, outcome
from classroom.world.designs import Design
from fiberlab.api import body
from fiberlab.domain import Action, Actor, Company, Plan
from fiberlab.names import NAME_LENGTH, identifier, readable
from tests.facts import answer_from

pytestmark = pytest.mark.embedded

REAL = (
    "Gigabit (940/880)",
    "Surf & Phone",
    "Glasfaser für alle",
    "Fibre Max™",
    "Flat 16.000+",
    "50/10 Mbit/s",
    "O'Brien's \"Best\" <b>Fiber</b>",
    "Flat $50 or $60, 100 %; DROP TABLE charges;--",
    "=1+1",
    "| Fiber | `1` | *Gig* [x](y) ~ {0} %s",
    "Internet 1 Gbps – Tarifa Única №5",
    "光回線 1ギガ",
    "فیبر‌نوری ۳۰۰",
    "Gamer 🚀 Deluxe 👨‍👩‍👧",
    "fiber 300\u00a0Mbit/s",
    "x" * NAME_LENGTH,
)
HIDDEN = {
    "nothing": "",
    "a space": " ",
    "a space before": " Fiber",
    "a space after": "Fiber\u3000",
    "a line": "Fiber\nBcc: everybody@customers.example",
    "a carriage return": "Fiber\rX: y",
    "a line of Unicode's": "Fiber\u2028300",
    "NUL": "Fiber\x00",
    "an escape": "\x1b[31mFiber",
    "a control of C1": "Fiber\x85300",
    "right to left": "Fiber \u202e003",
    "an isolate": "Fiber \u2067003\u2069",
    "a mark of direction": "\u200fFiber",
    "no width": "Fiber\u200b300",
    "a joiner in ASCII": "Fiber\u200d300",
    "a soft hyphen": "Fi\u00adber",
    "a mark of byte order": "\ufeffFiber",
    "a letter that shows nothing": "\u3164",
    "a tag": "Fiber\U000e0041",
    "private use": "Fiber\ue000",
    "half a pair": "Fiber\ud800",
    "no character": "Fiber\uffff",
    "a mark on what stands before": "\u0301Fiber",
    "too much": "x" * (NAME_LENGTH + 1),
}


@pytest.mark.parametrize("text", REAL)
def test_a_name_is_a_text(text):
    assert readable(text) == unicodedata.normalize("NFC", text)


@pytest.mark.parametrize("text", HIDDEN.values(), ids=HIDDEN)
def test_a_name_hides_nothing(text):
    with pytest.raises(ValueError, match="must "):
        readable(text)


def test_two_ways_of_writing_an_umlaut_are_one_name():
    assert readable("Glasfaser fu\u0308r alle") == readable("Glasfaser f\u00fcr alle")


@given(st.text(max_size=NAME_LENGTH))
def test_a_name_stays_the_name_it_is(text):
    try:
        name = readable(text)
    except ValueError:
        return
    assert readable(name) == name == name.strip()
    assert "\n" not in name


@pytest.mark.parametrize("text", ["", "ä-1", "a\n", "<b>", "a/b", "x" * 65])
def test_an_id_is_narrow(text):
    with pytest.raises(ValueError, match=r"m(ust|ay) "):
        identifier(text)


@pytest.fixture
def provider(company) -> Company:
    """A company whose plans and customers are called as real ones are."""
    accounts = {
        id: replace(account, name=REAL[number % len(REAL)])
        for number, (id, account) in enumerate(company.accounts.items())
    }
    plans = {name: Plan(name, 3999 + number) for number, name in enumerate(map(readable, REAL))}
    return replace(company, plans=plans, accounts=accounts)


@pytest.fixture
def chapter(chapter: Chapter, provider: Company) -> Chapter:
    chapter.company = provider
    return chapter


@pytest.mark.parametrize("start", ["coupled", "monolith", "event_driven"])
def test_a_provider_with_such_names_bills_and_mails_right_in_every_design(start, chapter, provider):
    day = purchases(provider)
    design = getattr(chapter, start)(**({"mailing": chapter.mailing()} if start == "coupled" else {}))
    for action in day:
        answer = answer_from(f"{design.url}/actions", "POST", json=body(action))
        assert answer.is_success, answer.text
    design.settle()
    table = bills_of(design, day, provider)
    assert (table.billed_cents == table.expected_cents).all()
    assert outcome(table)["billed"].tolist() == ["$641.04"]
    assert [charge.plan for charge in sorted(design.charges(), key=lambda c: c.id)] == list(provider.plans)
    figure = bills_against_oracle(table, by="plan")
    assert all(name in figure.sentence for name in list(provider.plans)[1:])
    assert "sales" not in figure.sentence


def test_a_picture_moves_with_such_names_and_follows_one_of_them(chapter, provider):
    live = chapter.watch(chapter.coupled(), chapter.event_driven(), day=purchases(provider), a_second=100)
    figure = live.finish()
    assert figure.sentence.startswith(f"{len(REAL)} actions sent.")
    assert figure.sentence.count("customers were billed $641.04 of $641.04") == 2


@pytest.mark.parametrize("name", [readable(text) for text in REAL])
def test_a_letter_says_the_name_in_its_subject_and_goes_to_one_household(name, chapter):
    chapter.mailing().mail("A-0002", name)
    (letter,) = chapter.mailbox.letters
    assert (letter.to, letter.subject) == (
        "quinn.castillo@customers.example",
        f"Still thinking about {name}?",
    )


def test_an_unknown_name_is_shown_as_it_is_and_the_answer_is_json(chapter):
    design: Design = chapter.coupled()
    action = replace(purchases(chapter.company)[0], plan='<script>alert("x")</script>')
    answer = answer_from(f"{design.url}/actions", "POST", json=body(action))
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/json")
    assert "<script>" in answer.json()["detail"]


def test_a_composed_and_a_decomposed_name_buy_the_same_plan(chapter):
    design = chapter.coupled()
    action = replace(purchases(chapter.company)[2], plan="Glasfaser fu\u0308r alle")
    assert answer_from(f"{design.url}/actions", "POST", json=body(action)).is_success
    assert [charge.plan for charge in design.charges()] == ["Glasfaser f\u00fcr alle"]


def test_a_table_of_such_names_is_html_without_their_markup(provider):
    table = pd.DataFrame({"plan": list(provider.plans)})
    assert "<b>Fiber</b>" not in table.to_html()


def purchases(provider: Company) -> tuple[Action, ...]:
    """Each plan is bought once, each by another household."""
    at = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
    return tuple(
        Action(
            f"s-{number:02}",
            "purchase_plan",
            account.account_id,
            Actor("customer", account.customer_id),
            plan,
            at,
        )
        for number, (plan, account) in enumerate(
            zip(provider.plans, provider.accounts.values(), strict=False)
        )
    )


def test_there_is_a_price_list_file_for_it(tmp_path: Path):
    for file in days.DATA.glob("*.csv"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    days.write_rows(tmp_path / "plans.csv", ("name", "list_price_cents"), [(name, 3999) for name in REAL])
    assert list(days.company(tmp_path).plans) == [readable(name) for name in REAL]
