"""What has arrived becomes a media record, or the upload ends without one."""

import logging
from typing import Any

from pymongo.asynchronous.client_session import AsyncClientSession

from app.audit.service import tell
from app.core.deletion import removal_of
from app.core.references import look_again
from app.core.storage import StorageError, StoredObject
from app.library import usage
from app.library.errors import ContentDiffers, ContentRefused, UploadOver
from app.library.looking import look_task
from app.library.objects import wait_for_removals
from app.library.types import FileType, type_of
from app.library.uploads.house import House, Who
from app.library.urls import content_url
from app.production import tasks
from documents.base import StoredDocument
from documents.library import Media
from documents.uploads import UNDER_WAY, Upload, UploadFailure, UploadState
from documents.values import Id, now

logger = logging.getLogger(__name__)


def recognised(head: bytes) -> FileType:
    """What the file is by its first bytes. Raises ContentRefused."""
    found = type_of(head)
    if found is None:
        raise ContentRefused("The library takes pictures, video, sound, captions, text and PDF.")
    return found


def check_content(upload: Upload, size: int, sha256: str | None = None) -> None:
    """Raise ContentDiffers where this is not what was announced."""
    if upload.filesize not in (None, size):
        raise ContentDiffers(f"{size:,} bytes arrived, and {upload.filesize:,} were announced.")
    if sha256 is not None and upload.sha256 not in (None, sha256):
        raise ContentDiffers(f"What arrived has the SHA-256 {sha256}, not {upload.sha256}.")


async def rely_on(upload: Upload, key: str) -> None:
    """Name the object as where the upload belongs, so that nobody removes it as unused.

    Raises UploadOver, Unavailable.
    """
    under_way = {"_id": upload.id, "state": {"$in": [*UNDER_WAY]}}
    before = await Upload.collection().find_one_and_update(
        under_way, {"$set": {"storage_key": key, "updated_at": now()}}, {"storage_key": 1}
    )
    if before is None:
        raise UploadOver("The upload has ended meanwhile; begin a new one.")
    if (earlier := before.get("storage_key")) not in (None, key):
        await removal_of({earlier}).insert()
    await wait_for_removals(key)


async def settle(
    house: House, upload: Upload, found: FileType, stored: StoredObject, who: Who
) -> Media:
    """Make the media record, end the upload, count the bytes and ask for a look at the file.

    All of it happens or nothing. Raises UploadOver where the upload has ended in another way.
    """
    media = _media_of(upload, found, stored)

    async def together(session: AsyncClientSession) -> None:
        ended = {**_over("completed"), "media_id": media.id}
        under_way = {"_id": upload.id, "state": {"$in": [*UNDER_WAY]}}
        if await Upload.advance_one(under_way, {"$set": ended}, session) is None:
            raise UploadOver("The upload has ended meanwhile.")
        known = await usage.is_stored(media.workspace_id, media.sha256, session, beside=media.id)
        fresh = 0 if known else stored.size
        await usage.move(
            media.workspace_id, session, stored_bytes=fresh, reserved_bytes=-upload.reserved
        )
        await media.insert(session=session)
        await tasks.add([look_task(media)], session)
        await tell(session, who, None, media)

    await house.store.in_transaction(together)
    await _look_again(house, media)
    await discard(house, upload)
    return media


async def end(
    house: House, upload: Upload, state: UploadState, failure: UploadFailure | None = None
) -> Upload | None:
    """End the upload without a file, and give back what it counted; None where it has ended."""

    async def together(session: AsyncClientSession) -> Upload | None:
        update: dict[str, Any] = {**_over(state), "failure": failure and failure.model_dump()}
        under_way = {"_id": upload.id, "state": {"$in": [*UNDER_WAY]}}
        current = await Upload.first_in(True, under_way, session)
        ended = await Upload.advance_one(under_way, {"$set": update}, session)
        if current is None or ended is None:
            return None
        await usage.move(upload.workspace_id, session, reserved_bytes=-current.reserved)
        if objects := {each for each in (current.staging_key, current.storage_key) if each}:
            await removal_of(objects).insert(session=session)
        return ended

    ended = await house.store.in_transaction(together)
    if ended is not None:
        await discard(house, upload)
    return ended


async def discard(house: House, upload: Upload) -> None:
    """Remove what was staged; what cannot be removed now goes with the sweep."""
    if upload.staging_key is None:
        return
    try:
        if upload.store_upload_id is not None:
            await house.storage.direct.abort(upload.staging_key, upload.store_upload_id)
        await house.storage.delete([upload.staging_key])
    except StorageError as error:
        logger.warning("%s was left for the sweep: %s", upload.staging_key, error)


def _over(state: UploadState) -> StoredDocument:
    """What an upload that has ended holds on to: nothing."""
    keys = dict.fromkeys(("staging_key", "storage_key", "store_upload_id"))
    return {**keys, "state": state, "reserved": 0, "ended_at": now()}


async def _look_again(house: House, media: Media) -> None:
    """The project may have been deleted while the file came in; then it goes the same way."""
    if media.project_id is not None:
        await look_again(house.store, {"projects": {media.project_id: {}}})


def _media_of(upload: Upload, found: FileType, stored: StoredObject) -> Media:
    identity = Id()
    return Media(
        id=identity,
        workspace_id=upload.workspace_id,
        project_id=upload.project_id,
        created_by=upload.created_by,
        filename=upload.filename,
        mime_type=found.mime_type,
        filesize=stored.size,
        url=content_url(identity),
        storage_key=stored.key,
        sha256=stored.sha256,
        kind=found.kind,
        media_type=upload.media_type,
        alt=upload.alt,
        description=upload.description,
        tags=upload.tags,
        status="processing",
    )
