"""A studio, a teller at work, and a worker that delivers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from documents.store import Store
from tests.workers.conftest import Working
from tests.workers.jobs.telling.studio import (
    Studio,
    telling,
)
from workers.runtime.context import Resources


@pytest.fixture
async def studio(store: Store) -> Studio:
    return await Studio.made()


@pytest.fixture
async def teller(store: Store, resources: Resources) -> AsyncIterator[None]:
    """One teller at work, from now on."""
    async with telling(resources):
        yield


@pytest.fixture
def delivering(working: Working) -> Working:
    """A worker that may deliver to this machine, and soon loses patience."""

    @asynccontextmanager
    async def start(**settings: Any) -> AsyncIterator[Any]:
        given = {"webhook_private": True, "webhook_timeout_seconds": 0.5, **settings}
        async with working(**given) as runner:
            yield runner

    return start
