"""What goes in is checked, stored once, and either whole or not there at all."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from hashlib import sha256
from io import BufferedReader
from pathlib import Path

import pytest
from botocore.exceptions import HTTPClientError

from app.core.storage import (
    ChecksumMismatch,
    Storage,
    StorageUnreachable,
    TooLarge,
    hashing,
    slices,
    uploads,
)
from app.core.storage.errors import translated
from app.core.storage.hashing import PART, SINGLE
from app.core.storage.threads import Threads
from tests.app.core.storage.support import (
    VIDEO,
    Store,
    content,
    endless,
    in_chunks,
    names,
    read,
    written,
)


@pytest.mark.parametrize("size", [0, 1, SINGLE, SINGLE + 1, SINGLE + PART])
async def test_file_comes_back_as_it_was_stored(
    storage: Storage, store: Store, prefix: str, tmp_path: Path, size: int
) -> None:
    source = written(tmp_path / "source", size)
    stored = await storage.put_file(source, prefix=prefix, content_type=VIDEO)
    assert stored.key == f"{prefix}/{sha256(content(size)).hexdigest()}"
    assert (stored.size, stored.content_type, stored.created) == (size, VIDEO, True)
    head = await storage.head(stored.key)
    assert (head.size, head.content_type) == (size, VIDEO)
    await storage.get_file(stored.key, tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == content(size)
    assert names(tmp_path) == ["copy", "source"]
    assert await read(storage, stored.key) == content(size)


@pytest.mark.parametrize("size", [10, SINGLE + 1])
async def test_content_is_stored_once_for_each_prefix(
    storage: Storage, store: Store, prefix: str, tmp_path: Path, size: int
) -> None:
    source = written(tmp_path / "source", size)
    first = await storage.put_file(source, prefix=prefix, content_type=VIDEO)
    again = await storage.put_file(source, prefix=prefix, content_type=VIDEO)
    streamed = await storage.put_stream(
        in_chunks(content(size)), prefix=prefix, content_type=VIDEO, maximum=size
    )
    other = await storage.put_file(source, prefix=f"{prefix}-other", content_type=VIDEO)
    assert [first.created, again.created, streamed.created, other.created] == [
        *(True, False, False, True)
    ]
    assert store.objects() == {first.key, other.key}


@pytest.mark.parametrize("size", [10, SINGLE + 1])
async def test_file_with_another_checksum_than_promised_is_refused(
    storage: Storage, store: Store, prefix: str, tmp_path: Path, size: int
) -> None:
    source = written(tmp_path / "source", size)
    with pytest.raises(ChecksumMismatch):
        await storage.put_file(source, prefix=prefix, content_type=VIDEO, sha256="0" * 64)
    assert store.objects() == set()


@pytest.mark.parametrize("changed", [content(SINGLE) + b"?", content(SINGLE - 1), b""])
async def test_file_that_changes_before_it_is_sent_is_refused(
    storage: Storage,
    store: Store,
    prefix: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    changed: bytes,
) -> None:
    source = written(tmp_path / "source", SINGLE + 1)
    take_fingerprint = hashing.fingerprint

    async def then_change(threads: Threads, path: Path) -> hashing.Fingerprint:
        fingerprint = await take_fingerprint(threads, path)
        await asyncio.to_thread(path.write_bytes, changed)
        return fingerprint

    monkeypatch.setattr(uploads, "fingerprint", then_change)
    with pytest.raises(ChecksumMismatch):
        await storage.put_file(source, prefix=prefix, content_type=VIDEO)
    assert store.objects() == set()


async def test_cancelled_file_leaves_nothing(
    storage: Storage, store: Store, prefix: str, tmp_path: Path
) -> None:
    source = written(tmp_path / "source", 4 * SINGLE)
    task = asyncio.create_task(storage.put_file(source, prefix=prefix, content_type=VIDEO))
    while not store.uploads():
        assert not task.done()
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert store.objects() == set()


@pytest.mark.parametrize("promised", [False, True])
@pytest.mark.parametrize("size", [0, 10, SINGLE, SINGLE + 1, SINGLE + PART + 5])
async def test_stream_is_stored_under_its_content(
    storage: Storage, store: Store, prefix: str, size: int, promised: bool
) -> None:
    body = content(size)
    digest = sha256(body).hexdigest()
    stored = await storage.put_stream(
        in_chunks(body),
        prefix=prefix,
        content_type=VIDEO,
        sha256=digest if promised else None,
        maximum=size,
    )
    assert (stored.key, stored.size, stored.created) == (f"{prefix}/{digest}", size, True)
    assert store.objects() == {stored.key}
    assert (await storage.head(stored.key)).content_type == VIDEO
    assert await read(storage, stored.key) == body


@pytest.mark.parametrize("size", [10, SINGLE + 1])
async def test_stream_with_another_checksum_than_promised_is_refused(
    storage: Storage, store: Store, prefix: str, size: int
) -> None:
    chunks = in_chunks(content(size))
    with pytest.raises(ChecksumMismatch):
        await storage.put_stream(
            chunks, prefix=prefix, content_type=VIDEO, sha256="0" * 64, maximum=size
        )
    assert store.objects() == set()


@pytest.mark.parametrize("maximum", [10, SINGLE + PART])
async def test_stream_is_refused_when_it_gets_too_long(
    storage: Storage, store: Store, prefix: str, maximum: int
) -> None:
    async with aclosing(endless()) as chunks:
        with pytest.raises(TooLarge, match=f"{maximum} bytes"):
            await storage.put_stream(chunks, prefix=prefix, content_type=VIDEO, maximum=maximum)
    assert store.objects() == set()


async def test_error_of_the_stream_comes_out_and_leaves_nothing(
    storage: Storage, store: Store, prefix: str
) -> None:
    async def breaking() -> AsyncIterator[bytes]:
        yield content(SINGLE + PART)
        raise ConnectionResetError("the client went away")

    with pytest.raises(ConnectionResetError, match="went away"):
        await storage.put_stream(breaking(), prefix=prefix, content_type=VIDEO, maximum=2**40)
    assert store.objects() == set()


async def test_cancelled_stream_leaves_nothing(storage: Storage, store: Store, prefix: str) -> None:
    stuck = asyncio.Event()

    async def stalling() -> AsyncIterator[bytes]:
        yield content(SINGLE + PART)
        stuck.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(
        storage.put_stream(stalling(), prefix=prefix, content_type=VIDEO, maximum=2**40)
    )
    await stuck.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert store.objects() == set()


async def test_size_of_the_chunks_does_not_matter(
    storage: Storage, store: Store, prefix: str
) -> None:
    body = content(SINGLE + PART + 5)
    for size in (4_099, len(body)):
        stored = await storage.put_stream(
            in_chunks(body, size), prefix=f"{prefix}/{size}", content_type=VIDEO, maximum=len(body)
        )
        assert await read(storage, stored.key) == body


@pytest.mark.parametrize("prefix", ["", "/a", "a/", "a//b", "incoming", "incoming/a", "a\nb"])
async def test_prefix_that_would_make_a_bad_key_is_refused(storage: Storage, prefix: str) -> None:
    with pytest.raises(ValueError, match="prefix"):
        await storage.put_stream(in_chunks(b"body"), prefix=prefix, content_type=VIDEO, maximum=100)


async def test_missing_file_is_reported_as_such(
    storage: Storage, prefix: str, tmp_path: Path
) -> None:
    with pytest.raises(FileNotFoundError):
        await storage.put_file(tmp_path / "absent", prefix=prefix, content_type=VIDEO)


async def test_file_that_shrinks_while_it_is_sent_is_refused(
    storage: Storage, store: Store, prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = written(tmp_path / "source", SINGLE + 1)
    open_slice = slices.file_slice

    def then_shrink(path: Path, offset: int, length: int) -> BufferedReader:
        opened = open_slice(path, offset, length)
        path.write_bytes(b"")
        return opened

    monkeypatch.setattr(uploads, "file_slice", then_shrink)
    with pytest.raises(ChecksumMismatch):
        await storage.put_file(source, prefix=prefix, content_type=VIDEO)
    assert store.objects() == set()


def test_trouble_of_a_body_is_told_as_what_it_is() -> None:
    trouble = ChecksumMismatch("The file became shorter.")
    assert translated(HTTPClientError(error=trouble), "key") is trouble
    assert isinstance(translated(HTTPClientError(error=OSError()), "key"), StorageUnreachable)
