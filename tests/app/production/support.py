"""The routes of this domain on an application of their own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from fastapi import APIRouter, FastAPI

from app.core import errors
from app.core.parts import Parts, keep
from app.production.insight_routes import router as insight_routes
from app.production.resources import RESOURCES
from app.production.template_routes import router as template_routes
from app.production.template_routes import uploads as template_uploads
from tests.app.support import API


@asynccontextmanager
async def client_of(parts: Parts) -> AsyncIterator[httpx.AsyncClient]:
    """A client of these routes alone, signed in as nobody."""
    app = FastAPI()
    errors.install(app)
    routes = APIRouter(prefix=API)
    plain = (resource.router for resource in RESOURCES)
    for each in (template_uploads, template_routes, insight_routes, *plain):
        routes.include_router(each)
    app.include_router(routes)
    keep(app, parts)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client
