"""Files that are fetched from an address: asked for by people, brought in by a task."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from pymongo.asynchronous.client_session import AsyncClientSession

from app.core.actor import Actor
from app.core.errors import Invalid
from app.core.parts import Parts
from app.core.storage.hashing import MIB
from app.library import quotas, usage
from app.library.errors import ContentDiffers
from app.library.fetching import Fetched, FetchFailed, fetched
from app.library.uploads.house import House, Who
from app.library.uploads.intents import begin, clean_name
from app.library.uploads.kinds import import_task
from app.library.uploads.streaming import take_stream
from app.settings import Settings
from app.telling.addresses import AddressRefused, check_url
from documents.library import Media
from documents.uploads import Upload

UNNAMED: Final = "import"
"""What a file is called until its address says more."""


async def begin_import(parts: Parts, actor: Actor, url: str, given: Mapping[str, Any]) -> Upload:
    """Write the intent and queue the task. Raises Invalid, NotFound, QuotaReached, ScopeMissing."""
    try:
        check_url(url, private=parts.settings.import_private, plain=True)
    except AddressRefused as exc:
        about = {"location": "body", "field": "url", "code": "address_refused", "detail": str(exc)}
        raise Invalid(str(exc), errors=[about]) from exc
    known = {"filename": given.get("filename") or UNNAMED, "source_url": url}
    upload = await begin(parts, actor, {**given, **known}, "import", size=0, task_of=import_task)
    await parts.wakeups.wake()
    return upload


async def fetch(house: House, upload: Upload, who: Who) -> Media:
    """Fetch the file and take it in.

    Raises FetchFailed, ContentRefused, ContentDiffers, QuotaReached, UploadOver.
    """
    assert upload.source_url is not None
    settings = house.settings
    most = settings.import_mib * MIB
    try:
        async with (
            asyncio.timeout(settings.import_seconds),
            fetched(upload.source_url, private=settings.import_private) as file,
        ):
            if file.size is not None and file.size > most:
                raise ContentDiffers(f"The file has {file.size:,} bytes; {most:,} are taken.")
            expected = await _expect(house, upload, file, settings)
            return await take_stream(house, expected, file.chunks, file.size or most, who)
    except TimeoutError as exc:
        raise FetchFailed(f"The file was not there in {settings.import_seconds:g} s.") from exc


async def _expect(house: House, upload: Upload, file: Fetched, settings: Settings) -> Upload:
    """The upload with what the other side says of the file, whose bytes count from now on."""
    size = file.size if file.size is not None else settings.import_mib * MIB
    name = clean_name(file.filename) if file.filename else ""
    named = {"filename": name} if name and upload.filename == UNNAMED else {}
    await quotas.prepare(upload.workspace_id)

    async def together(session: AsyncClientSession) -> Upload:
        current = await Upload.one_in(True, upload.id, session)
        assert current is not None
        await usage.move(upload.workspace_id, session, reserved_bytes=-current.reserved)
        await quotas.reserve(session, settings, upload.workspace_id, size)
        update = {"$set": {"reserved": size, "filesize": file.size, **named}}
        changed = await Upload.advance_one({"_id": upload.id}, update, session)
        assert changed is not None
        return changed

    return await house.store.in_transaction(together)
