"""Mails go to a folder of the tests, and what the throttle counted is forgotten in between."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import SecretStr
from redis.asyncio import Redis

from app.identity.throttle import PREFIX
from app.settings import Settings
from tests.app.identity.support import Mails
from tests.app.support import TOKEN_KEY


@pytest.fixture(scope="session")
def api_settings(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    data: Path = tmp_path_factory.mktemp("data")
    return settings.model_copy(update={"token_key": SecretStr(TOKEN_KEY), "data": data})


@pytest.fixture(autouse=True)
async def redis(settings: Settings) -> AsyncIterator[Redis]:
    """Where attempts are counted; nothing is counted yet."""
    assert settings.redis_url
    async with Redis.from_url(settings.redis_url, decode_responses=True) as client:
        counted = [key async for key in client.scan_iter(f"{PREFIX}:*")]
        if counted:
            await client.delete(*counted)
        yield client


@pytest.fixture
def mails(api_settings: Settings) -> Mails:
    """What was sent since the test began."""
    found = Mails(api_settings.data / "outbox")
    found.forget()
    return found
