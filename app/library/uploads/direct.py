"""Uploads that go straight to the store: their links, what has arrived, and taking it in."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from pymongo.asynchronous.client_session import AsyncClientSession

from app.core.actor import Actor
from app.core.storage import (
    Link,
    ObjectMissing,
    SentPart,
    StorageError,
    StorageUnreachable,
    sha256_in_base64,
)
from app.library.errors import ContentDiffers, ContentRefused, UploadIncomplete, UploadOver
from app.library.types import HEAD_BYTES
from app.library.uploads.house import House, Who
from app.library.uploads.kinds import check_task
from app.library.uploads.plans import Plan
from app.library.uploads.settling import check_content, end, recognised, rely_on, settle
from app.production import tasks
from documents.library import Media
from documents.uploads import Upload, UploadFailure
from documents.values import now

LINK_LIFETIME: Final = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class SendLink:
    """A link, and what of the file is sent by it."""

    link: Link
    number: int | None
    """The part; None for the whole file."""
    size: int
    expires_at: datetime


def check_open(upload: Upload, way: str) -> None:
    """Raise UploadOver unless the upload is open, and goes this way."""
    if upload.state != "open" or upload.expires_at <= now():
        raise UploadOver(f"The upload is not open any more; it is {upload.state}.")
    if upload.way != way:
        raise UploadOver(f"This upload does not go by `{way}`, but by `{upload.way}`.")


def put_link(house: House, upload: Upload) -> SendLink:
    """The link that takes the whole file. Raises UploadOver."""
    check_open(upload, "put")
    plan, lifetime = Plan.of(upload), _lifetime(upload)
    link = house.storage.direct.put_link(
        plan.key,
        size=plan.size,
        content_type=upload.mime_type,
        sha256=plan.sha256,
        expires=lifetime,
    )
    return SendLink(link, None, plan.size, now() + lifetime)


async def part_links(house: House, upload: Upload, checksums: Mapping[int, str]) -> list[SendLink]:
    """Links for these parts, by the SHA-256 of each in hex. Raises UploadOver, UploadIncomplete."""
    check_open(upload, "multipart")
    plan, lifetime, direct = Plan.of(upload), _lifetime(upload), house.storage.direct
    if strange := [number for number in checksums if number > plan.part_count]:
        raise UploadIncomplete(f"There is no part {strange[0]}; the last is {plan.part_count}.")
    noted = {
        f"part_checksums.{number}": sha256_in_base64(sha256) for number, sha256 in checksums.items()
    }
    if noted:
        await Upload.advance_one({"_id": upload.id}, {"$set": noted})
    links = []
    for number, sha256 in checksums.items():
        size = plan.size_of(number)
        link = direct.part_link(
            plan.key, plan.store_id, number, size=size, sha256=sha256, expires=lifetime
        )
        links.append(SendLink(link, number, size, now() + lifetime))
    return links


async def arrived(house: House, upload: Upload) -> list[SentPart]:
    """The parts that have arrived whole. Raises UploadOver."""
    check_open(upload, "multipart")
    plan = Plan.of(upload)
    try:
        return plan.whole(await house.storage.direct.parts(plan.key, plan.store_id))
    except ObjectMissing as exc:
        raise UploadOver("The store has given this upload up; begin a new one.") from exc


async def complete_put(house: House, upload: Upload, actor: Actor) -> Media:
    """Take in what was put. Raises UploadOver, UploadIncomplete, ContentDiffers, ContentRefused."""
    check_open(upload, "put")
    plan = Plan.of(upload)
    try:
        head = await house.storage.head(plan.key)
    except ObjectMissing as exc:
        raise UploadIncomplete("The file has not arrived; put it to its link.") from exc
    check_content(upload, head.size)
    await _check_sha256(house, plan)
    try:
        return await _taken_in(house, upload, actor)
    except ContentRefused as exc:
        await end(house, upload, "failed", UploadFailure(code=exc.code, detail=str(exc)))
        raise


async def complete_parts(house: House, upload: Upload) -> Upload:
    """Have the parts put together and checked by a task. Raises UploadOver, UploadIncomplete."""
    sent = await arrived(house, upload)
    if missing := Plan.of(upload).missing(sent):
        raise UploadIncomplete(
            f"Part {missing[0]} has not arrived, or not whole; send what is missing.",
            missing=missing,
        )

    async def together(session: AsyncClientSession) -> Upload | None:
        opened = {"_id": upload.id, "state": "open"}
        checking = await Upload.advance_one(opened, {"$set": {"state": "checking"}}, session)
        if checking is not None:
            await tasks.add([check_task(checking)], session)
        return checking

    checking = await house.store.in_transaction(together)
    if checking is None:
        raise UploadOver("The upload has ended meanwhile.")
    return checking


async def check_parts(house: House, upload: Upload, who: Who) -> Media:
    """Put the parts together and take the file in; safe to run again.

    Raises UploadIncomplete, ContentDiffers, ContentRefused, UploadOver.
    """
    plan, direct = Plan.of(upload), house.storage.direct
    # Missing they are after an earlier run that came this far: then the object itself is there.
    with suppress(ObjectMissing):
        sent = plan.whole(await direct.parts(plan.key, plan.store_id))
        await _put_together(house, upload, sent)
    try:
        check_content(upload, (await house.storage.head(plan.key)).size)
    except ObjectMissing as exc:
        raise UploadIncomplete("The parts are not there any more.") from exc
    check_content(upload, plan.size, await house.storage.sha256(plan.key))
    return await _taken_in(house, upload, who)


async def _put_together(house: House, upload: Upload, sent: list[SentPart]) -> None:
    plan = Plan.of(upload)
    checksums = {int(number): each for number, each in upload.part_checksums.items()}
    try:
        await house.storage.direct.complete(plan.key, plan.store_id, sent, checksums)
    except (ObjectMissing, StorageUnreachable):
        raise
    except StorageError as exc:
        raise ContentDiffers("A part that arrived is not the one announced last.") from exc


async def _taken_in(house: House, upload: Upload, who: Who) -> Media:
    plan = Plan.of(upload)
    found = recognised(await house.storage.head_bytes(plan.key, HEAD_BYTES))

    async def claim(key: str, _size: int) -> None:
        await rely_on(upload, key)

    stored = await house.storage.adopt(
        plan.key,
        prefix=str(upload.workspace_id),
        sha256=plan.sha256,
        content_type=found.mime_type,
        claim=claim,
    )
    return await settle(house, upload, found, stored, who)


async def _check_sha256(house: House, plan: Plan) -> None:
    """Ask the store, which has checked it on arrival; or read it, where the store does not tell."""
    known = await house.storage.direct.checksum(plan.key)
    if known is None:
        known = sha256_in_base64(await house.storage.sha256(plan.key))
    if known != sha256_in_base64(plan.sha256):
        raise ContentDiffers("What arrived does not have the SHA-256 that was announced.")


def _lifetime(upload: Upload) -> timedelta:
    return max(timedelta(seconds=1), min(LINK_LIFETIME, upload.expires_at - now()))
