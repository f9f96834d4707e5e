"""What a process of the API holds open, in one typed object."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Final, TypeAlias, cast

from bson.codec_options import CodecOptions
from fastapi import Depends, FastAPI, Request
from pymongo.asynchronous.collection import AsyncCollection

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
    reading: Mapping[str, Collection]
    """The collections by name, as the answers read them."""


def reading_of(store: Store) -> dict[str, Collection]:
    """Handles for the fast way from BSON to JSON."""
    return {name: store.database.get_collection(name, NAIVE) for name in COLLECTIONS}


def keep(app: FastAPI, parts: Parts) -> None:
    """Let the routes of the application find its parts."""
    app.state.parts = parts


def parts_of(request: Request) -> Parts:
    """The parts of the application that serves this request."""
    return cast(Parts, request.app.state.parts)


CurrentParts = Annotated[Parts, Depends(parts_of)]
