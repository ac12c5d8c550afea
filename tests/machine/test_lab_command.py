"""`python3 lab.py` in real subprocesses, in folders whose names hold a space and a letter beyond ASCII."""

import ast
import importlib.util
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
from contextlib import nullcontext
from pathlib import Path

import nbformat
import psutil
import pytest

import lab
from classroom.commands import verify
from classroom.commands.verify import Lent
from tests.facts import answer_from, eventually, is_gone

pytestmark = pytest.mark.timeout(180)  # processes that start processes
ROOT = Path(lab.__file__).parent
DEAD_INDEX = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_RETRIES": "0", "PIP_CONFIG_FILE": os.devnull}
WITHOUT_ENSUREPIP = (
    "import runpy, sys; sys.modules['ensurepip'] = None; sys.argv = ['lab.py']; "
    "runpy.run_path('lab.py', run_name='__main__')"
)


@pytest.fixture
def tree(tmp_path):
    """A copy of what lab.py needs, before the first start."""
    root = tmp_path / "Hérd Fiber"
    (root / "notebooks").mkdir(parents=True)
    (root / "tests").mkdir()
    for name in ("lab.py", "requirements.txt", "pyproject.toml"):
        shutil.copy(ROOT / name, root)
    for package in ("fiberlab", "classroom"):
        shutil.copytree(ROOT / package, root / package, ignore=shutil.ignore_patterns("__pycache__"))
    (root / "tests/nbval_sanitize.cfg").touch()
    write_notebook(root / "notebooks/00-start-here.ipynb", source="1 + 1", result="2")
    return root


@pytest.fixture
def ready(tree):
    """The copy as an installation leaves it; the packages are those of the Python that runs this test."""
    home = load(tree)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", home.VENV], check=True)
    packages = Path(sysconfig.get_path("purelib", "venv", {"base": str(home.VENV)}))
    borrowed = Path(sysconfig.get_path("purelib"))
    (packages / "borrowed.pth").write_text(str(borrowed), encoding="utf-8")
    for known in borrowed.glob("*.dist-info"):
        (packages / known.name).symlink_to(known)
    for part in ("share/jupyter", "etc/jupyter"):
        shutil.copytree(Path(sys.prefix, part), home.VENV / part, copy_function=os.symlink)
    (home.VENV / "share/jupyter/lab/settings/overrides.json").unlink(missing_ok=True)
    home.make_at_home()
    home.STAMP.write_text(home.stamp(home.REQUIREMENTS.read_bytes(), sys.version_info))
    return tree


def load(root):
    """Return the copy's own lab.py as a module."""
    spec = importlib.util.spec_from_file_location("lab_copy", root / "lab.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def write_notebook(path, source, result):
    output = nbformat.v4.new_output("execute_result", {"text/plain": result}, execution_count=1)
    cell = nbformat.v4.new_code_cell(source, execution_count=1, outputs=[output])
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), path)


def environment():
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    return kept | DEAD_INDEX


def call(root, *arguments, program=("lab.py",), **variables):
    """Run lab.py to its end, with these variables in its environment besides."""
    command, told = [sys.executable, *program, *arguments], environment() | variables
    return subprocess.run(command, cwd=root, env=told, capture_output=True, text=True, timeout=150)


def assert_one_sentence_and_the_next_step(result, sentence, next_step):
    assert result.returncode == 1
    assert sentence in result.stderr
    assert next_step in result.stderr.split("\nNext: ")[1]
    assert "Traceback" not in result.stdout + result.stderr


# --- before anything is installed ---


@pytest.mark.parametrize("version", [(3, 6, 15), (3, 10, 13)])
def test_a_python_that_is_too_old_is_told_so(version):
    assert lab.age_problem(version).startswith(f"This is Python 3.{version[1]}, and the workbook needs 3.11")


@pytest.mark.parametrize("version", [(3, 11, 0), (3, 14, 0), (4, 0, 0)])
def test_a_python_that_is_new_enough_is_not(version):
    assert lab.age_problem(version) == ""


def test_an_old_python_can_read_lab_py_as_far_as_the_sentence_about_its_age():
    body = ast.parse((ROOT / "lab.py").read_text(encoding="utf-8"), feature_version=(3, 6)).body
    check = next(i for i, node in enumerate(body) if isinstance(node, ast.If))
    above = [node for statement in body[:check] for node in ast.walk(statement)]
    hints = [node.annotation for node in above if isinstance(node, ast.arg)]
    assert "age_problem" in ast.unparse(body[check])
    assert hints
    assert all(isinstance(hint, ast.Name) for hint in hints)
    assert not any(isinstance(node, ast.ImportFrom) and node.module == "__future__" for node in above)


def test_a_python_without_ensurepip_is_told_what_to_install(tree):
    result = call(tree, program=("-c", WITHOUT_ENSUREPIP))
    assert_one_sentence_and_the_next_step(
        result, "lacks the module venv or ensurepip", "sudo apt install python3"
    )
    assert not (tree / ".venv").exists()


def test_without_a_network_the_log_and_pypi_are_named(tree):
    result = call(tree)
    assert_one_sentence_and_the_next_step(result, f"{tree / '.venv' / 'install.log'}", "PyPI")
    assert "No matching distribution found" in result.stderr
    assert load(tree).venv_flaw() == "was left unfinished"


def test_a_folder_where_nothing_can_be_made_is_told_as_a_sentence(tree):
    (tree / ".venv").write_text("a file where the folder should be")
    assert_one_sentence_and_the_next_step(call(tree), ".venv", "that you may write to")


WRONG = [
    "tset",
    "--prot 1",
    "--port 0",
    "--port x",
    "run --sav",
    "pack usb --platform atari",
    "pack --python 3",
]


@pytest.mark.parametrize("arguments", WRONG)
def test_what_cannot_be_asked_for_is_a_usage_error(tree, arguments):
    result = call(tree, *arguments.split())
    assert result.returncode == 2
    assert re.search("^lab.py( pack)?: error: ", result.stderr, re.MULTILINE)
    assert not (tree / ".venv").exists()


def test_help_names_every_command(tree):
    assert {"test", "run", "--port", "--no-browser"} <= set(call(tree, "--help").stdout.split())


# --- is the .venv still good? ---


def test_an_installed_tree_is_good_as_it_is(ready):
    assert load(ready).is_installed()
    assert load(ready).venv_flaw() == ""


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (lambda home: home.STAMP.unlink(), "was left unfinished"),
        (lambda home: home.STAMP.write_text("3.9 1f2e"), "belongs to another version of Python"),
        (lambda home: home.PYTHON.unlink(), "has lost its Python"),
    ],
    ids=["unfinished", "other version", "no interpreter"],
)
def test_a_broken_venv_is_made_again_and_one_line_says_why(ready, damage, sentence):
    damage(load(ready))
    result = call(ready, program=("-c", WITHOUT_ENSUREPIP))
    assert result.stdout == f"The folder .venv {sentence}: making it again.\n"
    assert not (ready / ".venv").exists()


def test_changed_requirements_are_installed_into_the_venv_there_is(ready):
    with (ready / "requirements.txt").open("a") as requirements:
        requirements.write("a-package-that-is-not-there==1.0\n")
    result = call(ready)
    assert result.stdout.startswith("Installing the packages into .venv")
    assert_one_sentence_and_the_next_step(result, "could not be installed", "PyPI")


def test_the_stamp_changes_with_the_pins_and_the_minor_version_only():
    stamps = {lab.stamp(pins, version) for pins in (b"a==1", b"a==2") for version in ((3, 12, 1), (3, 13, 0))}
    assert len(stamps) == 4
    assert lab.stamp(b"a==1", (3, 12, 1)) == lab.stamp(b"a==1", (3, 12, 9))


def test_a_second_installation_waits_for_its_turn(ready):
    home = load(ready)
    home.STAMP.unlink()
    with home.REQUIREMENTS.open("rb") as turn:
        home.wait_for_turn(turn)
        waiting = start(ready)
        assert "waiting for it to end" in waiting.stdout.readline()
        waiting.kill()
        waiting.communicate()


def test_the_package_is_found_after_the_folder_has_moved(ready):
    (ready / "fiberlab/__init__.py").touch()
    moved = ready.rename(ready.with_name("Fjärran väg"))
    home = load(moved)
    where = [home.PYTHON, "-c", "import fiberlab; print(ascii(fiberlab.__file__))"]
    found = subprocess.run(where, cwd=moved.parent, capture_output=True, text=True, check=True).stdout
    assert ast.literal_eval(found) == str(moved / "fiberlab/__init__.py")
    assert home.venv_flaw() == ""


# --- the workbook is open ---


def start(root, *arguments, **variables):
    command = [sys.executable, "lab.py", "--no-browser", *arguments]
    told = environment() | variables
    return subprocess.Popen(command, cwd=root, env=told, stdout=subprocess.PIPE, text=True)


def test_the_printed_address_answers_and_ctrl_c_leaves_nothing_running(ready):
    with start(ready) as running:
        assert running.stdout.readline() == "The workbook is open; Ctrl-C stops it.\n"
        address = running.stdout.readline().strip()
        server, token = address.split("/lab/tree/my-notebooks/00-start-here.ipynb")
        assert server.startswith("http://127.0.0.1:")
        assert answer_from(address).status_code == 200
        copy = f"{server}/api/contents/my-notebooks/00-start-here.ipynb{token}"
        assert answer_from(copy).status_code == 200
        assert answer_from(f"{server}/api/kernels{token}", "POST").status_code == 201
        processes = [running, *psutil.Process(running.pid).children(recursive=True)]
        assert len(processes) >= 3
        running.send_signal(signal.SIGINT)
        assert running.stdout.read() == "\nThe workbook is closed; your notebooks stay as you saved them.\n"
    assert running.returncode == 0
    eventually(lambda: all(is_gone(process.pid) for process in processes), "its kernel to end")


def test_a_port_that_is_taken_is_told_as_a_sentence(ready):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = call(ready, "--port", str(port))
    assert_one_sentence_and_the_next_step(result, f"Port {port} cannot be used", "--port")


def test_a_jupyterlab_that_dies_at_once_is_told_as_a_sentence(ready):
    (ready / "jupyterlab.py").write_text("raise SystemExit('no lab today')")
    result = call(ready)
    sentence = "JupyterLab ended before it answered. Its last words: no lab today"
    assert_one_sentence_and_the_next_step(result, sentence, "jupyter.log")


# --- lab.py test, lab.py run ---


def test_every_leg_runs_after_a_failure_and_the_last_line_sums_up(ready):
    bodies = {"test_kept": "pass", "test_kept_too": "assert False", "test_left_out": "pass"}
    planted = "\n\n".join(f"def {name}():\n    {body}\n" for name, body in bodies.items())
    (ready / "tests/test_planted.py").write_text(planted)
    (ready / "tests/browser").mkdir()
    (ready / "tests/browser/test_seen.py").write_text("def test_seen():\n    pass\n")
    result = call(ready, "test", "-k", "kept", "-n", "0", CI="true")
    lines = result.stdout.splitlines()
    assert result.returncode == 1
    assert [line.split()[:6] for line in lines[-6:-1]] == [
        ["ruff", "check", "FAILED", "0", "passed", "1"],  # B011: assert False
        ["ruff", "format", "ok", "1", "passed", "0"],
        ["tests", "FAILED", "1", "passed", "1", "failed"],
        ["notebooks", "ok", "1", "passed", "0", "failed"],
        ["browser", "ok", "1", "passed", "0", "failed"],
    ]
    assert "This was a partial run: of tests/ only what `-k kept` selects." in lines
    assert lines[-1] == "4 passed, 2 failed"


@pytest.mark.parametrize("broker", [[], ["--kafka"]], ids=["embedded", "Apache Kafka"])
@pytest.mark.parametrize(
    ("asked", "tests", "notebooks"),
    [
        ([], "by the cores", "2"),
        (["-n", "0"], "0", "0"),
        (["-n3"], "3", "3"),
        (["--numprocesses=auto"], "auto", "auto"),
    ],
    ids=["by the cores", "one after the other", "three", "auto"],
)
def test_tests_are_spread_one_by_one_and_notebooks_whole(monkeypatch, broker, asked, tests, notebooks):
    calls = pytest_calls(monkeypatch, *broker, *asked)
    if tests == "by the cores":  # of an Apache Kafka's computer it takes its share
        tests = "3" if broker else "4"
    assert [spread(call) for call in calls if "-m" in call] == [(tests, "--dist=loadgroup")]
    assert [spread(call) for call in calls if "notebooks" in call] == [(notebooks, "--dist=loadfile")]


def test_what_else_is_asked_for_goes_to_the_tests_alone_and_is_said(monkeypatch, capsys):
    to_tests, *others = pytest_calls(monkeypatch, "-k", "kept", "-n", "0", "-x")
    assert to_tests[-3:] == ("-k", "kept", "-x")
    assert others
    assert not any({"-k", "kept", "-x"} & set(call) for call in others)
    assert "of tests/ only what `-k kept -x` selects." in capsys.readouterr().out


def pytest_calls(monkeypatch, *options):
    """The arguments that each pytest gets on a computer of two cores."""
    calls = []

    def run(module, *arguments, kafka=None):
        calls.append((module, *arguments))
        return 0

    monkeypatch.setattr(verify, "CORES", 2)
    monkeypatch.setattr(verify, "run", run)
    monkeypatch.setattr(verify, "apache_kafka", lambda: nullcontext(Lent("127.0.0.1:9")))
    verify.main(options)
    return [call for call in calls if call[0] == "pytest"]


def spread(call):
    """Over how many processes, and how."""
    return call[call.index("-n") + 1], next(option for option in call if option.startswith("--dist="))


PASSED, SKIPPED = "<testcase/>", "<testcase><skipped/></testcase>"
FAILED, BROKEN = "<testcase><failure/></testcase>", "<testcase><error/></testcase>"


@pytest.mark.parametrize(
    ("cases", "status", "expected"),
    [
        (PASSED * 3, 0, (3, 0)),
        (PASSED + SKIPPED, 0, (1, 0)),
        (PASSED + FAILED + BROKEN, 1, (1, 2)),
        (PASSED, 3, (1, 1)),
        (SKIPPED, 0, (0, 1)),
        ("", 5, (0, 1)),
    ],
    ids=["green", "a skip", "red", "pytest broke", "nothing executed", "nothing collected"],
)
def test_a_leg_is_green_only_if_something_was_executed_and_nothing_failed(tmp_path, cases, status, expected):
    report = tmp_path / "report.xml"
    report.write_text(f"<testsuites><testsuite>{cases}</testsuite></testsuites>")
    assert verify.counts(report, status) == expected


def test_a_leg_that_left_no_report_has_failed(tmp_path):
    assert verify.counts(tmp_path / "none.xml", 0) == (0, 1)


@pytest.mark.parametrize(("failed", "status"), [(0, 0), (1, 1)])
def test_the_exit_status_says_whether_anything_failed(capsys, failed, status):
    assert (
        verify.sum_up([verify.Leg("ruff check", 1, 0, 0.1), verify.Leg("tests", 40, failed, 9.5)]) == status
    )
    assert capsys.readouterr().out.splitlines()[-1] == f"41 passed, {failed} failed"


def test_run_hands_on_its_option_and_its_exit_status(ready):
    (ready / "classroom/commands/notebooks.py").write_text("import sys; print(sys.argv[1:]); sys.exit(7)")
    result = call(ready, "run", "--save", "05")
    assert (result.stdout, result.returncode) == ("['run', '--save', '05']\n", 7)


# --- what a reader has written and done ---


def test_files_are_named_from_where_the_trainer_stands(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    module, *arguments = lab.target(["progress", "ada.json"])
    assert module == "classroom.commands.room"
    assert arguments == ["--picture", str(tmp_path / "progress.png"), str(tmp_path / "ada.json")]
    assert lab.target(["pack", "usb"])[1] == str(tmp_path / "usb")


@pytest.mark.parametrize(
    ("words", "command"),
    [
        (["reset", "exercise-01-price"], ["classroom.commands.copies", "exercise-01-price"]),
        (["trainer"], ["classroom.commands.notebooks", "trainer"]),
        (["trainer", "01", "02"], ["classroom.commands.notebooks", "trainer", "01", "02"]),
        (["test", "--kafka", "-k", "run"], ["classroom.commands.verify", "--kafka", "-k", "run"]),
        (["kafka", "--cluster", "run"], ["tests.apache_kafka", "--cluster"]),
        (["service", "gateway", "--port", "0"], ["classroom.commands.service", "gateway", "--port", "0"]),
        (["service", "--help"], ["classroom.commands.service", "--help"]),
        (["book", "--into", "site"], ["book", "--into", "site"]),
        (["redrive", "provisioning", "--look"], ["classroom.commands.redrive", "provisioning", "--look"]),
        (
            ["pack", "/usb", "--python", "3.11", "3.12", "--platform", "windows"],
            ["classroom.commands.pack", "/usb", "--platform", "windows", "--python", "3.11", "3.12"],
        ),
        (["--port", "9000"], ["classroom.commands.workbook", "--port", "9000"]),
    ],
)
def test_what_is_asked_for_is_handed_to_its_module(words, command):
    assert lab.target(words) == command


def test_the_copies_are_made_at_the_first_start_and_reset_keeps_what_was_written(ready):
    copy = ready / "my-notebooks/00-start-here.ipynb"
    told = call(ready, "reset", "00")
    assert (told.returncode, told.stdout) == (0, "00-start-here is as it was shipped.\n")
    copy.write_text("half a note", encoding="utf-8")
    assert "What you had is in my-notebooks/kept/00-start-here." in call(ready, "reset", "00").stdout
    (kept,) = (ready / "my-notebooks/kept").iterdir()
    assert kept.read_text(encoding="utf-8") == "half a note"
    assert_one_sentence_and_the_next_step(call(ready, "reset", "07"), "There is no chapter '07'", "name one")
