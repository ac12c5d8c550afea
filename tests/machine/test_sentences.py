"""What stops a command of lab.py is said in a sentence with a next step, in one place for all commands."""

# ruff: noqa: F811 (fixtures are asked for by the names under which they are imported)
import errno

import pytest

from classroom.commands import __main__ as commands
from classroom.commands.copies import CopyError
from fiberlab.clients import NoKafkaError
from tests.machine.test_lab_command import (  # noqa: F401  (fixtures)
    assert_one_sentence_and_the_next_step,
    call,
    ready,
    tree,
)

pytestmark = [pytest.mark.embedded, pytest.mark.timeout(180)]

DISK, OTHER = "copy it to where you may write", "lab.py doctor says what is wrong"
STOPPED = {
    "a read-only folder": (OSError(errno.EROFS, "Read-only file system", "/x"), "'/x'.\nNext: ", DISK),
    "another user's folder": (OSError(errno.EACCES, "Permission denied", "/x"), "'/x'.\nNext: ", DISK),
    "a full disk": (OSError(errno.ENOSPC, "No space left on device"), "device.\nNext: ", DISK),
    "too many open files": (OSError(errno.EMFILE, "Too many open files"), "files.\nNext: ", OTHER),
    "a network that is away": (ConnectionRefusedError(111, "Connection refused"), "refused.", OTHER),
    "a wait in vain": (TimeoutError("waited 30 s for the mailbox"), "mailbox.\nNext: start again", OTHER),
    "our own error": (CopyError("There is no chapter '07'.", "name one."), "'07'.\nNext: name one.", ""),
    "our own OSError": (NoKafkaError("no Kafka answered; start one"), "no Kafka answered; start one", ""),
    "an interrupt": (KeyboardInterrupt(), "Stopped; start again whenever you like.", ""),
}


@pytest.fixture
def ends_with(monkeypatch):
    """Lets a command end with this error; it stands for any module that lab.py hands over to."""

    def raise_error(error):
        def run_module(*_, **__):
            raise error

        monkeypatch.setattr(commands.runpy, "run_module", run_module)

    return raise_error


@pytest.mark.parametrize(("error", "sentence", "next_step"), STOPPED.values(), ids=STOPPED)
def test_what_stops_a_command_is_told_as_a_sentence(ends_with, error, sentence, next_step):
    ends_with(error)
    with pytest.raises(SystemExit) as told:
        commands.main("planted")
    assert sentence in told.value.code
    assert next_step in told.value.code


def test_a_bug_keeps_its_traceback(ends_with):
    ends_with(ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        commands.main("planted")


def test_a_status_passes(ends_with):
    ends_with(SystemExit(7))
    with pytest.raises(SystemExit, match="7"):
        commands.main("planted")


@pytest.mark.parametrize("asked", [[], ["reset", "00"], ["trainer"]], ids=["open", "reset", "trainer"])
def test_no_command_ends_with_a_traceback_where_it_cannot_write(ready, asked):
    for folder in ("my-notebooks", "trainer"):
        (ready / folder).write_text("a file where the folder should be")
    assert_one_sentence_and_the_next_step(call(ready, *asked), "Errno", "start again")
