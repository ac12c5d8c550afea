"""E-mail marketing's own things: whom it may mail, what it has dealt with, and how a letter leaves.

It knows SQLite and SMTP, and neither design. An event says which household it was, never a mail address:
addresses and consent are kept here alone. Letters go to a server on this machine and never out of it.
"""

import smtplib
from collections.abc import Iterable
from contextlib import closing, suppress
from dataclasses import dataclass
from email.message import EmailMessage
from ipaddress import ip_address
from pathlib import Path

from fiberlab.database import Stored

SENDER = "Herd Fiber <marketing@herdfiber.example>"
ANSWER_WITHIN_S = 10


@dataclass(frozen=True)
class Contact:
    """A household's mail address, and whether it has agreed to be mailed."""

    account_id: str
    email: str
    consent: bool


class ForeignServerError(ValueError):
    """A mail server that is not on this machine: the workbook must not mail anybody."""


class MailServerDownError(RuntimeError):
    """The mail server took no letter; nothing was mailed."""


@dataclass(frozen=True)
class MailServer:
    """Where letters are handed in: SMTP at a loopback address. Raises ForeignServerError for any other."""

    host: str
    port: int

    def __post_init__(self) -> None:
        if not _is_loopback(self.host):
            raise ForeignServerError(
                f"mail server {self.host!r} is not on this machine; use the address of a Mailbox, 127.0.0.1"
            )

    def send(self, letter: EmailMessage) -> None:
        """Return once the server has taken the letter; raise MailServerDownError if it has not."""
        try:
            with closing(smtplib.SMTP(self.host, self.port, "localhost", ANSWER_WITHIN_S)) as smtp:
                smtp.send_message(letter)
                with suppress(smtplib.SMTPServerDisconnected):
                    smtp.quit()  # not after an interrupt: its answer would be taken for the letter's
        except OSError as error:  # smtplib's own errors are OSErrors, too
            raise MailServerDownError(
                f"the mail server at {self.host}:{self.port} took no letter ({error}); start it and try again"
            ) from error


def letter(to: str, plan: str) -> EmailMessage:
    """The letter to a household about a plan that was browsed."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = SENDER, to, f"Still thinking about {plan}?"
    message.set_content(f"{plan} was looked at from your account. We can connect you this week.\n")
    return message


_TABLES = """
CREATE TABLE IF NOT EXISTS contacts (
    account_id TEXT PRIMARY KEY, email TEXT NOT NULL, consent INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS remembered (source TEXT, id TEXT, PRIMARY KEY (source, id));
"""


class Mailing(Stored):
    """Marketing's file: contacts with their consent, and a memory. Safe to use from several threads.

    Everything raises DatabaseDownError while the file cannot be used.
    """

    def __init__(self, path: Path, server: MailServer, contacts: Iterable[Contact] = ()) -> None:
        super().__init__(path, _TABLES)
        self._server = server
        for contact in contacts:
            row = contact.account_id, contact.email, contact.consent
            self._database.change("INSERT OR REPLACE INTO contacts VALUES (?, ?, ?)", *row)

    def mail(self, account_id: str, plan: str) -> bool:
        """Whether the household was mailed about the plan: False if it does not consent at this moment.

        Raises MailServerDownError.
        """
        select = "SELECT email FROM contacts WHERE account_id = ? AND consent"
        agreed = self._database.rows(select, account_id)
        for (email,) in agreed:
            self._server.send(letter(email, plan))
        return bool(agreed)

    def withdraw(self, account_id: str) -> None:
        """Return once the household's consent is withdrawn: from now on it gets no mail."""
        self._database.change("UPDATE contacts SET consent = 0 WHERE account_id = ?", account_id)

    def remembers(self, source: str, id: str) -> bool:
        """Whether the event with this source and id was dealt with before (the idempotent receiver)."""
        return bool(self._database.rows("SELECT 1 FROM remembered WHERE source = ? AND id = ?", source, id))

    def remember(self, source: str, id: str) -> None:
        """Return once it is written down that this event was dealt with."""
        self._database.change("INSERT OR IGNORE INTO remembered VALUES (?, ?)", source, id)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:  # a name: whoever answers for names decides where it leads
        return False
