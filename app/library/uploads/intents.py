"""The intent to bring a file in: checked, counted and written before the first byte comes."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import PureWindowsPath
from typing import Any, Final, Literal

from pydantic import ValidationError

from app.core.access import reaches
from app.core.actor import Actor, demand
from app.core.errors import NotFound, invalid
from app.core.parts import Parts
from app.core.recording import Transaction, recorded
from app.core.references import Targets, follow, look_again
from app.core.storage import LARGEST_PUT, part_size, safe_filename, staging_key
from app.library import access, quotas
from app.production import tasks
from documents.library import Media
from documents.production import Task
from documents.uploads import Upload, Way
from documents.values import Id, now

LIFETIMES: Final[Mapping[Way, timedelta]] = {
    "put": timedelta(days=1),
    "stream": timedelta(days=1),
    "import": timedelta(days=1),
    "multipart": timedelta(days=7),
}
"""How long an upload may take, from its intent to its last byte."""


def clean_name(filename: str) -> str:
    """A file's own name, without folders and without what no file system should see."""
    return safe_filename(PureWindowsPath(filename).name or filename)[:255]


def way_of(by: Literal["direct", "parts", "api"], size: int) -> Way:
    """How a file of so many bytes comes in, where its sender wants it so."""
    if by == "api":
        return "stream"
    return "put" if by == "direct" and size <= LARGEST_PUT else "multipart"


async def begin(
    parts: Parts,
    actor: Actor,
    given: Mapping[str, Any],
    way: Way,
    *,
    size: int,
    task_of: Callable[[Upload], Task] | None = None,
) -> Upload:
    """Write the intent, and count `size` bytes as used for the time being.

    `task_of` makes a task that is queued together with it. Raises ScopeMissing, Invalid, NotFound
    where the actor may add no files there, QuotaReached.
    """
    demand(actor, "write", Media.collection_name())
    upload = _made(given, actor, way, size)
    if not reaches(access.UPLOADS.create(actor), upload.stored()):
        raise NotFound("There is no such place, or you may not add to it.")
    await quotas.prepare(upload.workspace_id)

    async def together(transaction: Transaction) -> Targets:
        session = transaction.session
        place = {"workspace_id": upload.workspace_id, "project_id": upload.project_id}
        named = await follow(Upload, [place], actor, session=session)
        await quotas.reserve(session, parts.settings, upload.workspace_id, size)
        await upload.insert(session=session)
        if task_of is not None:
            await tasks.add([task_of(upload)], session)
        return named

    await look_again(parts.store, await recorded(parts, actor, together))
    return await _opened(parts, upload) if way == "multipart" else upload


async def mine(actor: Actor, key: Id) -> Upload:
    """The upload, where the actor may work on it. Raises ScopeMissing, NotFound."""
    demand(actor, "write", Media.collection_name())
    upload = await Upload.one_in(access.UPLOADS.change(actor), key)
    if upload is None:
        raise NotFound("There is no such upload, or none of yours.")
    return upload


def _made(given: Mapping[str, Any], actor: Actor, way: Way, size: int) -> Upload:
    identity, in_parts = Id(), way == "multipart"
    try:
        upload: Upload = Upload.model_validate(
            {
                **given,
                "_id": identity,
                "created_by": actor.id,
                "filename": clean_name(given["filename"]),
                "way": way,
                "reserved": size,
                "part_size": part_size(size) if in_parts else None,
                "staging_key": staging_key(str(identity)) if way in ("put", "multipart") else None,
                "expires_at": now() + LIFETIMES[way],
            }
        )
    except ValidationError as exc:
        found = exc.errors(include_url=False, include_input=False, include_context=False)
        raise invalid({**each, "loc": ("body", *each["loc"])} for each in found) from None
    return upload


async def _opened(parts: Parts, upload: Upload) -> Upload:
    """The upload with its counterpart in the store; without one it would simply expire."""
    assert upload.staging_key is not None
    store_id = await parts.storage.direct.begin(upload.staging_key, upload.mime_type)
    update = {"$set": {"store_upload_id": store_id}}
    opened = await Upload.advance_one({"_id": upload.id}, update)
    assert opened is not None
    return opened
