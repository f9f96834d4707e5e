"""The routes of telling, with the parts of the application."""

from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import APIRouter, FastAPI

from app.api import PREFIX
from app.core import errors
from app.core.encryption import Encryption
from app.core.parts import Parts, keep
from app.core.request_ids import RequestIds
from app.telling.resources import RESOURCES
from app.telling.routes import router


@pytest.fixture
async def telling(parts: Parts) -> AsyncIterator[httpx.AsyncClient]:
    """A client of these routes, signed in as nobody."""
    routes = APIRouter(prefix=PREFIX)
    for each in (router, *(resource.router for resource in RESOURCES)):
        routes.include_router(each)
    app = FastAPI()
    errors.install(app)
    app.add_middleware(RequestIds)
    app.include_router(routes)
    keep(app, parts)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


@pytest.fixture
def encryption(parts: Parts) -> Encryption:
    """As the application encrypts."""
    return Encryption.of(parts.settings)
