"""Are you ready: what must hold for every organization, whatever its numbers and the measured ones are."""

from dataclasses import fields, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classroom.readiness import measurements as made
from classroom.readiness.decision import ORDER, answer, verdict
from classroom.readiness.measurements import Measurements, shipped, sources
from classroom.readiness.model import (
    EXAMPLES,
    HARBOR_PARCELS,
    HERD_FIBER,
    INPUTS,
    MOST_ACTORS,
    WILLOW_DENTAL,
    Organization,
    OrganizationError,
    break_even,
    cost_table,
    is_straight,
    monthly_costs,
    parts,
    runs_per_change,
    saving_cents,
    what_moves_it,
)
from classroom.world.designs import DESIGNS, EVENTS, MODULAR, SHARED

pytestmark = pytest.mark.embedded

MEASURED = shipped()
few = settings(max_examples=40, deadline=None)
cents = st.integers(0, 10_000_000)
rates = st.floats(0, 500, allow_nan=False)
actors = st.integers(1, MOST_ACTORS)


def organizations(**given: st.SearchStrategy) -> st.SearchStrategy[Organization]:
    numbers = {
        entry.name: actors if entry.name.startswith("actors")
        else st.integers(1, 240) if entry.name == "horizon_months"
        else cents if entry.is_whole else rates
        for entry in INPUTS
    }  # fmt: skip
    questions = {"bill_in_answer": st.booleans(), "rules_have_owners": st.booleans()}
    return st.builds(Organization, name=st.just("Any"), **(numbers | questions | given))


@st.composite
def any_measured(draw: st.DrawFn) -> Measurements:
    """Other values than ours, as another machine or a changed source might give; tests only ever grow."""
    values = {f"{design}/{made.OTHERS_BILLS}": draw(st.floats(0, 1)) for design in DESIGNS}
    for design in DESIGNS:
        tests = sorted(draw(st.lists(st.integers(1, 500), min_size=6, max_size=6)))
        values |= {made.tests_name(design, n): count for n, count in enumerate(tests, 1)}
        values |= {f"{design}/{name}": draw(st.floats(0, 1)) for name in (made.WAIT, made.FAIL)}
        more = draw(st.integers(0, 5))
        values |= {f"{design}/{made.PARTS_MORE}": more, f"{design}/{made.PARTS}": more + draw(actors)}
    return MEASURED.changed(values)


def rank(of: Organization, measured: Measurements = MEASURED) -> int:
    return ORDER.index(answer(of, measured))


@few
@given(organizations(), any_measured(), actors, st.sampled_from(DESIGNS))
def test_costs_are_whole_cents_and_never_fall_with_another_actor(of, measured, n, design):
    one, more = (monthly_costs(design, number, of, measured) for number in (n, n + 1))
    assert all(type(getattr(one, part.name)) is int for part in fields(one))
    assert all(0 <= getattr(one, part.name) <= getattr(more, part.name) for part in fields(one))
    assert one.total_cents == sum(vars(one).values())


@few
@given(organizations(), any_measured(), actors, actors)
def test_more_actors_never_argue_against_events(of, measured, now, later):
    more = replace(of, actors_now=max(now, of.actors_now), actors_later=max(later, of.actors_later))
    assert rank(more, measured) >= rank(of, measured)


@few
@given(organizations(), any_measured(), st.sampled_from(["broker_month_cents", "learning_cents"]), cents)
def test_a_dearer_broker_or_more_learning_never_argues_for_events(of, measured, name, more_cents):
    dearer = replace(of, **{name: getattr(of, name) + more_cents})
    assert rank(dearer, measured) <= rank(of, measured)
    assert (break_even(dearer, measured) or MOST_ACTORS + 1) >= (break_even(of, measured) or MOST_ACTORS + 1)


@few
@given(organizations(actors_now=st.just(1)), any_measured())
def test_one_actor_is_never_ready(of, measured):
    assert answer(of, measured) != "yes"


@few
@given(organizations(), any_measured())
def test_who_needs_the_bill_in_the_answer_or_has_no_owners_is_never_ready(of, measured):
    assert answer(replace(of, bill_in_answer=True), measured) != "yes"
    assert answer(replace(of, rules_have_owners=False), measured) != "yes"


@few
@given(organizations(), any_measured())
def test_from_the_break_even_on_events_never_cost_more_and_just_before_they_do(of, measured):
    found = break_even(of, measured)
    savings = {n: saving_cents(n, of, measured) for n in range(2, MOST_ACTORS + 1)}
    assert all(savings[n] >= 0 for n in range(found or MOST_ACTORS + 1, MOST_ACTORS + 1))
    assert found == 2 or savings[(found or MOST_ACTORS + 1) - 1] < 0
    assert found == break_even(replace(of, actors_now=3, actors_later=1), measured)


@few
@given(organizations(actors_now=st.integers(2, MOST_ACTORS), part_month_cents=st.just(0)))
def test_a_broker_that_costs_nothing_pays_from_two_actors_on(of):
    free = replace(of, broker_month_cents=0, learning_cents=0, bill_in_answer=False, rules_have_owners=True)
    assert break_even(free, MEASURED) == 2
    assert answer(replace(free, actors_later=free.actors_now), MEASURED) == "yes"


@few
@given(organizations())
def test_who_changes_nothing_and_never_waits_has_nothing_to_gain(of):
    still = replace(of, changes_a_month=0, slow_hours=0, down_hours=0, broker_month_cents=1)
    assert break_even(still, MEASURED) is None
    assert verdict(still, MEASURED).reasons[0].startswith("Events cost more with any number")
    assert answer(still, MEASURED) == "no"


@few
@given(organizations())
def test_a_verdict_has_its_reasons_and_says_what_would_change_it(of):
    found = verdict(of, MEASURED)
    assert found.answer == answer(of, MEASURED)
    assert found.reasons
    assert found.would_change


def test_the_formula_in_numbers_that_can_be_checked_by_hand():
    monolith, events = (monthly_costs(design, 5, HERD_FIBER, MEASURED) for design in (MODULAR, EVENTS))
    assert monolith.testing_cents == 3 * 5 * 5 * 60_00  # changes, actors, five times one actor's tests
    assert events.testing_cents == 3 * 5 * 6 * 60_00 // 5  # six tests instead of five
    assert monolith.waiting_cents == (3 + 1) * 300_00
    assert (events.waiting_cents, events.wrong_bills_cents, monolith.wrong_bills_cents) == (0, 0, 0)
    shared = monthly_costs(SHARED, 5, HERD_FIBER, MEASURED)
    assert shared.wrong_bills_cents == round(3 * 5 * 4 * 0.0669 * 100 * 8_00)
    assert events.running_cents == (5 + 3 * 2) * 80_00 + 900_00
    assert events.learning_cents == 24_000_00 // 24
    assert saving_cents(5, HERD_FIBER, MEASURED) == monolith.total_cents - events.total_cents
    assert cost_table(5, HERD_FIBER, MEASURED).loc[EVENTS, "total_cents"] == events.total_cents


@pytest.mark.parametrize("design", DESIGNS)
def test_beyond_what_was_counted_the_tests_go_on_along_a_straight_line(design):
    assert is_straight(design, MEASURED)
    growth = {
        runs_per_change(design, n + 1, MEASURED) - runs_per_change(design, n, MEASURED) for n in range(1, 20)
    }
    assert len({round(step, 9) for step in growth}) == 1
    assert parts(design, 3, MEASURED) == MEASURED[f"{design}/{made.PARTS}"] + MEASURED[
        f"{design}/{made.PARTS_MORE}"
    ]  # fmt: skip


def test_counts_that_are_not_straight_are_told():
    assert not is_straight(EVENTS, MEASURED.changed({made.tests_name(EVENTS, 4): 9}))


@pytest.mark.parametrize(
    ("of", "said"), [(HARBOR_PARCELS, "yes"), (HERD_FIBER, "not yet"), (WILLOW_DENTAL, "no")]
)
def test_the_worked_organizations_go_one_way_each(of, said):
    assert answer(of, MEASURED) == said
    assert repr(verdict(of, MEASURED)).startswith(f"{said.capitalize()}.\n- Events cost")


def test_who_shrinks_below_the_break_even_is_told_no():
    shrinking = replace(HARBOR_PARCELS, actors_later=2)
    assert answer(shrinking, MEASURED) == "no"


def test_what_would_change_it_changes_it():
    said = verdict(HERD_FIBER, MEASURED).would_change
    assert "Ask again when the actor comes with whom there are 4 kinds of them." in said
    assert any(
        line.startswith("Twice as much of any of these would make it yes: hours a month") for line in said
    )
    assert answer(replace(HERD_FIBER, slow_hours=6), MEASURED) == "yes"
    assert answer(replace(HERD_FIBER, actors_now=4), MEASURED) == "yes"


def test_the_tornado_has_the_widest_bar_first_and_leaves_out_what_moves_nothing():
    table = what_moves_it(HERD_FIBER, MEASURED).table
    widths = (table.twice_cents - table.half_cents).abs()
    assert list(widths) == sorted(widths, reverse=True)
    assert not table.input.str.contains("wrong").any()  # the monolith has no wrong bill either
    doubled = replace(HERD_FIBER, changes_a_month=6)
    first = table.set_index("input").loc["changes of each actor's rule a month"]
    assert first.twice_cents == saving_cents(5, doubled, MEASURED)
    assert first.twice_break_even == break_even(doubled, MEASURED)


def test_every_coefficient_that_the_costs_use_is_among_the_sources():
    asked = set()

    class Watched(dict):
        def __getitem__(self, name):
            asked.add(name.split("/")[1])
            return super().__getitem__(name)

    for of in EXAMPLES:
        verdict(replace(of, bill_in_answer=True), Measurements(Watched(MEASURED.by_name)))
    told = sources(MEASURED)
    assert {name.split(",")[0] for name in told.index} == asked
    assert set(told["whose run"]) == {"shipped"}
    yours = sources(MEASURED.changed({f"{EVENTS}/{made.BILL}": 3}))
    assert yours.loc[made.BILL, "whose run"] == "partly yours"


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("name", " ", "give it a name"),
        ("actors_now", 0, r"actors_now cannot be 0; give a whole number from 1 to 100"),
        ("actors_later", 101, "from 1 to 100"),
        ("actors_now", 2.5, "a whole number"),
        ("actors_now", True, "a whole number"),
        (
            "changes_a_month",
            -1,
            r"changes_a_month cannot be -1; give a number of 0 or more \(changes of each",
        ),
        ("slow_hours", float("nan"), "slow_hours cannot be nan"),
        ("down_hours", float("inf"), "down_hours cannot be inf"),
        ("broker_month_cents", "900", "broker_month_cents cannot be '900'"),
        ("test_run_cents", 60.5, "test_run_cents cannot be 60.5; give a whole number"),
        ("horizon_months", 0, "of 1 or more"),
        ("bill_in_answer", "no", "bill_in_answer cannot be 'no'; give True or False"),
        ("rules_have_owners", 1, "give True or False"),
    ],
)
def test_what_no_organization_can_have_is_refused_by_name(name, value, said):
    with pytest.raises(OrganizationError, match=said):
        replace(HERD_FIBER, **{name: value})
