"""The open store: values survive it, and several writes are one."""

import asyncio
import gc
import socket
import sys
import warnings
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from urllib.parse import urlsplit, urlunsplit

import pytest
from pymongo import AsyncMongoClient
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.errors import PyMongoError, ServerSelectionTimeoutError

from app.settings import Settings
from documents.base import StoredDocument
from documents.films import Project
from documents.ledger import GenerationCost
from documents.library import Media
from documents.store import Store
from documents.values import to_vector
from tests.factories.records import valid


async def test_what_pydantic_takes_the_store_gives_back(store: Store) -> None:
    media = valid(Media, embedding=[0.5, -1.25], embedding_model="one")
    cost = valid(GenerationCost, amount="0.000000000001", currency="EUR")
    await media.insert()
    await cost.insert()
    assert await Media.one_in(True, media.id) == media
    assert await GenerationCost.one_in(True, cost.id) == cost
    assert media.embedding == to_vector([0.5, -1.25])


async def test_all_of_a_transaction_is_written(store: Store) -> None:
    first, second = valid(Project), valid(Project)

    async def together(session: AsyncClientSession) -> str:
        await first.insert(session=session)
        await second.insert(session=session)
        return "done"

    assert await store.in_transaction(together) == "done"
    assert await Project.collection().count_documents({}) == 2


async def test_none_of_a_transaction_stays_when_it_fails(store: Store) -> None:
    async def together(session: AsyncClientSession) -> None:
        await valid(Project).insert(session=session)
        assert await Project.collection().count_documents({}, session=session) == 1
        raise RuntimeError("half-way")

    with pytest.raises(RuntimeError, match="half-way"):
        await store.in_transaction(together)
    assert await Project.collection().count_documents({}) == 0


async def test_transactions_on_one_record_come_one_after_the_other(store: Store) -> None:
    project = await valid(Project, episode_count=1).insert()

    async def raise_by_one(session: AsyncClientSession) -> None:
        found = await Project.first_in(True, {"_id": project.id}, session)
        assert found is not None
        await asyncio.sleep(0.02)
        values = {"$set": {"episode_count": found.episode_count + 1}}
        await Project.advance_one({"_id": project.id}, values, session)

    await asyncio.gather(*(store.in_transaction(raise_by_one) for _ in range(4)))
    after = await Project.one_in(True, project.id)
    assert after is not None
    assert after.episode_count == 5


async def test_an_address_that_is_none_raises_what_the_driver_raises(store: Store) -> None:
    with pytest.raises(PyMongoError):
        await Store.open("mongodb://", "backlot")


CLOSING = """
import asyncio, sys
from pymongo import AsyncMongoClient
from documents.store import Store

async def main():
    client = AsyncMongoClient(sys.argv[1], serverSelectionTimeoutMS=10_000)
    await client["somewhere"]["something"].find_one({})
    print("connected", flush=True)
    sys.stdin.readline()
    async with asyncio.timeout(8):
        await Store(client, client["somewhere"]).close()

asyncio.run(main())
"""


@asynccontextmanager
async def passing_on(host: str, port: int) -> AsyncIterator[int]:
    """A port that leads to the server, and to nothing any more once the block is left."""
    open_now: set[asyncio.StreamWriter] = set()
    serving: set[asyncio.Task[None]] = set()

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65_536):
                writer.write(data)
                await writer.drain()
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        open_now.add(writer)
        there, back = await asyncio.open_connection(host, port)
        open_now.add(back)
        await asyncio.gather(pump(reader, back), pump(there, writer))

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.add(asyncio.create_task(serve(reader, writer)))

    server = await asyncio.start_server(accept, "127.0.0.1")
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for each in serving:
            each.cancel()
        await asyncio.gather(*serving, return_exceptions=True)
        for writer in open_now:
            writer.transport.abort()
        await server.wait_closed()


@contextmanager
def deaf_port() -> Iterator[int]:
    """A port where connects are begun and never answered: its queue is full."""
    with ExitStack() as opened:
        listening = opened.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(3):
            waiting = opened.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listening.getsockname())
        yield listening.getsockname()[1]


async def test_client_closed_while_it_connects_leaves_no_socket() -> None:
    """Which would fail another test: whichever runs when it is collected."""
    with deaf_port() as port, warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", ResourceWarning)
        client: AsyncMongoClient[StoredDocument] = AsyncMongoClient(
            "127.0.0.1", port, serverSelectionTimeoutMS=200
        )
        with pytest.raises(ServerSelectionTimeoutError):
            await client.admin.command("ping")
        await client.close()
        del client
        await asyncio.sleep(0)
        gc.collect()
    assert [str(each.message) for each in told] == []


async def test_closing_does_not_wait_for_a_server_that_is_gone(settings: Settings) -> None:
    """Its own requests would wait for ten seconds.

    In a process of its own: PyMongo leaves a socket open when it is closed while it tries to
    connect again.
    """
    address = urlsplit(settings.address("mongo_uri"))
    assert address.hostname
    assert address.port
    pipe = asyncio.subprocess.PIPE
    async with passing_on(address.hostname, address.port) as port:
        uri = urlunsplit(address._replace(netloc=f"127.0.0.1:{port}"))
        command = [sys.executable, "-c", CLOSING, uri]
        closing = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe)
        assert closing.stdout is not None
        assert await closing.stdout.readline() == b"connected\n"
    await closing.communicate(b"the server is gone\n")
    assert closing.returncode == 0
