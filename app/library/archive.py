"""Several files as one ZIP, made while it is sent: nothing of it is kept anywhere."""

import asyncio
import re
import stat
import zlib
from collections.abc import (
    AsyncIterator,
    Callable,
    Generator,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any, Final, cast

from stream_zip import ZIP_64, stream_zip

from app.core.storage import Storage
from app.core.storage.hashing import MIB
from app.core.storage.threads import surely
from app.library.uploads.intents import clean_name

MODE: Final = stat.S_IFREG | 0o644
MOST_NAME_BYTES: Final = 200
_RESERVED: Final = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)
"""Names that Windows gives to devices."""


def archive_names(filenames: Iterable[str]) -> list[str]:
    """Names for these files side by side: safe to unpack anywhere, and no two the same.

    Also not where capitals do not count. The second `a.png` is called `a (2).png`.
    """
    taken, names = set[str](), []
    for filename in filenames:
        path = PurePosixPath(safe_name(filename))
        name, number = path.name, 1
        while name.casefold() in taken:
            number += 1
            name = f"{path.stem} ({number}){path.suffix}"
        taken.add(name.casefold())
        names.append(name)
    return names


@dataclass(frozen=True, slots=True)
class Member:
    """A file of an archive."""

    name: str
    """With its folders; safe as it is (`safe_name`)."""
    modified: datetime
    content: Callable[[], Iterator[bytes]]
    """Its bytes, asked for in a thread."""


async def zipped(storage: Storage, files: Sequence[Mapping[str, Any]]) -> AsyncIterator[bytes]:
    """The bytes of a ZIP of these media, each with its `storage_key`, `filename`, `filesize` and
    `created_at`. Raises as `packed` does.
    """
    names = archive_names(each["filename"] for each in files)
    members = [
        Member(name, each["created_at"], stored(storage, each["storage_key"], each["filesize"]))
        for name, each in zip(names, files, strict=True)
    ]
    async for chunk in packed(members):
        yield chunk


async def packed(members: Iterable[Member]) -> AsyncIterator[bytes]:
    """The bytes of a ZIP of these files, in their order.

    Nothing is compressed: media are already. Raises StorageError where a file cannot be read, and
    the archive ends there, visibly cut off.
    """
    found = ((each.name, each.modified, MODE, ZIP_64, each.content()) for each in members)
    chunks = cast(
        Generator[bytes, None, None],
        stream_zip(found, chunk_size=MIB, get_compressobj=_uncompressed),
    )
    try:
        while (chunk := await surely(asyncio.to_thread(next, chunks, None))) is not None:
            yield chunk
    finally:
        await surely(asyncio.to_thread(chunks.close))


def stored(storage: Storage, key: str, size: int) -> Callable[[], Iterator[bytes]]:
    """The content of a stored object. To be called where the loop runs."""
    loop = asyncio.get_running_loop()
    return lambda: _from_loop(storage, key, size, loop)


def on_disk(path: Path) -> Callable[[], Iterator[bytes]]:
    """The content of a file here."""

    def chunks() -> Iterator[bytes]:
        with path.open("rb") as file:
            while chunk := file.read(MIB):
                yield chunk

    return chunks


def _from_loop(
    storage: Storage, key: str, size: int, loop: asyncio.AbstractEventLoop
) -> Iterator[bytes]:
    """The object's bytes for a thread, read by the loop."""
    stream = storage.stream(key, 0, size)

    def wait_for(work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, loop).result()

    async def following() -> bytes | None:
        return await anext(stream, None)

    try:
        while (chunk := wait_for(following())) is not None:
            yield chunk
    finally:
        wait_for(stream.aclose())


def _uncompressed() -> Any:
    return zlib.compressobj(level=0, wbits=-zlib.MAX_WBITS)


def safe_name(filename: str) -> str:
    """A name for one file in an archive: no folder, no device, and not too long for a disk."""
    name = clean_name(filename).replace(":", "_").rstrip(". ") or "file"
    path = PurePosixPath(f"_{name}" if _RESERVED.match(name) else name)
    suffix = path.suffix.encode()[:20].decode(errors="ignore")
    stem = path.stem.encode()[: MOST_NAME_BYTES - len(suffix.encode())].decode(errors="ignore")
    return f"{stem}{suffix}"
