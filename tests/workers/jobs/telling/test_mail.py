"""News by mail: gathered, and only where somebody reads it."""

import asyncio
from datetime import timedelta
from email import message_from_bytes
from email.message import Message as Mail
from pathlib import Path

import pytest

from app.production.tasks import start_pipeline
from documents.store import Store
from documents.telling import Notification
from documents.values import now
from tests.workers.conftest import Working, until
from tests.workers.jobs.telling.studio import (
    BROKEN,
    Studio,
    end,
    end_next,
    notifications,
    settled,
    told,
)


def mails(folder: Path) -> list[Mail]:
    return [message_from_bytes(each.read_bytes()) for each in sorted(folder.glob("*.eml"))]


class TestMail:
    @pytest.fixture
    def data(self, tmp_path: Path) -> Path:
        return tmp_path

    async def test_many_failures_are_one_mail(
        self, studio: Studio, teller: None, delivering: Working, data: Path
    ) -> None:
        pipeline = studio.pipeline()
        await start_pipeline(pipeline, [studio.task(pipeline) for _ in range(50)], None)
        for _ in range(50):
            await end_next(BROKEN)
        await until(told("task.failed", 50))
        await until(told("pipeline.failed"))
        async with delivering(data=data):
            await asyncio.sleep(0.5)
            assert mails(data / "outbox") == []
            await _let_mail_be_due()
            await until(_all_mailed)
        [mail] = mails(data / "outbox")
        assert mail["To"] == studio.owner.email
        assert mail["Subject"] == "51 pieces of news from Backlot, 51 of them failures"
        assert "and 31 more" in mail.get_payload()

    async def test_what_was_read_is_not_mailed(
        self, studio: Studio, teller: None, delivering: Working, data: Path
    ) -> None:
        await end(studio.task())
        await until(told("task.completed"))
        read = {"is_read": True, "mail_due_at": None}
        await Notification.collection().update_many({}, {"$set": read})
        async with delivering(data=data):
            await settled()
            await _let_mail_be_due()
            await until(_all_mailed)
        assert [mail["To"] for mail in mails(data / "outbox")] != [studio.owner.email]
        [news] = await notifications(studio)
        assert news.mailed_at is None

    async def test_unconfirmed_address_gets_none(self, store: Store, teller: None) -> None:
        studio = await Studio.made(email_verified_at=None)
        await end(studio.task())
        await until(told("task.completed"))
        [news] = await notifications(studio)
        assert news.mail_due_at is None

    async def test_mail_that_nobody_takes_is_tried_later(
        self, studio: Studio, teller: None, delivering: Working, data: Path
    ) -> None:
        await end(studio.task())
        await until(told("task.completed"))
        (data / "outbox").write_text("not a folder")
        async with delivering(data=data):
            await _let_mail_be_due()
            await until(_mail_is_later)
            (data / "outbox").unlink()
            await _let_mail_be_due()
            await until(_all_mailed)
        assert len(mails(data / "outbox")) == 1


async def _let_mail_be_due() -> None:
    waiting = {"mail_due_at": {"$ne": None}}
    await Notification.collection().update_many(waiting, {"$set": {"mail_due_at": now()}})


async def _all_mailed() -> bool:
    return not await Notification.collection().count_documents({"mail_due_at": {"$ne": None}})


async def _mail_is_later() -> bool:
    later = {"mail_due_at": {"$gt": now() + timedelta(minutes=5)}}
    return bool(await Notification.collection().count_documents(later))
