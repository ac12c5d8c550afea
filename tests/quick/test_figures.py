"""Every figure says its data in a sentence, and has colours that can be read and told apart."""

import inspect
import re
from itertools import combinations

import pandas as pd
import pytest
from matplotlib.colors import to_hex, to_rgb

from classroom.commands import room
from classroom.figures import bills, changes, costs, crashes, houses, scale, topics
from classroom.figures import look as figure
from classroom.figures import times as time_figures
from classroom.live.view import LiveView
from classroom.readiness import figures
from classroom.readiness.measurements import shipped
from classroom.readiness.model import HERD_FIBER, curves, what_moves_it
from tests.quick.figure_rows import (
    CHANGES,
    EACH,
    PARTS,
    a_bill,
    a_day,
    changed_files,
    events,
    groups,
    herd,
    late,
    prices,
    radius,
    reached,
    shares,
    three,
    times,
    waited,
)

pytestmark = pytest.mark.embedded

MODULES = (bills, changes, costs, crashes, figures, houses, room, scale, time_figures, topics)


def makers():
    for module in MODULES:
        for name, made in inspect.getmembers(module, inspect.isfunction):
            if made.__module__ == module.__name__ and is_maker(name, made):
                yield name


def is_maker(name: str, made: object) -> bool:
    return not name.startswith("_") and inspect.signature(made).return_annotation is figure.Figure


def test_every_public_maker_has_its_change():
    assert sorted(makers()) == sorted(CHANGES)


@pytest.mark.parametrize(("name", "number"), EACH)
class TestEveryFigure:
    def test_says_something_else_when_one_number_changes(self, name, number):
        make = CHANGES[name][number]
        assert make(False).sentence != make(True).sentence

    def test_is_one_plain_sentence(self, name, number):
        said = str(CHANGES[name][number](False))
        assert said[0] == said[0].upper()
        assert said.endswith(".")
        assert "\n" not in said


def test_nothing_is_drawn_before_a_picture_is_looked_at(monkeypatch):
    def begin(*_, **__):
        raise AssertionError("a picture is begun")

    monkeypatch.setattr(figure.Picture, "__init__", begin)
    composed = [make(False) for makes in CHANGES.values() for make in makes]
    assert all(figure.sentence for figure in composed)
    with pytest.raises(AssertionError, match="begun"):
        _ = composed[0].png


@pytest.mark.parametrize(
    ("first", "said"),
    [
        ({}, "1 of 3 bills is wrong"),
        ({"billed": 1}, "2 of 3 bills are wrong"),
    ],
)
def test_wrong_bills_are_counted_in_good_grammar(first, said):
    assert said in bills.bills_against_oracle(a_day(**first)).sentence


def test_one_bill_none_wrong_and_all_wrong_have_their_own_words():
    def said(*rows):
        return bills.bills_against_oracle(pd.DataFrame(rows)).sentence

    assert said(a_bill()) == "Customers were billed $40.00 of $40.00; the only bill is right."
    assert said(a_bill(billed=1)) == "Customers were billed $0.01 of $40.00; the only bill is wrong."
    assert said(a_bill(), a_bill(1)) == "Customers were billed $80.00 of $80.00; all 2 bills are right."
    assert said(a_bill(billed=0), a_bill(1, billed=0)).endswith("all 2 bills are wrong.")


def test_plans_stand_in_the_order_of_their_price():
    said = bills.bills_against_oracle(a_day(), by="plan").sentence
    assert said.index("Fiber 300 was billed") < said.index("Fiber 1 Gig $") < said.index("Fiber 5 Gig $")


def test_money_billed_too_little_and_too_much_is_told_apart_and_is_not_mathematics():
    said = bills.money_lost(a_day(billed=4320)).sentence
    assert "1 account was billed $15.00 too little and 1 account was billed $3.20 too much" in said
    assert "the first wrong bill went to A-1; A-3 is furthest off, by -$15.00" in said


def test_a_day_without_a_wrong_bill_lost_nothing():
    said = bills.money_lost(a_day()[:2]).sentence
    assert said == "All 2 bills are right, and no money was lost."


def test_every_cell_with_a_bill_is_named():
    assert bills.right_or_wrong(a_day(billed=1)).sentence == (
        "The only customers' purchase_plan bill is wrong, the only customers' change_plan bill is wrong "
        "and the only installers' purchase_plan bill is right."
    )


def test_a_topic_with_no_event_yet_is_a_picture_too():
    said = topics.topic_lanes(events(0), {"billing": {0: 0}}).sentence
    assert said == "The topic holds no event yet; group billing has read 0 of 0, 0 behind."


def test_events_and_read_positions_are_counted():
    one = topics.topic_lanes(events(1), {}).sentence
    five = topics.topic_lanes(events(5), {"billing": {0: 2, 1: 1}, "mail": {}}).sentence
    assert one == "The topic holds 1 event (1 by customers), 1 in partition 0."
    assert five == (
        "The topic holds 5 events (5 by customers), 3 in partition 0 and 2 in partition 1; "
        "group billing has read 3 of 5, 2 behind; group mail has read 0 of 5, 5 behind."
    )


def test_a_topic_that_nobody_writes_or_reads_is_a_picture_too():
    said = topics.listener_graph({}, groups()[:0]).sentence
    assert said == "Nobody has written to the topic; no group has read from it."


def test_a_group_without_a_member_is_told_apart_from_one_that_is_there():
    assert topics.listener_graph({"/gateway": 1}, groups(0, 7)).sentence == (
        "/gateway wrote 1 event; 2 groups have read from the topic: "
        "billing (1 member, 0 behind) and mail (nobody there, 7 behind)."
    )


def test_an_answer_three_times_slower_says_the_same():
    assert (
        time_figures.answer_times({"coupled": [0.004, 0.006, 0.009]}).sentence
        == time_figures.answer_times({"coupled": [0.012, 0.018, 0.027]}).sentence
        == "Coupled: half of 3 answers came in under 100 ms."
    )


def test_times_have_words_for_one_and_for_very_long():
    said = time_figures.answer_times({"coupled": [200]}).sentence
    assert said == "Coupled: the only answer came after more than 100 seconds."


@pytest.mark.parametrize(
    ("bills_s", "said"),
    [
        ([0.005, 0.005], "Of 2 bills none was written after"),
        ([0.005, 0.02], "Of 2 bills some were written after"),
        ([0.02, 0.02, 0.005], "Of 3 bills some were written after"),
        ([0.02], "The only bill was written after"),
        ([0.005], "The only bill was not written after"),
    ],
)
def test_bills_after_the_answer_come_in_classes(bills_s, said):
    assert time_figures.answer_and_bill(times(*bills_s)).sentence.startswith(said)


def test_a_size_that_changes_with_every_edit_is_said_by_who_has_the_most():
    assert costs.price_list(*prices()).sentence == (
        "Shared module and event-driven: moving parts 2 and 6; sales lost 10 and 0; "
        "most lines of code in the event-driven design."
    )


def test_designs_with_one_outcome_share_a_clause():
    three = pd.concat([waited().assign(design=design) for design in "ab"] + [waited(0.3, False, False)])
    assert time_figures.who_waited(three).sentence == (
        "While billing is down, 1 of 1 sales accepted and billed in the end, "
        "the median answer in under 200 ms (a and b), 0 of 1 sales accepted and billed in the end, "
        "the median answer after more than 200 ms "
        "(gateway); of 3 other actions 3 were accepted."
    )


def test_bills_that_nobody_meant_to_move_are_told_apart():
    meant = "Shared module: the customers' rule moved 2 of 3 customers' bills by $5.00, and "
    none, one = (costs.blast_radius_matrix(radius(others=n)).sentence for n in (0, 1))
    assert none == f"{meant}none of 3 bills of others moved."
    assert one == (
        f"{meant}though nobody meant it, the installers' rule moved 1 of 3 customers' bills by $1.00."
    )


def test_the_tests_of_several_rules_are_their_mean_and_a_count_that_stays_is_said_once():
    tests = reached()["shared module"].assign(released=5)
    tests.loc[1, "actors"] = 1
    assert costs.tests_against_actors({"modular monolith": tests}).sentence == (
        "Modular monolith: with 1 to 3 kinds of actors a change touches 5.5 and 9, and releases always 5, "
        "of 7.5 and 15 tests."
    )


def test_files_are_counted_by_what_becomes_of_them():
    files = pd.concat([changed_files(), changed_files("new", 14), changed_files("changed", 2)])
    assert costs.files_changed(files).sentence == (
        "Shared module, resellers sell: 2 files changed and 1 file new, 17 lines added and 0 removed."
    )


def test_moving_parts_are_counted():
    assert houses.house([("app", "backend")], PARTS[:2]).sentence == (
        "The coupled design has 1 moving part: backend; "
        "the event-driven design has 2 moving parts: gateway and Kafka."
    )


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ({}, "events cost no more from 4 kinds of actors on."),
        ({"broker_month_cents": 10**9}, "events cost more for any number of them."),
        (
            {"actors_later": 2},
            "Herd Fiber: with 2 kinds of actors the shared module costs $2,401.12 a month, ",
        ),
        ({"actors_now": 60, "actors_later": 1}, "with 60 kinds of actors"),
    ],
)
def test_cost_curves_say_where_events_begin_to_pay(found, said):
    assert said in figures.cost_curves(curves(herd(**found), shipped())).sentence


@pytest.mark.parametrize(
    ("make", "missing"),
    [
        (
            lambda: figures.tornado(
                what_moves_it(
                    herd(**{name: 0 for name in vars(HERD_FIBER) if name.endswith(("_cents", "_hours"))}),
                    shipped(),
                )
            ),
            "nothing to draw",
        ),
        (lambda: bills.bills_against_oracle(pd.DataFrame()), "actor"),
        (lambda: three(a_day(), a_day()[:0]), "nothing to draw"),
        (lambda: bills.right_or_wrong(a_day()[3:]), "none of 1 action is a bill"),
        (lambda: bills.money_lost(a_day().drop(columns="at")), "'at'"),
        (lambda: bills.wrong_by_share(shares()[:0]), "nothing to draw"),
        (
            lambda: topics.topic_lanes(pd.DataFrame({"offset": []}), {}),
            "'partition', 'actor', 'label'",
        ),
        (lambda: topics.lag_by_moment(pd.DataFrame()), "nothing to draw"),
        (lambda: time_figures.answer_times({}), "there is no design"),
        (lambda: time_figures.answer_times({"coupled": []}), "'coupled' needs seconds above 0"),
        (lambda: time_figures.answer_and_bill(times()), "nothing to draw"),
        (lambda: room.room(pd.DataFrame()), "'learner'"),
        (lambda: time_figures.who_waited(waited().drop(columns="billed")), "'billed'"),
        (lambda: costs.price_list(prices()[0][:0]), "nothing to draw"),
        (lambda: costs.price_list(prices()[0], prices()[1].iloc[:, :1]), "name the same"),
        (lambda: time_figures.who_waited(waited()[1:]), "no sale while billing is 'down'"),
        (lambda: costs.blast_radius_matrix({}), "there is no design"),
        (lambda: costs.blast_radius_matrix({"a": pd.DataFrame()}), "'moved_bills'"),
        (lambda: costs.tests_against_actors({"a": pd.DataFrame()}), "'touched'"),
        (lambda: costs.files_changed(changed_files()[:0]), "nothing to draw"),
        (lambda: houses.house([], PARTS), "the coupled design has no moving part"),
        (lambda: houses.house([("app", "backend"), ("wheel", "w")], PARTS), "'wheel'"),
    ],
)
def test_missing_data_is_named(make, missing):
    with pytest.raises(ValueError, match=missing):
        make()


def as_it_is(color):
    return to_rgb(color)


def on_a_dark_page(color):
    """The colour after the filters of ON_DARK, as Filter Effects Module Level 1 defines them."""
    amount = float(re.search(r"invert\((.*)%\) hue-rotate\(180deg\)", figure.ON_DARK)[1]) / 100
    inverted = [part + amount - 2 * amount * part for part in to_rgb(color)]
    turned = [[-0.574, 1.43, 0.144], [0.426, 0.43, 0.144], [0.426, 1.43, -0.856]]
    mixed = [sum(share * part for share, part in zip(row, inverted, strict=True)) for row in turned]
    return tuple(min(1, max(0, part)) for part in mixed)


def contrast(one, other):
    """The contrast ratio of two colours (WCAG 2.2, 1.4.3)."""

    def light(color):
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(color)]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] + 0.05

    high, low = sorted((light(one), light(other)), reverse=True)
    return high / low


@pytest.mark.parametrize("seen", [as_it_is, on_a_dark_page])
def test_all_text_can_be_read(seen):
    on_paper = [
        (color, figure.PAPER) for color in (figure.INK, figure.MUTED, figure.RIGHT_TEXT, figure.WRONG_TEXT)
    ]
    on_pale = [(figure.INK, pale) for pale in (figure.RIGHT_PALE, figure.WRONG_PALE, figure.DUE)]
    on_actor = [(figure.INK, look.pale) for look in (*figure.ACTOR_LOOKS.values(), figure.UNKNOWN_LOOK)]
    pairs = [(seen(ink), seen(paper)) for ink, paper in on_paper + on_pale + on_actor]
    assert min(contrast(*pair) for pair in pairs) >= 4.5
    assert figure.SMALL >= 9


def test_the_paper_becomes_the_dark_page_s_in_every_view():
    assert to_hex(on_a_dark_page(figure.PAPER)) == "#111111"
    assert figure.ON_DARK in str(LiveView._css)


def test_a_sentence_is_html_as_it_is_and_no_mathematics(monkeypatch):
    shown = []
    monkeypatch.setattr(figure, "display", lambda bundle, **how: shown.append(bundle))
    figure.Figure("A & B: $1.00 <b> $2.00.", lambda: figure.canvas("A", 1)[0])._ipython_display_()
    picture, said = shown
    assert picture["text/plain"] == said["text/plain"] == "A & B: $1.00 <b> $2.00."
    assert "A &amp; B: <span>$</span>1.00 &lt;b&gt; <span>$</span>2.00." in said["text/html"]


@pytest.mark.parametrize(
    "looks",
    [
        tuple(figure.ACTOR_LOOKS.values()),
        figure.GROUP_LOOKS,
        time_figures.DESIGN_LOOKS,
        tuple(costs.DESIGN_LOOKS.values()),
        tuple(look for look, _ in figures.LOOKS.values()),
    ],
)
def test_looks_differ_in_colour_and_in_mark(looks):
    for one, other in combinations(looks, 2):
        distance = (
            sum((a - b) ** 2 for a, b in zip(to_rgb(one.color), to_rgb(other.color), strict=True)) ** 0.5
        )
        assert distance > 0.25
        assert one.marker != other.marker


def test_a_bill_that_is_not_made_yet_is_told_as_that_and_neither_as_right_nor_as_wrong():
    waits = "1 bill waits for installer-billing (8 events behind)"
    (told,) = [part for part in three(a_day(), late()).sentence.split("; event-driven: ") if waits in part]
    assert "and 1 of 2 bills is wrong, 1 is not made yet" in told
    for told in (bills.bills_against_oracle(late()).sentence, bills.right_or_wrong(late()).sentence):
        assert told.endswith(f"; {waits}.")
    nothing = late()[lambda day: day.actor == "installer"]
    assert "none of the bills is made yet" in bills.bills_against_oracle(nothing).sentence
    assert "no money was lost" in bills.money_lost(late()[lambda day: day.wrong_cents == 0]).sentence
