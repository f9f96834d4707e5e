"""Mail without a server: every message becomes an `.eml` file, which mail programs open."""

import asyncio
import os
from pathlib import Path
from secrets import token_hex

from app.mail.mailer import Mail, MailNotSent, check_sender
from app.settings import Settings


class Outbox:
    """Writes messages to a folder; only the user whom the process belongs to may read them."""

    def __init__(self, settings: Settings) -> None:
        self.folder = settings.data / "outbox"
        self._sender = check_sender(settings)

    async def send(self, mail: Mail) -> None:
        """Write the message. Raises MailNotSent."""
        name = f"{mail.written_at:%Y%m%dT%H%M%S%f}-{token_hex(4)}.eml"
        try:
            content = mail.message(self._sender).as_bytes()
            await asyncio.to_thread(self._write, name, content)
        except (OSError, ValueError) as exc:
            raise MailNotSent(f"{self.folder} cannot be written: {exc}") from exc

    def _write(self, name: str, content: bytes) -> None:
        """Whole or not at all, so that whoever watches the folder reads no half message."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        unfinished: Path = self.folder / f".{name}"
        file = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(file, "wb") as opened:
            opened.write(content)
        unfinished.replace(self.folder / name)
