"""Marketing asks for consent at the moment of the letter, and its letters stay on this machine."""

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from classroom.world.mailbox import Mailbox, Received
from fiberlab.mailing import Contact, ForeignServerError, Mailing, MailServer, MailServerDownError
from tests.facts import interrupt

pytestmark = pytest.mark.embedded

ADA = Contact("A-1", "ada@customers.example", consent=True)
BEN = Contact("A-2", "ben@customers.example", consent=False)


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    mailbox = Mailbox()
    yield mailbox
    mailbox.stop()


@pytest.fixture
def mailing(mailbox: Mailbox, tmp_path: Path) -> Iterator[Mailing]:
    with Mailing(tmp_path / "marketing.sqlite", mailbox.server, [ADA, BEN]) as mailing:
        yield mailing


def test_a_household_that_agreed_is_mailed_about_the_plan(mailing, mailbox):
    assert mailing.mail("A-1", "Fiber 300") is True
    assert mailbox.letters == [Received("ada@customers.example", "Still thinking about Fiber 300?")]


@pytest.mark.parametrize("account_id", ["A-2", "A-unknown"])
def test_a_household_that_did_not_agree_or_is_unknown_is_not_mailed(mailing, mailbox, account_id):
    assert mailing.mail(account_id, "Fiber 300") is False
    assert mailbox.letters == []


def test_withdrawn_consent_ends_the_mail_at_once_and_only_for_that_household(mailing, mailbox, tmp_path):
    with Mailing(tmp_path / "other.sqlite", mailbox.server, [ADA]) as other:
        mailing.withdraw("A-1")
        assert (mailing.mail("A-1", "Fiber 300"), other.mail("A-1", "Fiber 300")) == (False, True)
    assert len(mailbox.letters) == 1


def test_the_memory_is_of_source_and_id_together_and_outlives_the_process(mailing, mailbox, tmp_path):
    mailing.remember("/gateway", "a-1")
    mailing.remember("/gateway", "a-1")
    mailing.close()
    with Mailing(tmp_path / "marketing.sqlite", mailbox.server) as again:
        assert again.remembers("/gateway", "a-1")
        assert not again.remembers("/gateway", "a-2")
        assert not again.remembers("/elsewhere", "a-1")


def test_a_server_that_is_down_is_named_and_takes_letters_when_it_is_back(mailing, mailbox):
    mailbox.stop()
    with pytest.raises(MailServerDownError, match=f"127.0.0.1:{mailbox.server.port} took no letter"):
        mailing.mail("A-1", "Fiber 300")
    mailbox.start()
    assert mailing.mail("A-1", "Fiber 500")
    assert [letter.subject for letter in mailbox.letters] == ["Still thinking about Fiber 500?"]


def test_an_interrupt_is_an_interrupt_and_not_a_server_that_is_down(mailing, mailbox):
    mailbox.delay_s = 0.2
    threading.Timer(0.1, interrupt).start()
    with pytest.raises(KeyboardInterrupt):
        mailing.mail("A-1", "Fiber 300")
    mailbox.delay_s = 0
    assert mailing.mail("A-1", "Fiber 500")


@pytest.mark.parametrize("host", ["mail.example", "192.0.2.1", "10.0.0.7", "0.0.0.0", "::", "localhost", ""])
def test_a_server_that_may_be_elsewhere_is_refused_before_anything_is_sent(host):
    with pytest.raises(ForeignServerError, match=f"{host!r} is not on this machine"):
        MailServer(host, 25)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1"])
def test_every_loopback_address_is_this_machine(host):
    assert MailServer(host, 25).host == host


def test_a_plan_cannot_smuggle_a_header_into_a_letter(mailing, mailbox):
    with pytest.raises(ValueError, match="may not contain linefeed"):
        mailing.mail("A-1", "Fiber\nBcc: everybody@customers.example")
    assert mailbox.letters == []


def test_closing_twice_is_fine_and_a_closed_file_is_closed(mailing):
    mailing.close()
    mailing.close()
    with pytest.raises(sqlite3.ProgrammingError):
        mailing.remembers("/gateway", "a-1")
