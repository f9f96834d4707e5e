"""Mails go to a folder of the test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.core.parts import Parts
from app.core.storage import Storage
from app.core.wakeups import Wakeups
from app.main import parts_with
from app.settings import Settings
from documents.store import Store


@pytest.fixture
async def parts(
    api_settings: Settings, store: Store, _storage: Storage, _wakeups: Wakeups, tmp_path: Path
) -> AsyncIterator[Parts]:
    """Those of other tests, but mails go to a folder of this test."""
    settings = api_settings.model_copy(update={"data": tmp_path})
    made = parts_with(settings, store, _storage, _wakeups)
    yield made
    await made.identity.throttle.close()
