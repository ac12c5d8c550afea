"""The mailbox: a real mail server on this machine, started and stopped like any worker."""

import smtplib
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from classroom.world.mailbox import Mailbox
from fiberlab.mailing import MailServerDownError, letter
from tests.facts import seconds

pytestmark = pytest.mark.embedded

TO = "ada@customers.example"


@pytest.fixture
def mailbox():
    mailbox = Mailbox()
    yield mailbox
    mailbox.stop()


def test_it_listens_on_this_machine_only_and_keeps_what_it_gets_in_order(mailbox):
    assert mailbox.server.host == "127.0.0.1"
    for plan in ("Fiber 300", "Fiber 500"):
        mailbox.server.send(letter(TO, plan))
    assert [received.subject for received in mailbox.letters] == [
        "Still thinking about Fiber 300?",
        "Still thinking about Fiber 500?",
    ]


def test_any_client_can_talk_to_it(mailbox):
    with smtplib.SMTP("127.0.0.1", mailbox.server.port, "localhost") as smtp:
        assert smtp.noop()[0] == 250
        smtp.sendmail("a@b.example", [TO, "ben@customers.example"], "Subject: hello\r\n\r\nbody")
    assert [tuple(received) for received in mailbox.letters] == [
        (TO, "hello"),
        ("ben@customers.example", "hello"),
    ]


def test_a_full_one_takes_no_letter_until_there_is_room_again(mailbox):
    mailbox.full = True
    with pytest.raises(MailServerDownError, match="452"):
        mailbox.server.send(letter(TO, "Fiber 300"))
    mailbox.full = False
    mailbox.server.send(letter(TO, "Fiber 300"))
    assert len(mailbox.letters) == 1


def test_letters_of_several_clients_at_once_all_arrive(mailbox):
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: mailbox.server.send(letter(TO, f"plan {number}")), range(40)))
    assert len({received.subject for received in mailbox.letters}) == 40


def test_a_slow_mailbox_lets_the_sender_wait(mailbox):
    mailbox.delay_s = 0.2
    assert seconds(lambda: mailbox.server.send(letter(TO, "Fiber 300"))) >= 0.2


def test_stopped_it_refuses_and_started_again_it_has_its_old_address_and_letters(mailbox):
    mailbox.server.send(letter(TO, "Fiber 300"))
    for _ in range(2):
        mailbox.stop()
    assert mailbox.status == "stopped"
    with pytest.raises(MailServerDownError):
        mailbox.server.send(letter(TO, "Fiber 500"))
    for _ in range(2):
        mailbox.start()
    mailbox.server.send(letter(TO, "Fiber 500"))
    assert (mailbox.status, len(mailbox.letters)) == ("running", 2)


def test_two_mailboxes_do_not_share_an_address_or_a_letter(mailbox):
    other = Mailbox("other")
    other.server.send(letter(TO, "Fiber 300"))
    other.stop()
    assert (len(mailbox.letters), len(other.letters)) == (0, 1)


def test_a_stop_while_a_letter_is_being_taken_leaves_no_thread(mailbox):
    mailbox.delay_s = 0.3
    with ThreadPoolExecutor(1) as pool:
        pool.submit(mailbox.server.send, letter(TO, "Fiber 300"))
        mailbox.stop()
    assert not [thread for thread in threading.enumerate() if thread.name == "mailbox"]


def test_a_stranger_that_knocks_leaves_no_line_in_the_cell(mailbox, caplog):
    with socket.create_connection(("127.0.0.1", mailbox.server.port), 10) as stranger:
        stranger.sendall(b"GET / HTTP/1.1\r\n\r\nQUIT\r\n")
        with stranger.makefile("rb") as answers:
            assert b"500" in answers.read()
    assert caplog.messages == []
