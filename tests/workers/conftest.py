"""Workers in the test's own process."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, TypeAlias

import pytest

from app.core.storage import Storage
from app.core.wakeups import Wakeups
from app.production.templates.shared import ensure_shared_templates
from app.settings import Settings
from documents.production import Task
from documents.store import Store
from documents.values import Id
from workers import jobs
from workers.providers.registry import local_providers
from workers.runtime.context import Resources
from workers.runtime.runner import Runner

__all__ = ["jobs"]  # importing it declares the handlers

Working: TypeAlias = Callable[..., AbstractAsyncContextManager[Runner]]
PATIENCE_SECONDS = 20


@pytest.fixture
async def resources(store: Store, settings: Settings) -> AsyncIterator[Resources]:
    await ensure_shared_templates(store)
    quick = settings.model_copy(update={"lease_seconds": 2.0, "sweep_seconds": 0.2})
    async with Storage(quick) as storage, Wakeups(settings.address("redis_url")) as wakeups:
        yield Resources(quick, store, storage, wakeups, local_providers())


@pytest.fixture
def working(resources: Resources) -> Working:
    """`async with working() as runner:` has a worker at work."""

    @asynccontextmanager
    async def start(**settings: Any) -> AsyncIterator[Runner]:
        changed = resources.settings.model_copy(update=settings)
        runner = Runner(
            Resources(
                changed,
                resources.store,
                resources.storage,
                resources.wakeups,
                resources.providers,
            )
        )
        running = asyncio.create_task(runner.run(grace_seconds=0.2))
        try:
            yield runner
        finally:
            runner.stop()
            await running

    return start


async def until(
    condition: Callable[[], Awaitable[bool]], patience: float = PATIENCE_SECONDS
) -> None:
    """Wait for something that comes true by itself."""
    async with asyncio.timeout(patience):
        while not await condition():
            await asyncio.sleep(0.02)


async def ended(*tasks: Task) -> list[Task]:
    """The tasks, once all of them have ended."""
    ids: list[Id] = [task.id for task in tasks]
    over = {"_id": {"$in": ids}, "status": {"$in": ["completed", "failed", "cancelled"]}}

    async def all_over() -> bool:
        return await Task.collection().count_documents(over) == len(ids)

    await until(all_over)
    found = {task.id: task for task in await Task.all_in(True, {"_id": {"$in": ids}})}
    return [found[key] for key in ids]
