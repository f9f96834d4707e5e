"""Opening the document store, and writing several records as one."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final, Self, TypeAlias, TypeVar

import pymongo
from beanie import init_beanie
from pymongo import AsyncMongoClient
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.monitoring import CommandListener, ConnectionPoolListener

from documents.base import StoredDocument
from documents.registry import COLLECTIONS
from documents.values import TYPES

Result = TypeVar("Result")
Listener: TypeAlias = CommandListener | ConnectionPoolListener
CLOSE_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True)
class Store:
    """An open document store; the document classes are bound to it."""

    client: AsyncMongoClient[StoredDocument]
    database: AsyncDatabase[StoredDocument]

    @classmethod
    async def open(cls, uri: str, database: str, listeners: Iterable[Listener] = ()) -> Self:
        """Connect and bind the document classes; indexes are the migration's business.

        The listeners are told of this client's commands and connections.
        """
        client: AsyncMongoClient[StoredDocument] = AsyncMongoClient(
            uri,
            tz_aware=True,
            type_registry=TYPES,
            w="majority",
            retryWrites=True,
            serverSelectionTimeoutMS=10_000,
            waitQueueTimeoutMS=10_000,
            event_listeners=[*listeners],
        )
        try:
            await init_beanie(
                client[database],
                document_models=[*COLLECTIONS.values()],
                skip_indexes=True,
            )
        except BaseException:
            await client.close()
            raise
        return cls(client, client[database])

    async def close(self) -> None:
        """Close the connections.

        The driver tells the server which sessions are over, and without the bound would look for a
        server that is gone for as long as any other request does.
        """
        with pymongo.timeout(CLOSE_SECONDS):
            await self.client.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: Any) -> None:
        await self.close()

    async def in_transaction(
        self, work: Callable[[AsyncClientSession], Awaitable[Result]]
    ) -> Result:
        """All that `work` writes with the session, or none of it; run again on a conflict."""
        async with self.client.start_session() as session:
            return await session.with_transaction(work)
