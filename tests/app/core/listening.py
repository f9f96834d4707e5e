"""A process of the API as the cache sees it: it hears of its own writes, and may follow others'."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from beanie import init_beanie
from pymongo import AsyncMongoClient

from app.core.background import end
from app.core.cache import Cache
from app.core.changes import Changes
from app.core.metrics import Metrics
from app.core.own_writes import OwnWrites
from app.core.upkeep import followed
from app.settings import Settings
from documents.registry import MODELS
from documents.store import Store
from documents.values import TYPES
from tests.app.core.support import until

MODELS_BOUND: list[Any] = [*MODELS]


async def bind_again(store: Store) -> None:
    """Point the document classes at this store, after another was opened."""
    await init_beanie(store.database, document_models=MODELS_BOUND, skip_indexes=True)


@asynccontextmanager
async def listening(settings: Settings, store: Store, cache: Cache) -> AsyncIterator[Store]:
    """A client of the same database whose writes the cache hears of.

    The document classes are bound to it meanwhile.
    """
    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(
        settings.address("mongo_uri"),
        tz_aware=True,
        type_registry=TYPES,
        w="majority",
        event_listeners=[OwnWrites(cache, followed())],
    )
    own = Store(client, client[store.database.name])
    await bind_again(own)
    try:
        yield own
    finally:
        await bind_again(store)
        await client.close()


@asynccontextmanager
async def following(store: Store, cache: Cache, metrics: Metrics) -> AsyncIterator[None]:
    """The cache is told what anybody writes."""
    changes = Changes(store.database, followed(), cache, metrics)
    running = asyncio.create_task(changes.follow())
    await until(lambda: cache.trusted)
    try:
        yield
    finally:
        await end([running])
