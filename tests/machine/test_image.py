"""The image of docker-compose.yml's services: what its Dockerfile copies and installs is what they need.

There is no Docker here: the file is read, and what it says is done in a folder.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from importlib.metadata import packages_distributions, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from classroom.world.company import company

ROOT = Path(__file__).parents[2]
FILE = ROOT / "classroom/commands/service.Dockerfile"
# Every step of the file: its instruction, and the rest of its line.
STEPS = re.findall(r"^([A-Z]+) (.+)$", FILE.read_text(encoding="utf-8").replace("\\\n", " "), re.MULTILINE)
LOADED = "import sys, classroom.commands.service; print(*{name.split('.')[0] for name in sys.modules})"


def said(instruction: str) -> list[str]:
    return [rest for name, rest in STEPS if name == instruction]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder /app of the image, without packages."""
    app = tmp_path_factory.mktemp("app")
    for source, target in map(str.split, said("COPY")):
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, app / target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / source, app / target)
    return app


def run(app: Path, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """What this Python says that finds our packages in the folder alone."""
    asked = [sys.executable, *command]
    return subprocess.run(
        asked, cwd=app, env=os.environ | variables, capture_output=True, text=True, timeout=60, check=False
    )


def test_what_is_copied_is_enough_for_a_service(app: Path):
    entry, *asked = eval(said("ENTRYPOINT")[0])
    assert entry == "python"
    told = run(app, *asked, "customer-billing", KAFKA_BOOTSTRAP_SERVERS="127.0.0.1:9")
    assert (told.returncode, told.stderr) == (1, "")
    assert "no Kafka answered at '127.0.0.1:9'" in told.stdout
    asked = "-c", "from classroom.world import company; print(*company.company().plans.values(), sep='\\n')"
    assert run(app, *asked).stdout.splitlines() == [str(plan) for plan in company().plans.values()]


def test_whatever_is_copied_is_let_into_the_image():
    ignored = FILE.with_name(f"{FILE.name}.dockerignore").read_text(encoding="utf-8").splitlines()
    assert ignored[1] == "*"
    let_in = {line[1:] for line in ignored if line.startswith("!")}
    assert let_in == {line.split()[0] for line in said("COPY")}


def test_what_is_installed_is_enough_and_nothing_in_vain(app: Path):
    words = shlex.split(next(rest for rest in said("RUN") if rest.startswith("pip install")))
    asked = [Requirement(word) for word in words[words.index("requirements.txt") + 1 :]]
    modules = run(app, "-c", LOADED).stdout.split()
    by_module = packages_distributions()
    needed = {normal(name) for module in modules for name in by_module.get(module, ())} - {"setuptools"}
    installed = {name for one in asked for name in with_what_it_needs(one)}
    assert needed <= installed
    assert {normal(one.name) for one in asked} <= needed


def with_what_it_needs(asked: Requirement, known: frozenset[str] = frozenset()) -> frozenset[str]:
    """The names of a package and of all that pip installs with it."""
    name = normal(asked.name)
    if name in known:
        return known
    known |= {name}
    for text in requires(asked.name) or ():
        needed = Requirement(text)
        if not needed.marker or any(needed.marker.evaluate({"extra": e}) for e in (*asked.extras, "")):
            known = with_what_it_needs(needed, known)
    return known


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_it_runs_pinned_and_not_as_root():
    assert re.fullmatch(r"python:3\.\d+\.\d+-slim-\w+", said("FROM")[0])
    assert said("USER") == ["service"]
    assert "--constraint requirements.txt" in said("RUN")[0]
