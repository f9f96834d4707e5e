"""Sending mail: what a message is, and who takes it."""

import logging
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid, parseaddr
from typing import Final, Protocol

from app.settings import NotConfigured, Settings
from documents.values import now

logger = logging.getLogger(__name__)
LONGEST_SUBJECT: Final = 150


class MailNotSent(Exception):
    """Nobody took the message."""


@dataclass(frozen=True, slots=True)
class Mail:
    """A message in plain text to one address."""

    to: str
    subject: str
    text: str
    written_at: datetime = field(default_factory=now)

    def message(self, sender: str) -> EmailMessage:
        """As it travels (RFC 5322); marked as automatic (RFC 3834), so that no robot answers."""
        message = EmailMessage()
        message["From"], message["To"] = sender, self.to
        message["Subject"] = in_one_line(self.subject, LONGEST_SUBJECT)
        message["Date"] = format_datetime(self.written_at)
        message["Message-ID"] = make_msgid(domain=_domain_of(sender))
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(self.text)
        return message


class Mailer(Protocol):
    """Takes messages to where they are read."""

    async def send(self, mail: Mail) -> None:
        """Pass the message on. Raises MailNotSent."""


async def send_or_log(mailer: Mailer, mail: Mail) -> None:
    """Send; a message that cannot be sent leaves a line in the log, without its contents."""
    try:
        await mailer.send(mail)
    except MailNotSent as exc:
        logger.warning("mail %r was not sent: %s", mail.subject, exc)


def in_one_line(text: str, longest: int) -> str:
    """What somebody wrote, fit for a header or a sentence: one line, and cut to a length."""
    words = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return words if len(words) <= longest else f"{words[: longest - 1]}…"


def check_sender(settings: Settings) -> str:
    """The address that messages come from. Raises NotConfigured where it is none."""
    sender = settings.mail_from
    if not sender.isprintable() or "@" not in parseaddr(sender)[1]:
        raise NotConfigured(
            "BACKLOT_MAIL_FROM is no address: write it like `Backlot <backlot@example.com>`."
        )
    return sender


def _domain_of(sender: str) -> str:
    return parseaddr(sender)[1].rpartition("@")[2]
