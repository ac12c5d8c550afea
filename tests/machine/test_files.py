"""What a feature takes is a real diff; each design pays for a new actor in another place."""

import runpy

import pytest

from classroom.change.edits import Change, Edit, StaleChangeError, add_actor, remove_installer
from classroom.change.files import FEATURES, files_to_change
from classroom.world.designs import DESIGNS, EVENTS, MODULAR, SHARED, UnknownDesignError

pytestmark = pytest.mark.embedded

RULE, ACTOR = FEATURES


@pytest.fixture(scope="module")
def files():
    return files_to_change(DESIGNS)


def of(files, design, feature):
    rows = files[(files.design == design) & (files.feature == feature)]
    return set(zip(rows.file, rows.how, strict=True))


@pytest.mark.parametrize(
    ("design", "file"),
    [
        (SHARED, "coupled/billing.py"),
        (MODULAR, "monolith/installer_billing.py"),
        (EVENTS, "eventdriven/installer_billing.py"),
    ],
)
def test_another_discount_is_one_line_of_one_file_in_every_design(files, design, file):
    assert of(files, design, RULE) == {(file, "changed")}
    assert (files[files.feature == RULE][["added", "removed"]] == 1).all(axis=None)


def test_a_new_kind_of_actor_changes_the_domain_in_every_design(files):
    domain = files[(files.feature == ACTOR) & (files.file == "domain.py")]
    assert domain.design.tolist() == list(DESIGNS)
    assert set(domain.how) == {"changed"}


def test_beside_the_domain_only_the_event_driven_design_changes_no_existing_file(files):
    domain = {("domain.py", "changed")}
    assert of(files, SHARED, ACTOR) - domain == {("coupled/billing.py", "changed")}
    assert of(files, MODULAR, ACTOR) - domain == {
        ("monolith/billing.py", "changed"),
        ("monolith/reseller_billing.py", "new"),
    }
    assert of(files, EVENTS, ACTOR) - domain == {("eventdriven/reseller_billing.py", "new")}


def test_a_file_that_the_source_no_longer_needs_is_no_longer_counted(package):
    Change(
        (Edit("domain.py", "        elif action.actor.id != ", "        elif False and action.id != "),)
    ).apply(package)
    found = files_to_change([EVENTS], package).set_index(["feature", "file"])
    assert found.added[ACTOR, "domain.py"] == 1


def test_the_new_actor_acts_on_any_account_and_a_customer_only_on_her_own(package, company):
    for actor in ("reseller", "landlord"):
        add_actor(MODULAR, actor, package).apply(package)
    domain = runpy.run_path(str(package / "domain.py"))
    there = domain["Company"](company.plans, company.accounts, company.installers)
    act = ("a-1", "purchase_plan", "A-0001")
    for actor in ("reseller", "landlord"):
        there.check(domain["Action"](*act, domain["Actor"](actor, "X-1"), "Fiber 300", None))
    with pytest.raises(domain["NotAllowedError"], match="'X-1' does not hold account 'A-0001'"):
        there.check(domain["Action"](*act, domain["Actor"]("customer", "X-1"), "Fiber 300", None))


@pytest.mark.parametrize("design", DESIGNS)
def test_without_installers_their_rule_is_gone(design, package):
    remove_installer(design).apply(package)
    folder = {SHARED: "coupled", MODULAR: "monolith", EVENTS: "eventdriven"}[design]
    billing = {file.name: file.read_text(encoding="utf-8") for file in (package / folder).glob("*billing.py")}
    assert "installer_billing.py" not in billing
    assert not [
        name for name, text in billing.items() if "installer" in text.lower().replace("installers'", "")
    ]


def test_a_new_actor_where_the_source_has_moved_on_is_stale(package):
    Change((Edit("coupled/billing.py", "DISCOUNT_PERCENT = 20", "DISCOUNT_PERCENT = 21"),)).apply(package)
    with pytest.raises(StaleChangeError, match=r"coupled/billing.py holds 'INSTALLER_DISCOUNT_PERCENT = 20"):
        add_actor(SHARED, "reseller", package).apply(package)


def test_a_new_actor_needs_a_design_that_exists(package):
    with pytest.raises(UnknownDesignError, match="'queue'"):
        add_actor("queue", "reseller", package)
