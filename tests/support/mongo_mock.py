"""A store that needs no server, for document logic: mongomock-motor made to look like PyMongo.

It does not roll transactions back, knows no `$jsonSchema`, text search or change streams, and
compares no Decimal128 by range: everything about those is tested on the real server.
"""

import inspect
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import mongomock
import mongomock_motor
from mongomock.collection import BulkOperationBuilder, Collection
from mongomock.database import Database

NOT_KNOWN_TO_IT = {"comment", "hint", "authorizedCollections", "nameOnly", "maxTimeMS", "sort"}


def _leave_out_unknown(owner: type, name: str) -> None:
    """Drop the keyword arguments that PyMongo has and mongomock has not."""
    method = getattr(owner, name)
    known = inspect.signature(method).parameters

    def lenient(self: Any, *args: Any, **given: Any) -> Any:
        kept = {k: v for k, v in given.items() if k in known or k not in NOT_KNOWN_TO_IT}
        return method(self, *args, **kept)

    setattr(owner, name, lenient)


class _Session:
    """Accepts a transaction and does nothing about it."""

    async def with_transaction(self, work: Callable[[Any], Awaitable[Any]]) -> Any:
        return await work(None)

    @asynccontextmanager
    async def start_transaction(self) -> Any:
        yield self

    async def __aenter__(self) -> "_Session":
        return self

    async def __aexit__(self, *_: Any) -> None:
        return None


def mock_client() -> Any:
    """A client of an empty store in memory."""
    client: Any = mongomock_motor.AsyncMongoMockClient(tz_aware=True)
    client.start_session = lambda **_: _Session()
    client.append_metadata = lambda *_: None
    return client


mongomock.ignore_feature("session")
for _name in ("add_insert", "add_update", "add_replace", "add_delete"):
    _leave_out_unknown(BulkOperationBuilder, _name)
for _name in ("list_collection_names", "create_collection"):
    _leave_out_unknown(Database, _name)
for _name in ("bulk_write", "find_one_and_update", "distinct", "count_documents"):
    _leave_out_unknown(Collection, _name)
