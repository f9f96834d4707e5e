"""Mails: what they hold, the outbox, and a server that speaks SMTP."""

import asyncio
import stat
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from app.mail import templates
from app.mail.choice import mailer_of
from app.mail.mailer import Mail, MailNotSent, in_one_line, send_or_log
from app.mail.outbox import Outbox
from app.mail.smtp import SmtpMailer
from app.settings import NotConfigured, Settings

HELLO = Mail("ada@example.com", "Größe", "Zeile 1 — ünï\n.\nEnde\n")


def settings_with(**given: Any) -> Settings:
    return Settings(_env_file=None).model_copy(update=given)


def read(content: bytes) -> EmailMessage:
    return message_from_bytes(content, policy=policy.default)


class TestMessage:
    def test_holds_what_was_said(self) -> None:
        message = read(HELLO.message("Backlot <films@example.org>").as_bytes())
        assert (message["To"], message["Subject"]) == (HELLO.to, HELLO.subject)
        assert message["From"] == "Backlot <films@example.org>"
        assert message["Auto-Submitted"] == "auto-generated"
        assert message["Message-ID"].endswith("@example.org>")
        assert message.get_content() == HELLO.text

    @given(st.text())
    def test_any_subject_stays_in_its_line(self, subject: str) -> None:
        message = read(Mail("a@example.com", subject, "x").message("b@example.com").as_bytes())
        assert {*message.keys()} >= {"From", "To", "Subject", "Date"}
        assert "Bcc" not in message
        assert message.get_content() == "x\n"

    @given(st.text(), st.integers(1, 80))
    def test_in_one_line(self, text: str, longest: int) -> None:
        shown = in_one_line(text, longest)
        assert len(shown) <= longest
        assert shown.isprintable()

    def test_a_name_brings_no_lines_of_its_own(self) -> None:
        name = "Eve\r\nBcc: all@example.com\n\nPay here: http://evil.example"
        mail = templates.invitation(
            "a@example.com", name, name, "editor", "T0KEN", "http://x/", timedelta(days=7)
        )
        message = read(mail.message("b@example.com").as_bytes())
        assert message["Bcc"] is None
        assert "\nPay here" not in message.get_content()
        assert "http://x/invitation#token=T0KEN" in message.get_content()
        assert "7 days" in message.get_content()


class TestOutbox:
    async def test_writes_files_that_only_the_owner_reads(self, tmp_path: Path) -> None:
        mailer = mailer_of(settings_with(data=tmp_path))
        await asyncio.gather(*(mailer.send(HELLO) for _ in range(3)))
        files = [*(tmp_path / "outbox").iterdir()]
        assert [each.suffix for each in files] == [".eml"] * 3
        assert {stat.S_IMODE(each.stat().st_mode) for each in files} == {0o600}
        assert {read(each.read_bytes())["Subject"] for each in files} == {HELLO.subject}

    async def test_a_folder_that_cannot_be_written_is_logged_without_contents(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        (tmp_path / "outbox").write_text("in the way")
        mailer = Outbox(settings_with(data=tmp_path))
        with pytest.raises(MailNotSent):
            await mailer.send(HELLO)
        await send_or_log(mailer, HELLO)
        assert "was not sent" in caplog.text
        assert "Zeile" not in caplog.text

    @pytest.mark.parametrize("sender", ["nobody", "", "a@example.com\nBcc: b@example.com"])
    def test_a_sender_that_is_none_is_named(self, sender: str) -> None:
        with pytest.raises(NotConfigured, match="BACKLOT_MAIL_FROM"):
            mailer_of(settings_with(mail_from=sender))


@dataclass
class Server:
    """Speaks as much SMTP as the client asks for."""

    port: int = 0
    offers: tuple[str, ...] = ("AUTH PLAIN",)
    refuses: str = ""
    heard: list[str] = field(default_factory=list)
    messages: list[bytes] = field(default_factory=list)

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        def say(line: str) -> None:
            writer.write(f"{line}\r\n".encode())

        say("220 here")
        while line := (await reader.readline()).decode().strip():
            self.heard.append(line)
            verb = line.split(" ")[0].upper()
            if verb == self.refuses:
                say("550 not from you, T0KEN")
            elif verb == "EHLO":
                say("250-here")
                for each in self.offers:
                    say(f"250-{each}")
                say("250 8BITMIME")
            elif verb == "AUTH":
                say("235 welcome")
            elif verb == "DATA":
                say("354 go on")
                self.messages.append((await reader.readuntil(b"\r\n.\r\n"))[:-3])
                say("250 taken")
            elif verb == "QUIT":
                say("221 bye")
                break
            else:
                say("250 fine")
        await writer.drain()
        writer.close()
        await writer.wait_closed()


@asynccontextmanager
async def running(server: Server) -> AsyncIterator[Callable[..., SmtpMailer]]:
    listening = await asyncio.start_server(server.talk, "127.0.0.1", 0)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield lambda **given: SmtpMailer(
            settings_with(smtp_host="127.0.0.1", smtp_port=server.port, **given)
        )
    finally:
        listening.close()
        await listening.wait_closed()


class TestSmtp:
    async def test_hands_the_message_over(self) -> None:
        server = Server()
        async with running(server) as mailer:
            given = {"smtp_user": "films", "smtp_password": SecretStr("pass")}
            await mailer(smtp_security="none", **given).send(HELLO)
        [content] = server.messages
        message = read(content.replace(b"\r\n..", b"\r\n."))
        assert message["To"] == HELLO.to
        assert message.get_content().replace("\r\n", "\n") == HELLO.text
        assert any(line.startswith("AUTH PLAIN") for line in server.heard)

    async def test_no_word_in_the_clear_where_tls_is_asked_for(self) -> None:
        server = Server()
        async with running(server) as mailer:
            given = {"smtp_user": "films", "smtp_password": SecretStr("pass")}
            with pytest.raises(MailNotSent, match="SMTPNotSupportedError"):
                await mailer(**given).send(HELLO)
        assert server.messages == []
        assert not any(line.startswith("AUTH") for line in server.heard)

    async def test_a_refusal_is_told_without_the_servers_words(self) -> None:
        async with running(Server(refuses="MAIL")) as mailer:
            with pytest.raises(MailNotSent, match="550") as refused:
                await mailer(smtp_security="none").send(HELLO)
        assert "T0KEN" not in str(refused.value)

    async def test_nobody_there(self) -> None:
        server = Server()
        async with running(server) as mailer:
            gone = mailer(smtp_security="none")
        with pytest.raises(MailNotSent, match="ConnectionRefusedError"):
            await gone.send(HELLO)

    def test_is_chosen_by_its_host(self) -> None:
        assert isinstance(mailer_of(settings_with(smtp_host="mail.example.com")), SmtpMailer)
