"""API processes with live views."""

from collections.abc import AsyncIterator

import pytest

from app.core.parts import Parts
from tests.app.live.support import serving


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The other tests' writes stand in the same history, so reading it may take its time."""
    monkeypatch.setattr("app.live.live.PATIENCE", 25.0)
    monkeypatch.setattr("app.live.live.HISTORY_SECONDS", (60, 10))


@pytest.fixture
async def address(parts: Parts) -> AsyncIterator[str]:
    """Of an API process."""
    async with serving(parts) as found:
        yield found


@pytest.fixture
async def other_address(parts: Parts) -> AsyncIterator[str]:
    """Of another one on the same store."""
    async with serving(parts) as found:
        yield found
