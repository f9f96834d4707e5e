"""The way out: streams that survive a lost connection, and files fetched in parts side by side."""

import asyncio
import hashlib
import os
import uuid
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, contextmanager
from pathlib import Path

from app.core.storage.bucket import Bucket
from app.core.storage.errors import ChecksumMismatch, PastTheEnd, StorageUnreachable
from app.core.storage.hashing import MIB, PART, fingerprint
from app.core.storage.keys import sha256_of
from app.core.storage.multipart import AT_ONCE

CHUNK = MIB
"""The most bytes that are read at a time."""


async def stream(
    bucket: Bucket, key: str, start: int = 0, end: int | None = None
) -> AsyncGenerator[bytes, None]:
    """See `Storage.stream`.

    A connection lost midway is taken up where it broke, as long as each attempt brings bytes;
    the content under a key never changes, so the pieces fit.
    """
    position = start
    while end is None or position < end:
        opened_at = position
        try:
            async with bucket.opened(key, _range(position, end)) as body:
                while chunk := await bucket.call(key, body.read, CHUNK):
                    position += len(chunk)
                    yield chunk
                return
        except PastTheEnd:
            return
        except StorageUnreachable:
            if position == opened_at:
                raise


async def get_file(bucket: Bucket, key: str, path: Path, size: int | None = None) -> None:
    """See `Storage.get_file`."""
    promised = sha256_of(key)
    if size is None:
        size = (await bucket.head(key)).size
    temporary = path.with_name(f".{uuid.uuid4().hex}.part")
    with _removed_in_the_end(temporary):
        fetch = _fetch_at_once if size <= PART else _fetch_in_parts
        if await fetch(bucket, key, size, temporary) != (promised, size):
            raise ChecksumMismatch(
                f"{key} is damaged in the object store: store the file again from its source."
            )
        await bucket.threads.run(temporary.replace, path)


async def _fetch_at_once(bucket: Bucket, key: str, size: int, path: Path) -> tuple[str, int]:
    """Fetch a small file; answers its SHA-256 in hex and its size."""
    # One byte more than there should be, so that a longer one shows.
    async with aclosing(stream(bucket, key, 0, size + 1)) as chunks:
        content = b"".join([chunk async for chunk in chunks])
    digest = await bucket.threads.run(hashlib.sha256, content)
    await bucket.threads.run(path.write_bytes, content)
    return digest.hexdigest(), len(content)


async def _fetch_in_parts(bucket: Bucket, key: str, size: int, path: Path) -> tuple[str, int]:
    """Fetch a file in parts side by side; answers its SHA-256 in hex and its size."""
    starts = iter(range(0, size, PART))
    with _new_file(path, size) as descriptor:

        async def fetch_parts() -> None:
            for start in starts:
                await _fetch_part(bucket, key, start, min(start + PART, size), descriptor)

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(AT_ONCE):
                    group.create_task(fetch_parts())
        except BaseExceptionGroup as failures:
            # The first is the cause; the others were cancelled or met the same trouble.
            raise failures.exceptions[0] from failures
    content = await fingerprint(bucket.threads, path)
    return content.sha256, content.size


async def _fetch_part(bucket: Bucket, key: str, start: int, end: int, descriptor: int) -> None:
    position = start
    async with aclosing(stream(bucket, key, start, end)) as chunks:
        async for chunk in chunks:
            await bucket.threads.run(_write, descriptor, chunk, position)
            position += len(chunk)


def _range(start: int, end: int | None) -> str:
    """The Range header for the bytes [start, end); none for the whole, which may be empty."""
    if end is not None:
        return f"bytes={start}-{end - 1}"
    return f"bytes={start}-" if start else ""


def _write(descriptor: int, chunk: bytes, position: int) -> None:
    left = memoryview(chunk)
    while left:
        written = os.pwrite(descriptor, left, position)
        left, position = left[written:], position + written


@contextmanager
def _new_file(path: Path, size: int) -> Iterator[int]:
    with path.open("xb", buffering=0) as file:
        file.truncate(size)
        yield file.fileno()


@contextmanager
def _removed_in_the_end(path: Path) -> Iterator[None]:
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
