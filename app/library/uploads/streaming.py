"""Uploads whose bytes come through the API, and are passed on to the store as they come."""

from collections.abc import AsyncIterator
from typing import Final

from app.core.storage import ChecksumMismatch, StoredObject, TooLarge
from app.library.errors import ContentDiffers
from app.library.types import HEAD_BYTES, FileType
from app.library.uploads.house import House, Who
from app.library.uploads.settling import check_content, recognised, rely_on, settle
from documents.library import Media
from documents.uploads import Upload

UNKNOWN: Final = "application/octet-stream"


class Recognising:
    """A stream that is told by its first bytes; what is not taken ends it at once."""

    def __init__(self, chunks: AsyncIterator[bytes]) -> None:
        self._chunks = chunks
        self._found: FileType | None = None

    @property
    def found(self) -> FileType:
        """What it is, once it has ended."""
        assert self._found is not None
        return self._found

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """The same bytes. Raises ContentRefused before the first of them is passed on."""
        head = b""
        async for chunk in self._chunks:
            if self._found is not None:
                yield chunk
                continue
            head += chunk
            if len(head) >= HEAD_BYTES:
                self._found = recognised(head[:HEAD_BYTES])
                yield head
        if self._found is None:
            self._found = recognised(head)
            yield head


async def take_stream(
    house: House, upload: Upload, chunks: AsyncIterator[bytes], maximum: int, who: Who
) -> Media:
    """Store what comes and take it in, in constant memory.

    A stream that breaks off leaves the upload open. Raises ContentDiffers, ContentRefused,
    UploadOver, and what the stream itself raises.
    """
    told = Recognising(chunks)

    async def claim(key: str, size: int) -> None:
        check_content(upload, size)
        await rely_on(upload, key)

    try:
        stored: StoredObject = await house.storage.put_stream(
            aiter(told),
            prefix=str(upload.workspace_id),
            content_type=upload.mime_type or UNKNOWN,
            sha256=upload.sha256,
            maximum=maximum,
            claim=claim,
        )
    except (ChecksumMismatch, TooLarge) as exc:
        raise ContentDiffers(str(exc)) from exc
    return await settle(house, upload, told.found, stored, who)
