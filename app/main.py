"""The application: `uvicorn app.main:application --factory` serves it."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from importlib.metadata import version
from typing import Any, Final, TypeAlias

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from app.api import router
from app.core import errors, health
from app.core.actor import Actor
from app.core.cursors import Cursors
from app.core.parts import Parts, keep, reading_of
from app.core.request_ids import RequestIds
from app.core.storage import Storage
from app.core.wakeups import Wakeups
from app.identity.service import actor_of
from app.identity.tokens import Tokens, token_key
from app.settings import Settings
from documents.store import Store

Opener: TypeAlias = Callable[[Settings], AbstractAsyncContextManager[Parts]]

DESCRIPTION: Final = (
    "One back end for studios that make media with AI. "
    "Errors are `application/problem+json` with a stable `code`."
)


def application() -> FastAPI:
    """The application by the settings of the environment."""
    return create_app(Settings())


@asynccontextmanager
async def open_parts(settings: Settings) -> AsyncIterator[Parts]:
    """Connect to the servers. Raises NotConfigured, or StorageError without an object store."""
    async with AsyncExitStack() as opened:
        address, database = settings.address("mongo_uri"), settings.mongo_database
        redis_url = settings.address("redis_url")
        store = await opened.enter_async_context(await Store.open(address, database))
        storage = await opened.enter_async_context(Storage(settings))
        wakeups = await opened.enter_async_context(Wakeups(redis_url))
        yield parts_with(settings, store, storage, wakeups)


def parts_with(settings: Settings, store: Store, storage: Storage, wakeups: Wakeups) -> Parts:
    """The parts on these open servers. Raises NotConfigured."""
    tokens = Tokens.of(settings)

    async def authenticate(token: str) -> Actor:
        return await actor_of(tokens.user_of(token))

    return Parts(
        settings=settings,
        store=store,
        storage=storage,
        wakeups=wakeups,
        authenticate=authenticate,
        cursors=Cursors(token_key(settings)),
        reading=reading_of(store),
    )


def create_app(settings: Settings, opened: Opener = open_parts) -> FastAPI:
    """The application; its parts are open while it runs. Raises NotConfigured."""
    token_key(settings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with opened(settings) as parts:
            keep(app, parts)
            yield

    app = FastAPI(
        title="Backlot", version=version("backlot"), description=DESCRIPTION, lifespan=lifespan
    )
    app.state.probes = health.probes()
    errors.install(app)
    app.add_middleware(errors.UnexpectedErrors)
    app.add_middleware(RequestIds)
    app.include_router(health.router)
    app.include_router(router())
    app.openapi = lambda: _described(app)  # type: ignore[method-assign]
    return app


def _described(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI page, with the problem that every refusal is."""
    if app.openapi_schema is None:
        page = get_openapi(
            title=app.title,
            version=app.version,
            description=app.description,
            routes=app.routes,
        )
        _, described = models_json_schema(
            [(errors.Problem, "serialization")], ref_template="#/components/schemas/{model}"
        )
        schemas = page.setdefault("components", {}).setdefault("schemas", {})
        schemas |= described["$defs"]
        for unused in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unused, None)
        app.openapi_schema = page
    return app.openapi_schema
