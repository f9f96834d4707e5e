"""Mail by SMTP: the standard library's client, in a thread; a message a connection is enough."""

import asyncio
import smtplib
import ssl
from email.message import EmailMessage
from typing import Final

from app.mail.mailer import Mail, MailNotSent, check_sender
from app.settings import Settings

PATIENCE: Final = 15.0
"""Seconds that the server may take over each step."""


class SmtpMailer:
    """Hands every message to the server of the settings."""

    def __init__(self, settings: Settings, trusted: ssl.SSLContext | None = None) -> None:
        """`trusted` says whose certificates count; by itself those that the system trusts."""
        self._settings = settings
        self._sender = check_sender(settings)
        self._trusted = trusted or ssl.create_default_context()

    async def send(self, mail: Mail) -> None:
        """Pass the message on. Raises MailNotSent."""
        try:
            await asyncio.to_thread(self._deliver, mail.message(self._sender))
        except (OSError, smtplib.SMTPException, ValueError) as exc:
            raise MailNotSent(_why(exc)) from exc

    def _deliver(self, message: EmailMessage) -> None:
        with self._connected() as server:
            if self._settings.smtp_user:
                password = self._settings.smtp_password.get_secret_value()
                server.login(self._settings.smtp_user, password)
            server.send_message(message)

    def _connected(self) -> smtplib.SMTP:
        settings = self._settings
        host, port = settings.smtp_host, settings.smtp_port
        if settings.smtp_security == "tls":
            return smtplib.SMTP_SSL(host, port, timeout=PATIENCE, context=self._trusted)
        server = smtplib.SMTP(host, port, timeout=PATIENCE)
        if settings.smtp_security == "starttls":
            try:
                # Raises where the server does not offer it: no password goes in the clear.
                server.starttls(context=self._trusted)
            except BaseException:
                server.close()
                raise
        return server


def _why(error: Exception) -> str:
    """What went wrong, without the words of the server, which may repeat what was sent."""
    code = getattr(error, "smtp_code", None)
    return type(error).__name__ if code is None else f"{type(error).__name__} {code}"
