"""What runs beside the requests of an API process: following changes, and looking around."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Final

from app.core.background import end
from app.core.cache import Cache
from app.core.changes import Changes
from app.core.commands import Commands, Connections
from app.core.including import SERVED
from app.core.metrics import Metrics
from app.core.own_writes import OwnWrites
from app.core.parts import Parts
from app.core.sampling import Sampling
from app.core.slow_queries import SlowQueries
from documents.registry import COLLECTIONS
from documents.store import Listener

DECIDE_ACCESS: Final = frozenset({"users", "workspaces", "api_keys", "login_sessions", "projects"})
"""Collections that say how far somebody reaches."""


def followed() -> frozenset[str]:
    """The collections whose changes are followed: what depends on others may not be cached."""
    held = {name for name, served in SERVED.items() if served.holding is not None}
    return DECIDE_ACCESS | held


def listeners(metrics: Metrics, cache: Cache, slow: SlowQueries) -> Iterable[Listener]:
    """What the client of the document store has to be opened with."""
    commands = Commands(metrics, slow, frozenset(COLLECTIONS))
    return OwnWrites(cache, followed()), commands, Connections(metrics)


@asynccontextmanager
async def upkeep(parts: Parts, slow: SlowQueries) -> AsyncIterator[None]:
    """Follow changes and fill the metrics for as long as this is open."""
    database = parts.store.database
    alive = parts.limits.ready if parts.limits else parts.wakeups.ready
    changes = Changes(database, followed(), parts.cache, parts.metrics)
    sampling = Sampling(database, COLLECTIONS, parts.metrics, alive)
    slow.explain_with(parts.store.client.get_database)
    running = [asyncio.create_task(each) for each in (changes.follow(), sampling.run())]
    try:
        yield
    finally:
        await end(running)
        await slow.close()
