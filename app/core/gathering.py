"""Reads by id, gathered: those that come in the same turn of the event loop go as one query.

A query for one record costs the process some fifteen times what one more record in a query costs.
Whoever asks is answered from a query that was sent after he asked, so nothing is older than it
would be otherwise, and nobody waits for others to come. Who reaches a record is decided here, by
the filter of his own.
"""

import asyncio
from collections.abc import Mapping
from copy import deepcopy
from itertools import islice
from typing import Any, Final, TypeAlias

from app.core.access import reaches
from app.core.parts import Collection, Parts
from documents.base import Record, Scope, StoredDocument, within
from documents.values import Id

MOST: Final = 100
"""Records of one query."""
TESTS: Final = frozenset({"$in", "$ne"})
"""What of a filter is understood here; others are left to the store."""

BY_ID: Final = [("_id", 1)]
"""Named, this index spares the store to weigh the others."""

Fields: TypeAlias = frozenset[str] | None
"""None: the whole record."""
Waiting: TypeAlias = dict[Id, list[asyncio.Future[StoredDocument | None]]]


class Gathering:
    """The reads by id of one collection."""

    def __init__(self, source: Collection) -> None:
        self._source = source
        self._waiting: dict[Fields, Waiting] = {}
        self._running: set[asyncio.Task[None]] = set()

    async def one(
        self, key: Id, scope: Scope, projection: Mapping[str, int] | None
    ) -> StoredDocument | None:
        """These fields of the living record, or None where the scope does not reach it.

        Without a projection all fields.
        """
        if scope is False:
            return None
        tested = [] if scope is True else untold(scope, projection)
        if tested is None:
            query = within(scope, {"_id": key})
            return await self._source.find_one(query, projection, hint=BY_ID)
        fields = None if projection is None else frozenset((*projection, *tested))
        document = await self._gathered(key, fields)
        if document is None or not reaches(scope, document):
            return None
        for name in tested:
            document.pop(name, None)
        return document

    def _gathered(self, key: Id, fields: Fields) -> asyncio.Future[StoredDocument | None]:
        loop = asyncio.get_running_loop()
        waiting = self._waiting.get(fields)
        if waiting is None:
            waiting = self._waiting[fields] = {}
            loop.call_soon(self._send, fields)
        future: asyncio.Future[StoredDocument | None] = loop.create_future()
        waiting.setdefault(key, []).append(future)
        return future

    def _send(self, fields: Fields) -> None:
        waiting = iter(self._waiting.pop(fields).items())
        while some := dict(islice(waiting, MOST)):
            task = asyncio.create_task(self._fetch(fields, some))
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    async def _fetch(self, fields: Fields, waiting: Waiting) -> None:
        keys = [*waiting]
        query = {"_id": keys[0] if len(keys) == 1 else {"$in": keys}, "deleted_at": None}
        try:
            shown = None if fields is None else dict.fromkeys(fields, 1)
            found = self._source.find(query, shown, hint=BY_ID)
            rows = {row["_id"]: row for row in await found.to_list()}
        except BaseException as exc:
            for futures in waiting.values():
                for future in futures:
                    if not future.done():
                        future.set_exception(exc)
            if not isinstance(exc, Exception):
                raise
            return
        for key, futures in waiting.items():
            row = rows.get(key)
            for number, future in enumerate(futures):
                if not future.done():
                    # Whoever gets it may change it.
                    future.set_result(deepcopy(row) if number else row)


def untold(scope: Mapping[str, Any], projection: Mapping[str, int] | None) -> list[str] | None:
    """The fields that the filter tests and the projection lacks; None where it is for the store."""
    missing: list[str] = []
    for name, test in scope.items():
        if name == "$or":
            for each in test:
                if (more := untold(each, projection)) is None:
                    return None
                missing += more
        elif isinstance(test, Mapping) and not test.keys() <= TESTS:
            return None
        elif not (projection is None or {name, name.partition(".")[0]} & {"_id", *projection}):
            if "." in name:
                return None
            missing.append(name)
    return missing


def gathering(parts: Parts, name: str) -> Gathering:
    """Reads of this collection, as the answers read it."""
    found = parts.gathered.get(name)
    if found is None:
        found = parts.gathered[name] = Gathering(parts.reading[name])
    return found


def gathering_whole(parts: Parts, model: type[Record]) -> Gathering:
    """Reads of whole records of this class, as their models take them."""
    name = f"{model.collection_name()} whole"
    found = parts.gathered.get(name)
    if found is None:
        found = parts.gathered[name] = Gathering(model.collection())
    return found
