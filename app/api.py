"""Every route of the API, in the order in which they are tried."""

from itertools import chain
from typing import Final

from fastapi import APIRouter

from app.ads.resources import RESOURCES as ADS
from app.assistant.resources import RESOURCES as ASSISTANT
from app.audit.resources import RESOURCES as AUDIT
from app.audit.routes import router as audit_routes
from app.campaigns.resources import RESOURCES as CAMPAIGNS
from app.channels.freshness import ChannelMaker
from app.channels.job_routes import router as job_routes
from app.channels.resources import RESOURCES as CHANNELS
from app.channels.routes import router as channel_routes
from app.core.resource import Resource
from app.factory.resources import RESOURCES as FACTORY
from app.films.character_routes import router as character_routes
from app.films.freshness import FilmMaker
from app.films.guest_routes import router as guest_routes
from app.films.making_routes import router as making_routes
from app.films.project_routes import router as project_routes
from app.films.resources import RESOURCES as FILMS
from app.films.review_routes import router as review_routes
from app.films.scene_routes import router as scene_routes
from app.films.script_routes import router as script_routes
from app.films.story_routes import router as story_routes
from app.identity.resources import RESOURCES as IDENTITY
from app.identity.routes import router as identity_routes
from app.library.derivatives import router as derivative_routes
from app.library.duplicates import router as duplicate_routes
from app.library.lineage import register
from app.library.lineage.routes import router as lineage_routes
from app.library.link_routes import router as link_routes
from app.library.resources import RESOURCES as LIBRARY
from app.library.routes import router as library_routes
from app.library.search.routes import router as search_routes
from app.library.trash_routes import router as trash_routes
from app.library.uploads.routes import router as upload_routes
from app.library.usage_routes import router as usage_routes
from app.live.routes import router as live_routes
from app.production.insight_routes import router as insight_routes
from app.production.resources import RESOURCES as PRODUCTION
from app.production.routes import router as production_routes
from app.production.template_routes import router as template_routes
from app.production.template_routes import uploads as template_uploads
from app.publishing.resources import RESOURCES as PUBLISHING
from app.telling.resources import RESOURCES as TELLING
from app.telling.routes import router as telling_routes

PREFIX: Final = "/api/v1"
LINES: Final = (
    *(IDENTITY, AUDIT, LIBRARY, PRODUCTION, PUBLISHING, ASSISTANT, TELLING),
    *(FILMS, CAMPAIGNS, CHANNELS, ADS, FACTORY),
)
RESOURCES: Final[tuple[Resource, ...]] = tuple(chain.from_iterable(LINES))
"""Every collection that clients reach by the plain routes."""


# Lines that can make their files again when these are out of date.
register(ChannelMaker())
register(FilmMaker())


def routers() -> list[APIRouter]:
    """What is written by hand goes before the plain routes."""
    written = (
        *(identity_routes, audit_routes, library_routes, live_routes, telling_routes),
        *(search_routes, derivative_routes, duplicate_routes, lineage_routes),
        *(upload_routes, link_routes, trash_routes, usage_routes),
        *(production_routes, insight_routes, template_routes, template_uploads),
        *(channel_routes, job_routes, character_routes),
        *(making_routes, story_routes, script_routes, scene_routes),
        *(project_routes, review_routes, guest_routes),
    )
    return [*written, *(resource.router for resource in RESOURCES)]


def router() -> APIRouter:
    """All of them below `/api/v1`."""
    routes = APIRouter(prefix=PREFIX)
    for each in routers():
        routes.include_router(each)
    return routes
