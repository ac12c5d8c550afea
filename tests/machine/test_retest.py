"""Tests to run again are counted on a suite that really runs, and a planted dependency makes them more."""

import pytest

from classroom.change.blast import CopyFailedError
from classroom.change.edits import (
    DISCOUNTS,
    Change,
    Edit,
    add_actor,
    change_rule,
    changed_lines,
    copy_of_package,
)
from classroom.change.retest import (
    NotFollowedError,
    deployables,
    read_suite,
    released,
    run_suite,
    touched,
    what_to_test_again,
)
from classroom.world.designs import DESIGNS, EVENTS, MODULAR, SHARED
from tests.machine.conftest import CUSTOMER

pytestmark = pytest.mark.embedded

SIX, TWO = list(DISCOUNTS), list(DISCOUNTS)[:2]
INSTALLER = "eventdriven/installer_billing.py"


@pytest.fixture(scope="module", params=DESIGNS)
def six(request, tmp_path_factory):
    """The suite of six actors, run on a copy that has grown to them."""
    package = copy_of_package(tmp_path_factory.mktemp("six"))
    for actor in SIX[2:]:
        add_actor(request.param, actor, package).apply(package)
    return suite_of(request.param, SIX, package)


def suite_of(design, actors, package):
    run_suite(design, actors, package)
    return read_suite(design, package)


def reached(suite, change, folder):
    """How many tests this change touches, and how many belong to what is released with it."""
    after = copy_of_package(folder, suite.package)
    change.apply(after)
    lines = changed_lines(suite.package, after)
    return len(touched(suite, lines)), len(released(suite, lines))


def test_six_actors_work_in_every_design(six):
    each = 6 if six.design == EVENTS else 5
    assert len(six.tests) == 6 * each
    for actor in SIX:
        assert sum(test.startswith(f"test_{actor}.") for test in six.tests) == each


def test_a_changed_rule_among_six_reaches_all_one_or_one_services_tests(six, tmp_path):
    found = reached(six, change_rule(six.design, "partner"), tmp_path)
    assert found == {SHARED: (30, 30), MODULAR: (3, 30), EVENTS: (6, 6)}[six.design]


def test_the_table_has_a_row_per_number_of_actors_and_rule():
    table = what_to_test_again(MODULAR, 2)
    assert table.columns.tolist() == ["actors", "rule", "suite", "touched", "released"]
    assert table.values.tolist() == [
        [1, "customer", 5, 3, 5],
        [2, "customer", 10, 3, 10],
        [2, "installer", 10, 3, 10],
    ]


def test_a_constant_that_another_service_reads_is_no_change_whose_reach_is_told(planted, tmp_path_factory):
    suite = suite_of(EVENTS, TWO, planted)
    with pytest.raises(NotFollowedError, match=r"'DISCOUNT_PERCENT', which customer_billing\.py reads"):
        reached(suite, change_rule(EVENTS, "installer"), tmp_path_factory.mktemp("read"))
    assert reached(suite, change_rule(EVENTS, "customer"), tmp_path_factory.mktemp("own")) == (6, 6)


def test_a_service_that_is_only_imported_is_released_with_its_importer_but_touches_no_test_of_it(
    package, tmp_path_factory
):
    unused = "from fiberlab.eventdriven import installer_billing\nfrom fiberlab.eventdriven.events"
    Change((Edit(CUSTOMER, "from fiberlab.eventdriven.events", unused),)).apply(package)
    suite = suite_of(EVENTS, TWO, package)
    assert reached(suite, change_rule(EVENTS, "installer"), tmp_path_factory.mktemp("after")) == (6, 12)


def test_a_helper_that_services_share_touches_the_tests_of_both(package, tmp_path_factory):
    helper = "from fiberlab.domain import discounted_cents\n\n\ndef less(cents, percent):\n    return {}\n"
    old, new = "discounted_cents(cents, percent)", "discounted_cents(cents, percent + 1)"
    events = "from fiberlab.eventdriven.events"
    use = f"from fiberlab.eventdriven.pricing import less\n{events}"
    edits = (
        Edit(CUSTOMER, events, use),
        Edit(INSTALLER, events, use),
        Edit(CUSTOMER, "event.plan.list_price_cents)", "less(event.plan.list_price_cents, 0))"),
        Edit(INSTALLER, "discounted_cents(event.", "less(event."),
    )
    Change(edits, {"eventdriven/pricing.py": helper.format(old)}).apply(package)
    suite = suite_of(EVENTS, TWO, package)
    shared = Change((Edit("eventdriven/pricing.py", old, new),))
    assert reached(suite, shared, tmp_path_factory.mktemp("shared")) == (6, 12)
    assert reached(suite, change_rule(EVENTS, "installer"), tmp_path_factory.mktemp("own")) == (6, 6)


def test_apps_and_services_are_released_apart_and_one_app_as_a_whole(six):
    parts = deployables(six)
    services = {f"eventdriven/{actor}_billing.py" for actor in SIX}
    folder = {SHARED: "coupled", MODULAR: "monolith"}.get(six.design)
    apart = services | {f"eventdriven/{name}.py" for name in ("gateway", "marketing", "provisioning")}
    assert parts.keys() == ({f"{folder}/backend.py"} if folder else apart)
    assert all(entry in files and "domain.py" in files for entry, files in parts.items())


BROKEN = {
    "shared module: another discount": (SHARED, "coupled/billing.py", "PERCENT = 20", "PERCENT = 19"),
    "shared module: cancelling costs": (
        SHARED, "coupled/billing.py", "if action.name not in SALES", "if action.name == 'browse_plan'",
    ),
    "modular monolith: a customer's discount": (
        MODULAR, "monolith/customer_billing.py", "return plan.list_price_cents", "return 1",
    ),
    "modular monolith: browsing costs": (
        MODULAR, "monolith/billing.py", "if action.name not in SALES", "if action.name == 'cancel_plan'",
    ),
    "event-driven: rounded up": (EVENTS, "domain.py", "(100 - percent) // 100", "(100 - percent) // 100 + 1"),
    "event-driven: another's events": (EVENTS, INSTALLER, 'event.actor.kind == "installer" and ', ""),
}  # fmt: skip


@pytest.mark.parametrize("broken", BROKEN)
def test_the_suite_fails_in_a_copy_whose_rule_is_broken(broken, package):
    design, file, old, new = BROKEN[broken]
    Change((Edit(file, old, new),)).apply(package)
    with pytest.raises(CopyFailedError, match=r"pytest .* ended with 1; it said:(.|\n)*\d failed"):
        run_suite(design, TWO, package)


ANOTHER_PROJECT = {
    "pytest.ini": "[pytest]\naddopts = --no-such-option\n",
    "conftest.py": "raise RuntimeError('another project')",
    "suite.py": "raise RuntimeError('another project')",
    ".coveragerc": "[run]\nomit = *\n",
}
ITS_SETTINGS = {
    "PYTEST_ADDOPTS": "-n 2",
    "PYTEST_PLUGINS": "no_such_plugin",
    "PYTHONSAFEPATH": "1",
    "PYTHONWARNINGS": "error",
    "PYTHONOPTIMIZE": "1",
    "PYTHONINSPECT": "1",
    "COVERAGE_FILE": "elsewhere",
    "COVERAGE_RCFILE": "elsewhere",
    "COVERAGE_CORE": "none of these",
}


def test_a_suite_counts_the_same_below_another_project_and_under_its_settings(tmp_path, monkeypatch):
    for name, text in ANOTHER_PROJECT.items():
        (tmp_path / name).write_text(text)
    for name, value in ITS_SETTINGS.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "copy").mkdir()
    suite = suite_of(SHARED, TWO, copy_of_package(tmp_path / "copy"))
    assert (len(suite.tests), set(suite.ran) >= {"coupled/billing.py"}) == (10, True)
