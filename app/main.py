"""The application: `uvicorn app.main:application --factory` serves it."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from importlib.metadata import version
from typing import Any, Final, TypeAlias

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from app.api import PREFIX, router, routers
from app.audit.sealing import sealing
from app.audit.service import record
from app.authentication import Authentication
from app.core import doors, errors, health, metrics, openapi, pages, serving, switchboard
from app.core.cache import Cache
from app.core.cursors import Cursors
from app.core.encryption import Encryption
from app.core.metrics import Metrics
from app.core.parts import Parts, keep, reading_of
from app.core.slow_queries import SlowQueries
from app.core.storage import Storage
from app.core.tracing import telemetry
from app.core.upkeep import listeners, upkeep
from app.core.wakeups import Wakeups
from app.identity.parts import IdentityParts
from app.identity.tokens import Tokens, token_key
from app.library.search.searching import Search
from app.limits.service import Limits, RateLimited, open_limits
from app.limits.sizes import HeadersTooLong
from app.live.live import Live
from app.settings import Settings
from documents.store import Store

Opener: TypeAlias = Callable[[Settings], AbstractAsyncContextManager[Parts]]

DESCRIPTION: Final = (
    "One back end for studios that make media with AI. "
    "Errors are `application/problem+json` with a stable `code`."
)
AT_THE_DOOR: Final = {
    str(status): described
    for status, described in errors.documented(RateLimited, HeadersTooLong).items()
}
"""Answers that any route of the API may give."""


def application() -> FastAPI:
    """The application by the settings of the environment, in a process of its own."""
    app = create_app(Settings())
    serving.leave_out_of_collections()
    return app


@asynccontextmanager
async def open_parts(settings: Settings) -> AsyncIterator[Parts]:
    """Connect to the servers. Raises NotConfigured, or StorageError without an object store."""
    async with AsyncExitStack() as opened:
        address, database = settings.address("mongo_uri"), settings.mongo_database
        redis_url = settings.address("redis_url")
        measured, slow = Metrics(), SlowQueries(settings.slow_query_ms)
        cache = Cache(measured)
        told = listeners(measured, cache, slow)
        store = await opened.enter_async_context(await Store.open(address, database, told))
        storage = await opened.enter_async_context(Storage(settings))
        wakeups = await opened.enter_async_context(Wakeups(redis_url))
        limits = None
        if settings.rate_limits:
            limits = await opened.enter_async_context(open_limits(settings, measured))
        parts = parts_with(
            settings, store, storage, wakeups, measured=measured, cache=cache, limits=limits
        )
        opened.push_async_callback(parts.identity.throttle.close)
        await opened.enter_async_context(upkeep(parts, slow))
        yield parts


def parts_with(
    settings: Settings,
    store: Store,
    storage: Storage,
    wakeups: Wakeups,
    *,
    measured: Metrics | None = None,
    cache: Cache | None = None,
    limits: Limits | None = None,
) -> Parts:
    """The parts on these open servers. Raises NotConfigured."""
    measured = Metrics() if measured is None else measured
    if cache is None:  # an empty one is false
        # Nobody tells this one of changes, so it is passed by.
        cache = Cache(measured)
    authenticate = Authentication(Tokens.of(settings), cache, limits)
    reading = reading_of(store)
    return Parts(
        settings=settings,
        store=store,
        storage=storage,
        wakeups=wakeups,
        authenticate=authenticate,
        cursors=Cursors(token_key(settings)),
        reading=reading,
        live=Live(store, reading, authenticate),
        metrics=measured,
        cache=cache,
        identity=IdentityParts.of(settings),
        search=Search(settings, store, reading["media"]),
        limits=limits,
        record=record,
    )


def create_app(settings: Settings, opened: Opener = open_parts) -> FastAPI:
    """The application; its parts are open while it runs. Raises NotConfigured."""
    token_key(settings)
    Encryption.of(settings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with opened(settings) as parts, parts.live, parts.search, sealing():
            keep(app, parts)
            yield

    app = FastAPI(
        title="Backlot",
        version=version("backlot"),
        description=DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        telemetry=telemetry(),
    )
    app.state.probes = health.probes()
    errors.install(app)
    doors.install(app, settings, PREFIX)
    pages.install(app)
    app.include_router(health.router)
    app.include_router(metrics.router)
    app.include_router(router())
    switchboard.install(app, PREFIX, routers())
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
        for path, operations in page["paths"].items():
            if path.startswith(PREFIX):
                for operation in operations.values():
                    operation["responses"] |= AT_THE_DOOR
        openapi.complete(page)
        app.openapi_schema = page
    return app.openapi_schema
