"""The way in: files and streams, hashed while they are read and checked again by the store."""

import hashlib
import logging
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Self, TypeAlias

from app.core.storage.bucket import Bucket
from app.core.storage.errors import ChecksumMismatch, StorageError
from app.core.storage.hashing import MIB, PART, SINGLE, Fingerprint, Incoming, Part, fingerprint
from app.core.storage.keys import content_key, incoming_key
from app.core.storage.multipart import Body, multipart
from app.core.storage.objects import StoredObject
from app.core.storage.slices import file_slice
from app.core.storage.threads import surely

COPY_PART = 64 * MIB
"""Bytes the store copies in one request, of which some go side by side."""

Claim: TypeAlias = Callable[[str, int], Awaitable[None]]
"""Told the key and size of a content before the store is asked for it: may wait, and may refuse."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Target:
    """Where a content shall go, and what was promised of it."""

    bucket: Bucket
    prefix: str
    content_type: str
    sha256: str | None
    """What the content must have, in hex; None where nothing was promised."""
    claim: Claim | None = None
    is_new: bool = False
    """Whether it is known that the content is not in its place yet."""

    def __post_init__(self) -> None:
        content_key(self.prefix, self.sha256 or "0" * 64)

    def key(self, sha256: str) -> str:
        """The key for a content; `ChecksumMismatch` if it is not the promised one."""
        if self.sha256 not in (None, sha256):
            raise ChecksumMismatch(
                f"The file has the SHA-256 {sha256} instead of {self.sha256}: send it again."
            )
        return content_key(self.prefix, sha256)

    async def is_missing(self, sha256: str, size: int) -> bool:
        """Whether the content is not in its place yet, once it is claimed."""
        key = self.key(sha256)
        if self.claim is not None:
            await self.claim(key, size)
        return self.is_new or await self.bucket.size(key) != size

    def stored(self, sha256: str, size: int, *, created: bool) -> StoredObject:
        """The record of what is in the store now."""
        return StoredObject(self.key(sha256), sha256, size, self.content_type, created)


@dataclass(frozen=True, slots=True)
class Small:
    """A content that goes in one request."""

    body: bytes
    sha256: bytes

    @classmethod
    def of(cls, body: bytes) -> Self:
        """It is hashed here, so this belongs into a thread."""
        return cls(body, hashlib.sha256(body).digest())


async def put_file(target: Target, path: Path) -> StoredObject:
    """See `Storage.put_file`."""
    threads = target.bucket.threads
    small = await threads.run(_whole_if_small, path)
    if small is not None:
        return await _put_small(target, small)
    content = await fingerprint(threads, path)
    key = target.key(content.sha256)
    created = await target.bucket.size(key) != content.size
    if created:
        await _send_file(target, path, content, key)
    return target.stored(content.sha256, content.size, created=created)


async def put_stream(target: Target, chunks: AsyncIterator[bytes], maximum: int) -> StoredObject:
    """See `Storage.put_stream`.

    The key is known only with the last byte. A stream that fits in one request is held until
    then. A longer one is sent on while it arrives, to a key of its own, and the store copies it
    to its place. At 2 GiB this needs neither the memory nor the disk that a spooled file would
    take from the application's machine (where the temporary folder may be memory too), and the
    bytes travel on during the upload instead of after it; the store reads and writes them once
    more. A promised SHA-256 gives the key from the start and saves the copy.
    """
    incoming = Incoming(target.bucket.threads, chunks, maximum)
    first: list[Part] = []
    while len(first) <= SINGLE // PART and (part := await incoming.part()):
        first.append(part)
    if len(first) <= SINGLE // PART:
        body = b"".join(part.body for part in first)
        return await _put_small(target, await target.bucket.threads.run(Small.of, body))
    if target.sha256 is not None:
        created = await _send_stream(target, first, incoming, target.key(target.sha256))
    else:
        created = await _send_by_copy(target, first, incoming)
    return target.stored(incoming.sha256, incoming.size, created=created)


async def adopt(target: Target, source: str) -> StoredObject:
    """See `Storage.adopt`."""
    assert target.sha256 is not None
    size = (await target.bucket.head(source)).size
    created = await target.is_missing(target.sha256, size)
    if created:
        await _copy(target, source, target.key(target.sha256), size)
    return target.stored(target.sha256, size, created=created)


async def _put_small(target: Target, small: Small) -> StoredObject:
    sha256, size = small.sha256.hex(), len(small.body)
    created = await target.is_missing(sha256, size)
    if created:
        key, checksum = target.key(sha256), b64encode(small.sha256).decode()
        await target.bucket.put(
            key, small.body, content_type=target.content_type, checksum=checksum
        )
    return target.stored(sha256, size, created=created)


async def _send_file(target: Target, path: Path, content: Fingerprint, key: str) -> None:
    """Send the parts with the checksums of the first reading: a file changed since is refused."""
    async with multipart(target.bucket, key, target.content_type) as upload:
        for number, checksum in enumerate(content.checksums):
            offset = number * content.part_size
            await upload.add(partial(file_slice, path, offset, content.part_size), checksum)
        await upload.complete(content.size)


async def _send_stream(target: Target, first: list[Part], incoming: Incoming, key: str) -> bool:
    """Send a stream to a key; False, and nothing kept, if its content is in its place already."""
    async with multipart(target.bucket, key, target.content_type) as upload:
        async for part in _parts(first, incoming):
            await upload.add(partial(_opened, part), part.checksum)
        if not await target.is_missing(incoming.sha256, incoming.size):
            return False
        await upload.complete(incoming.size)
        return True


async def _send_by_copy(target: Target, first: list[Part], incoming: Incoming) -> bool:
    waiting = incoming_key()
    try:
        created = await _send_stream(target, first, incoming, waiting)
        if created:
            await _copy(target, waiting, target.key(incoming.sha256), incoming.size)
        return created
    finally:
        await surely(_discard(target.bucket, waiting))


async def _copy(target: Target, source: str, key: str, size: int) -> None:
    # What is copied was checked when it came: the store would hash it all once more.
    async with multipart(target.bucket, key, target.content_type, hashed=False) as upload:
        for start in range(0, size, COPY_PART):
            await upload.add_copy(source, start, min(start + COPY_PART, size))
        await upload.complete(size)


async def _discard(bucket: Bucket, key: str) -> None:
    try:
        await bucket.delete([key])
    except StorageError as error:
        logger.warning("%s was left for the sweep of the store: %s", key, error)


async def _parts(first: list[Part], incoming: Incoming) -> AsyncIterator[Part]:
    while first:
        yield first.pop(0)
    while part := await incoming.part():
        yield part


def _opened(part: Part) -> Body:
    return nullcontext(part.body)


def _whole_if_small(path: Path) -> Small | None:
    if path.stat().st_size > SINGLE:
        return None
    with path.open("rb") as file:
        body = file.read(SINGLE + 1)
    return Small.of(body) if len(body) <= SINGLE else None
