"""Which way mail goes."""

from app.mail.mailer import Mailer
from app.mail.outbox import Outbox
from app.mail.smtp import SmtpMailer
from app.settings import Settings


def mailer_of(settings: Settings) -> Mailer:
    """By SMTP where a host is set, else into the outbox. Raises NotConfigured."""
    return SmtpMailer(settings) if settings.smtp_host else Outbox(settings)
