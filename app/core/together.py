"""Records made and changed together: writes that come in the same turn of the event loop share one
transaction, as the commits of a database share one turn of its disk.

A transaction costs three round trips whatever it writes. Each write stands in it together with
what is told of it, so it is still there if, and only if, its audit entry is. Where the store
refuses one of several, each goes by itself, and only the one is refused.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from pymongo import InsertOne, UpdateOne
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.errors import ConnectionFailure, PyMongoError

from app.core.actor import Actor
from app.core.gathering import BY_ID
from app.core.parts import Parts
from app.core.recording import Change, Recorder
from documents.base import Record, StoredDocument, refusals
from documents.store import Store

MOST: Final = 32
"""Records of one transaction: bodies are up to 2 MiB, and a transaction lives five seconds."""


class _Moved(Exception):
    """Something was written meanwhile to what should be changed."""


@dataclass(frozen=True, slots=True, eq=False)
class _Write:
    operation: InsertOne[StoredDocument] | UpdateOne
    change: Change
    done: asyncio.Future[bool]


class Writes:
    """The writes of people to one collection."""

    def __init__(self, store: Store, model: type[Record], record: Recorder | None) -> None:
        self._store, self._model, self._record = store, model, record
        self._waiting: list[_Write] = []
        self._running: set[asyncio.Task[None]] = set()

    async def create(self, document: StoredDocument, actor: Actor) -> None:
        """Write the new record, and tell of it. Raises NotUnique or BrokenCheck."""
        change = Change.of(actor, self._model, None, document)
        await self._written(InsertOne(document), change)

    async def change(
        self, before: StoredDocument, update: StoredDocument, after: StoredDocument, actor: Actor
    ) -> bool:
        """Make the update, and tell of it, unless others have written to the record meanwhile.

        Answers whether it was made. Raises NotUnique or BrokenCheck.
        """
        same = {name: {"$eq": before[name]} for name in _outermost(update) if name in before}
        query = {**same, "_id": before["_id"], "deleted_at": None}
        change = Change.of(actor, self._model, before, after)
        return await self._written(UpdateOne(query, update, hint=BY_ID), change)

    async def _written(
        self, operation: InsertOne[StoredDocument] | UpdateOne, change: Change
    ) -> bool:
        loop = asyncio.get_running_loop()
        if not self._waiting:
            loop.call_soon(self._send)
        write = _Write(operation, change, loop.create_future())
        self._waiting.append(write)
        return await write.done

    def _send(self) -> None:
        waiting = [each for each in self._waiting if not each.done.done()]
        self._waiting.clear()
        while waiting:
            # Two changes of one record don't go together: the second has to see the first.
            some = {each.change.id: each for each in reversed(waiting)}
            together = [each for each in waiting if some[each.change.id] is each][:MOST]
            waiting = [each for each in waiting if each not in together]
            task = asyncio.create_task(self._write(together))
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    async def _write(self, together: Sequence[_Write]) -> None:
        try:
            await self._store.in_transaction(partial(self._writing, together))
        except Exception as exc:
            if len(together) > 1 and not _may_be_written(exc):
                await asyncio.gather(*(self._write([each]) for each in together))
                return
            for each in together:
                if not each.done.done():
                    _end(each.done, exc)
        except BaseException:
            for each in together:
                each.done.cancel()
            raise
        else:
            for each in together:
                if not each.done.done():
                    each.done.set_result(True)

    async def _writing(self, together: Sequence[_Write], session: AsyncClientSession) -> None:
        operations = [each.operation for each in together]
        with refusals(self._model.collection_name()):
            result = await self._model.collection().bulk_write(operations, session=session)
        if result.inserted_count + result.matched_count < len(together):
            raise _Moved
        if self._record is not None:
            await self._record(session, *(each.change for each in together))


def _end(done: asyncio.Future[bool], error: Exception) -> None:
    if isinstance(error, _Moved):
        done.set_result(False)
    else:
        done.set_exception(error)


def writes(parts: Parts, model: type[Record]) -> Writes:
    """Where records of this class are written."""
    place = (model.collection_name(), parts.record)
    found = parts.writes.get(place)
    if found is None:
        found = parts.writes[place] = Writes(parts.store, model, parts.record)
    return found


def _outermost(update: StoredDocument) -> set[str]:
    """The fields in which the update changes something: all of them move the record's dates."""
    return {name.partition(".")[0] for changed in update.values() for name in changed}


def _may_be_written(error: Exception) -> bool:
    """Whether the transaction may have been committed all the same."""
    return isinstance(error, ConnectionFailure) or (
        isinstance(error, PyMongoError) and error.has_error_label("UnknownTransactionCommitResult")
    )
