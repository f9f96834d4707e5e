"""What a process of the API holds open, in one typed object."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Final, TypeAlias, cast

from bson.codec_options import CodecOptions
from fastapi import Depends, FastAPI, Request
from pymongo.asynchronous.collection import AsyncCollection
from starlette.types import Scope

from app.core.cursors import Cursors
from app.core.storage import Storage
from app.core.wakeups import Wakeups
from app.settings import Settings
from documents.base import StoredDocument
from documents.registry import COLLECTIONS
from documents.store import Store
from documents.values import TYPES

if TYPE_CHECKING:
    from app.core.actor import Actor
    from app.core.cache import Cache
    from app.core.gathering import Gathering
    from app.core.metrics import Metrics
    from app.core.recording import Recorder
    from app.core.together import Writes
    from app.identity.parts import IdentityParts
    from app.library.search.searching import Search
    from app.limits.service import Limits
    from app.live.live import Live

Collection: TypeAlias = AsyncCollection[StoredDocument]
Authenticate: TypeAlias = "Callable[[str], Awaitable[Actor]]"
"""From a bearer token to the actor; raises NotSignedIn."""

NAIVE: Final[CodecOptions[StoredDocument]] = CodecOptions(tz_aware=False, type_registry=TYPES)
"""For reading only: a third faster, and JSON says that the times are UTC anyway."""


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything that a route may need from outside."""

    settings: Settings
    store: Store
    storage: Storage
    wakeups: Wakeups
    authenticate: Authenticate
    cursors: Cursors
    live: "Live"
    reading: Mapping[str, Collection]
    """The collections by name, as the answers read them."""
    metrics: "Metrics"
    cache: "Cache"
    identity: "IdentityParts"
    search: "Search"
    limits: "Limits | None" = None
    """None: whoever asks may ask as much as he likes."""
    record: "Recorder | None" = None
    """Told of every change that people make by the plain routes; None: nobody keeps it."""
    gathered: "dict[str, Gathering]" = field(default_factory=dict)
    """Reads by id that go together, by collection."""
    writes: "dict[tuple[str, Recorder | None], Writes]" = field(default_factory=dict)
    """Writes that go together, by collection and by who is told of them."""


def reading_of(store: Store) -> dict[str, Collection]:
    """Handles for the fast way from BSON to JSON."""
    return {name: store.database.get_collection(name, NAIVE) for name in COLLECTIONS}


def keep(app: FastAPI, parts: Parts) -> None:
    """Let the routes of the application find its parts."""
    app.state.parts = parts


def parts_of(request: Request) -> Parts:
    """The parts of the application that serves this request."""
    return cast(Parts, request.app.state.parts)


def parts_in(scope: Scope) -> Parts:
    """The same for code that sees no request object."""
    return cast(Parts, scope["app"].state.parts)


async def current_parts(request: Request) -> Parts:
    """The same as a dependency: FastAPI sends those that are not `async` to a thread."""
    return parts_of(request)


CurrentParts = Annotated[Parts, Depends(current_parts)]
