"""The application on the real servers."""

from collections.abc import AsyncIterator

import httpx
import pytest
from pydantic import SecretStr

from app.core.parts import Parts
from app.core.storage import Storage
from app.core.wakeups import Wakeups
from app.main import parts_with
from app.settings import Settings
from documents.store import Store
from tests.app.support import TOKEN_KEY, World, client_of


@pytest.fixture(scope="session")
def api_settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"token_key": SecretStr(TOKEN_KEY)})


@pytest.fixture(scope="session")
async def _storage(api_settings: Settings) -> AsyncIterator[Storage]:
    async with Storage(api_settings) as storage:
        yield storage


@pytest.fixture(scope="session")
async def _wakeups(api_settings: Settings) -> AsyncIterator[Wakeups]:
    assert api_settings.redis_url
    async with Wakeups(api_settings.redis_url) as wakeups:
        yield wakeups


@pytest.fixture
async def parts(
    api_settings: Settings, store: Store, _storage: Storage, _wakeups: Wakeups
) -> AsyncIterator[Parts]:
    """What the application works with; a test may exchange one of them."""
    made = parts_with(api_settings, store, _storage, _wakeups)
    yield made
    await made.identity.throttle.close()


@pytest.fixture
async def http(parts: Parts) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the application, signed in as nobody."""
    async with client_of(parts) as client:
        yield client


@pytest.fixture
async def world(parts: Parts) -> World:
    """A studio and the people around it."""
    return await World.made()
