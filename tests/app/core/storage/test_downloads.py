"""What comes out is what went in, also over a connection that breaks."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager, closing, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from app.core.storage import (
    ChecksumMismatch,
    ObjectMissing,
    Storage,
    StorageUnreachable,
    content_key,
)
from app.core.storage.hashing import MIB, SINGLE
from app.settings import Settings
from tests.app.core.storage.support import VIDEO, Store, content, in_chunks, names, read

ABSENT = content_key("nobody", "0" * 64)


async def kept(storage: Storage, prefix: str, size: int) -> str:
    """The key of an object with `content`."""
    stored = await storage.put_stream(
        in_chunks(content(size)), prefix=prefix, content_type=VIDEO, maximum=size
    )
    return stored.key


@pytest.mark.parametrize(
    ("start", "end"),
    [(0, None), (0, 0), (0, 1), (5, 5), (5, 700), (999, None), (999, 5_000), (1_000, None)],
)
async def test_range_is_the_slice(
    storage: Storage, store: Store, prefix: str, start: int, end: int | None
) -> None:
    key = await kept(storage, prefix, 1_000)
    assert await read(storage, key, start, end) == content(1_000)[start:end]
    assert await read(storage, key, start + 5_000, end if end is None else end + 5_000) == b""


@pytest.mark.parametrize("end", [None, 10])
async def test_empty_object_is_an_empty_stream(
    storage: Storage, store: Store, prefix: str, end: int | None
) -> None:
    key = await kept(storage, prefix, 0)
    assert await read(storage, key, 0, end) == b""


@pytest.mark.parametrize(("start", "end"), [(-1, None), (5, 4)])
async def test_range_that_cannot_be_is_refused(storage: Storage, start: int, end: int) -> None:
    with pytest.raises(ValueError, match="no bytes"):
        storage.stream(ABSENT, start, end)


async def test_reader_may_stop_early(storage: Storage, store: Store, prefix: str) -> None:
    key = await kept(storage, prefix, SINGLE + 1)
    async with aclosing(storage.stream(key)) as chunks:
        first = await anext(chunks)
    assert content(SINGLE + 1).startswith(first)
    assert 0 < len(first) <= MIB


async def test_missing_object_is_reported_and_leaves_no_file(
    storage: Storage, tmp_path: Path
) -> None:
    assert not await storage.exists(ABSENT)
    with pytest.raises(ObjectMissing, match=ABSENT):
        await storage.head(ABSENT)
    with pytest.raises(ObjectMissing, match=ABSENT):
        await read(storage, ABSENT)
    with pytest.raises(ObjectMissing, match=ABSENT):
        await storage.get_file(ABSENT, tmp_path / "copy")
    assert names(tmp_path) == []


@pytest.mark.parametrize("size", [10, SINGLE + 1])
async def test_damaged_object_does_not_replace_a_file(
    storage: Storage, store: Store, prefix: str, tmp_path: Path, size: int
) -> None:
    key = content_key(prefix, "0" * 64)
    store.put(key, content(size))
    copy = tmp_path / "copy"
    copy.write_bytes(b"what was there")
    with pytest.raises(ChecksumMismatch, match=key):
        await storage.get_file(key, copy)
    assert copy.read_bytes() == b"what was there"
    assert names(tmp_path) == ["copy"]


async def test_cancelled_file_leaves_nothing(
    storage: Storage, store: Store, prefix: str, tmp_path: Path
) -> None:
    key = await kept(storage, prefix, 2 * SINGLE)
    task = asyncio.create_task(storage.get_file(key, tmp_path / "copy"))
    while not names(tmp_path):
        assert not task.done()
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert names(tmp_path) == []


class Line:
    """A connection to the store that breaks after so many bytes, so many times."""

    def __init__(self, endpoint: str, breaks_after: int, breaks: int) -> None:
        address = urlsplit(endpoint)
        self._host, self._port = address.hostname, address.port
        self._breaks_after = breaks_after
        self._passing: set[asyncio.Task[None]] = set()
        self.breaks = breaks

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[str]:
        """The address that leads to the store through this line."""
        server = await asyncio.start_server(self._connect, "127.0.0.1", 0)
        try:
            yield "http://127.0.0.1:{1}".format(*server.sockets[0].getsockname())
        finally:
            server.close()
            # A storage that is closed has dropped its connections; one that has not waits here.
            async with asyncio.timeout(20):
                await asyncio.gather(*self._passing)

    async def _connect(self, near: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        far, store = await asyncio.open_connection(self._host, self._port)
        for source, sink, breakable in ((near, store, False), (far, client, True)):
            task = asyncio.create_task(self._pass(source, sink, breakable=breakable))
            self._passing.add(task)
            task.add_done_callback(self._passing.discard)

    async def _pass(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, breakable: bool
    ) -> None:
        passed = 0
        with suppress(ConnectionError), closing(sink):
            while data := await source.read(64 * 1024):
                passed += len(data)
                if breakable and self.breaks and passed > self._breaks_after:
                    self.breaks -= 1
                    return
                sink.write(data)
                await sink.drain()


@pytest.mark.parametrize("whole_file", [False, True])
async def test_lost_connection_is_taken_up_where_it_broke(
    storage: Storage,
    store: Store,
    settings: Settings,
    prefix: str,
    tmp_path: Path,
    whole_file: bool,
) -> None:
    size = 2 * SINGLE
    key = await kept(storage, prefix, size)
    assert settings.s3_endpoint is not None
    line = Line(settings.s3_endpoint, breaks_after=3 * MIB, breaks=3)
    async with line.serve() as endpoint:
        through = settings.model_copy(update={"s3_endpoint": endpoint})
        async with Storage(through) as fragile:
            if whole_file:
                await fragile.get_file(key, tmp_path / "copy")
                received = (tmp_path / "copy").read_bytes()
            else:
                received = await read(fragile, key)
    assert line.breaks == 0
    assert received == content(size)


async def test_line_that_brings_nothing_is_given_up(
    storage: Storage, store: Store, settings: Settings, prefix: str
) -> None:
    key = await kept(storage, prefix, SINGLE)
    assert settings.s3_endpoint is not None
    line = Line(settings.s3_endpoint, breaks_after=4096, breaks=10**9)
    async with line.serve() as endpoint:
        through = settings.model_copy(update={"s3_endpoint": endpoint})
        async with Storage(through) as fragile:
            with pytest.raises(StorageUnreachable, match="BACKLOT_S3_ENDPOINT"):
                await read(fragile, key)
