"""Every route of the API, in the order in which they are tried."""

from itertools import chain
from typing import Final

from fastapi import APIRouter

from app.core.resource import Resource
from app.films.resources import RESOURCES as FILMS
from app.identity.resources import RESOURCES as IDENTITY
from app.identity.routes import router as identity_routes
from app.library.resources import RESOURCES as LIBRARY
from app.library.routes import router as library_routes
from app.production.resources import RESOURCES as PRODUCTION

PREFIX: Final = "/api/v1"
RESOURCES: Final[tuple[Resource, ...]] = tuple(chain(IDENTITY, FILMS, LIBRARY, PRODUCTION))
"""Every collection that clients reach by the plain routes."""


def router() -> APIRouter:
    """All of them below `/api/v1`; what is written by hand goes before the plain routes."""
    routes = APIRouter(prefix=PREFIX)
    for each in (identity_routes, library_routes, *(resource.router for resource in RESOURCES)):
        routes.include_router(each)
    return routes
