"""Marketing as a diff: what each design had to touch, proven by hashes and by running the copy."""

import hashlib
import json
from pathlib import Path

import pytest

from classroom.change.blast import run_in
from classroom.change.edits import StaleChangeError, copy_of_package
from classroom.change.marketing import marketing_diff, what_marketing_touched, without_marketing
from classroom.source import PACKAGE
from classroom.world.designs import EVENTS, MODULAR, SHARED, UnknownDesignError

pytestmark = pytest.mark.embedded

SERVICE = "eventdriven/marketing.py"
A_MORNING = """
import importlib.util, json, tempfile
from functools import partial
from pathlib import Path
from classroom.broker.connect import connect
from classroom.world import company as days
from classroom.world.designs import EventDriven
from classroom.world.mailbox import Mailbox
from classroom.world.traffic import replay
from fiberlab.mailing import Mailing

folder, mailbox = Path(tempfile.mkdtemp(dir=".")), Mailbox()
with connect() as cluster, Mailing(folder / "m.sqlite", mailbox.server, days.contacts()) as mailing:
    backbone = EventDriven(days.company(), folder, cluster)
    if importlib.util.find_spec("fiberlab.eventdriven.marketing"):
        from fiberlab.eventdriven import marketing
        backbone.add(marketing.GROUP, partial(marketing.handle, mailing=mailing))
    replay(days.shipped_day()[:150], backbone.url)
    backbone.settle()
    charges = sorted((charge.id, charge.amount_cents) for charge in backbone.charges())
    backbone.close()
mailbox.stop()
print(json.dumps([charges, len(mailbox.letters)]))
"""


def hashes(package: Path) -> dict[str, str]:
    """What is in each file, by its path."""
    files = [path for path in package.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    return {
        path.relative_to(package).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files
    }


def morning(package: Path) -> tuple[list[list[object]], int]:
    """The charges of a morning billed by this copy over HTTP and Kafka, and how many letters came in."""
    package.parent.joinpath("morning.py").write_text(A_MORNING)
    charges, letters = json.loads(run_in(package.parent, "morning").splitlines()[-1])
    return charges, letters


def test_marketing_changes_no_file_of_the_event_driven_design_and_works_there(tmp_path):
    copy = copy_of_package(tmp_path)
    without_marketing(EVENTS).apply(copy)
    before = hashes(copy)
    charges, letters = morning(copy)
    assert (len(charges) > 10, letters) == (True, 0)
    (copy / SERVICE).write_bytes((PACKAGE / SERVICE).read_bytes())
    after = hashes(copy)
    assert after.pop(SERVICE)
    assert after == before
    charges_with_marketing, letters = morning(copy)
    assert charges_with_marketing == charges
    assert letters > 50


def test_what_had_to_be_touched_is_named():
    touched = what_marketing_touched().set_index("design")
    assert touched.loc[EVENTS, "new_files"] == [SERVICE]
    assert touched.loc[EVENTS, "changed_files"] == []
    assert touched.loc[EVENTS, "touched"] == 0
    assert touched.loc[SHARED, "new_files"] == ["coupled/marketing.py"]
    assert touched.loc[SHARED, "changed_files"] == ["coupled/backend.py"]
    assert 0 < touched.loc[SHARED, "touched"] < touched.loc[SHARED, "suite"]


def test_the_backend_without_marketing_has_no_word_of_it_and_the_diff_has_all(tmp_path):
    copy = copy_of_package(tmp_path)
    without_marketing(SHARED).apply(copy)
    assert "mail" not in (copy / "coupled/backend.py").read_text()
    lines = marketing_diff(SHARED).text.splitlines()
    assert [line[1:].split()[0] for line in lines if line.startswith("+") and line[1:2] != "+"] == [
        "from",
        "from",
        "def",
        "if",
        "marketing.mail(action,",
    ]
    assert marketing_diff(EVENTS).text == ""


def test_a_dependency_planted_in_the_gateway_is_found(tmp_path):
    """If the gateway knew of marketing, the copy without marketing could not run its tests."""
    copy = copy_of_package(tmp_path)
    gateway = copy / "eventdriven/gateway.py"
    gateway.write_text(gateway.read_text() + "\nfrom fiberlab.eventdriven import marketing\n")
    with pytest.raises(RuntimeError, match="marketing"):
        what_marketing_touched(copy)


def test_a_backend_that_was_rewritten_makes_the_change_fail_loudly(tmp_path):
    copy = copy_of_package(tmp_path)
    (copy / "coupled/backend.py").write_text("# rewritten\n")
    with pytest.raises(StaleChangeError, match="coupled/backend"):
        without_marketing(SHARED).apply(copy)


def test_the_monolith_has_no_marketing_and_says_so():
    with pytest.raises(UnknownDesignError, match="choose one of shared module, event-driven"):
        without_marketing(MODULAR)
