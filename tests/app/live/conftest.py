"""API processes with live views."""

from collections.abc import AsyncIterator

import pytest

from app.core.parts import Parts
from tests.app.live.support import serving


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
