"""SHA-256 of files and streams, as a whole and part by part, in one pass."""

import hashlib
from base64 import b64encode
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from app.core.storage.errors import TooLarge
from app.core.storage.threads import Threads

MIB = 2**20
PART = 8 * MIB
"""Bytes in a part of a multipart transfer; what a stream holds in memory for each on its way."""
SINGLE = 2 * PART
"""Up to this many bytes a file goes in one request."""
MOST_PARTS = 10_000
"""S3's limit for one object."""
_BLOCK = MIB


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a stream with the checksum S3 wants beside it (SHA-256 in base64)."""

    body: bytes | bytearray
    checksum: str


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """A file's content, as it was when it was read."""

    sha256: str
    size: int
    part_size: int
    checksums: tuple[str, ...]
    """SHA-256 in base64 of each part."""


def checksum(body: bytes | bytearray) -> str:
    """SHA-256 in base64, as S3 writes it."""
    return b64encode(hashlib.sha256(body).digest()).decode()


async def fingerprint(threads: Threads, path: Path) -> Fingerprint:
    """Read a file once for the SHA-256 of the whole and of each part; never holds a part."""
    file = await threads.run(path.open, "rb")
    try:
        whole, checksums = hashlib.sha256(), []
        length = (await threads.run(path.stat)).st_size
        part_size = max(PART, -(-length // MOST_PARTS))
        while part := await threads.run(_hash_part, file, part_size, whole):
            checksums.append(part)
        size = await threads.run(file.tell)
    finally:
        file.close()
    return Fingerprint(whole.hexdigest(), size, part_size, tuple(checksums))


def _hash_part(file: BinaryIO, part_size: int, whole: "hashlib._Hash") -> str | None:
    """The next part's checksum, added to the whole's; None at the end of the file."""
    digest, left = hashlib.sha256(), part_size
    while left and (block := file.read(min(_BLOCK, left))):
        digest.update(block)
        whole.update(block)
        left -= len(block)
    return b64encode(digest.digest()).decode() if left < part_size else None


class Incoming:
    """A stream cut into parts, counted and hashed while it is read."""

    def __init__(self, threads: Threads, chunks: AsyncIterator[bytes], maximum: int) -> None:
        self.size = 0
        """Bytes received so far."""
        self._threads = threads
        self._chunks = chunks
        self._maximum = maximum
        self._rest = memoryview(b"")
        self._digest = hashlib.sha256()

    @property
    def sha256(self) -> str:
        """Of all parts read so far, in hex."""
        return self._digest.hexdigest()

    async def part(self) -> Part | None:
        """The next `PART` bytes, fewer at the end, then None; `TooLarge` as soon as it shows."""
        buffer = bytearray()
        while len(buffer) < PART and await self._fill():
            taken = self._rest[: PART - len(buffer)]
            buffer += taken
            self._rest = self._rest[len(taken) :]
        return await self._threads.run(self._absorb, buffer) if buffer else None

    async def _fill(self) -> bool:
        """Whether there is something in `_rest`, having fetched the next chunk if need be."""
        while not self._rest:
            chunk = await anext(self._chunks, None)
            if chunk is None:
                return False
            self.size += len(chunk)
            if self.size > self._maximum:
                raise TooLarge(f"The file is longer than the {self._maximum} bytes allowed here.")
            self._rest = memoryview(chunk)
        return True

    def _absorb(self, body: bytearray) -> Part:
        self._digest.update(body)
        return Part(body, checksum(body))
