"""Making, changing and deleting records for people."""

from collections.abc import Mapping
from typing import Any, Final

from fastapi import Request, Response
from pydantic import BaseModel, ValidationError
from pymongo import ReturnDocument
from pymongo.asynchronous.client_session import AsyncClientSession
from starlette.background import BackgroundTask

from app.core.access import Access, reaches
from app.core.actor import Actor
from app.core.answer import Answer, as_days, etag, names, public
from app.core.bulk import delete_together
from app.core.deletion import delete
from app.core.errors import ChangedMeanwhile, NotFound, Outdated, invalid
from app.core.fields import Fields
from app.core.merge import merged, update_of
from app.core.parts import Parts
from app.core.references import follow
from documents.base import (
    Inherited,
    Record,
    ServerOwned,
    StoredDocument,
    mark,
    raised,
    refusals,
    within,
)
from documents.values import Id

MOST_AT_ONCE: Final = 500
TRIES: Final = 5
"""How often a change without `If-Match` starts again when another one came first."""
AUTHOR_FIELDS: Final = ("created_by", "user_id")


class Writing:
    """How the records of one class are written."""

    def __init__(self, model: type[Record], access: Access, fields: Fields) -> None:
        self.model, self.access, self.fields = model, access, fields
        self.name = model.collection_name()
        self._author = [name for name in AUTHOR_FIELDS if _is_authors(model, name)]

    async def create(self, body: BaseModel, actor: Actor, parts: Parts) -> Response:
        """A new record. Raises Invalid, NotFound where the actor may not add any, NotUnique."""
        [record] = await self._made([body.model_dump(exclude_unset=True)], actor)
        await record.insert()
        document = self._shown(record.stored())
        return Answer(document, 201, {"ETag": etag(record.revision)})

    async def create_all(self, body: BaseModel, actor: Actor, parts: Parts) -> Response:
        """New records, all or none."""
        given = [each.model_dump(exclude_unset=True) for each in body.items]  # type: ignore[attr-defined]
        records = await self._made(given, actor, "items")

        async def together(session: AsyncClientSession) -> None:
            await self.model.insert_all(records, session)

        await parts.store.in_transaction(together)
        return Answer({"data": [self._shown(each.stored()) for each in records]}, 201)

    async def change(
        self, key: Id, body: BaseModel, request: Request, actor: Actor, parts: Parts
    ) -> Response:
        """The record after the patch. Raises NotFound, Outdated, Invalid, NotUnique."""
        patch = body.model_dump(exclude_unset=True)
        for _ in range(TRIES):
            current = await self._current(key, self.access.change(actor), request)
            wanted = merged(self.model, current, patch)
            await follow(self.model, [wanted], actor, before=current)
            stored = self._valid(wanted).stored()
            update = update_of(self.model, current, patch, stored)
            query = within(self.access.change(actor), {"_id": key, "revision": current["revision"]})
            with refusals(self.name):
                changed = await parts.reading[self.name].find_one_and_update(
                    query,
                    raised(update),
                    {**self.fields.plain, "revision": 1},
                    return_document=ReturnDocument.AFTER,
                )
            if changed is not None:
                tag = etag(changed["revision"])
                return Answer(public(as_days(changed, self.fields.days)), headers={"ETag": tag})
        raise ChangedMeanwhile("Others keep changing this record; try again.")

    async def delete(self, key: Id, request: Request, actor: Actor, parts: Parts) -> Response:
        """Deletes the record and what belongs to it. Raises NotFound, Outdated, StillReferenced."""
        await self._current(key, self.access.delete(actor), request)
        await delete(parts.store, self.model, key)
        return Response(status_code=204, background=BackgroundTask(parts.wakeups.wake))

    async def delete_all(self, body: BaseModel, actor: Actor, parts: Parts) -> Response:
        """Deletes the records, all or none. Raises NotFound, TooLarge, StillReferenced."""
        keys = {*body.ids}  # type: ignore[attr-defined]
        scope = self.access.delete(actor)

        async def together(session: AsyncClientSession) -> None:
            query = within(scope or {"_id": {"$in": []}}, {"_id": {"$in": [*keys]}})
            found = await self.model.collection().distinct("_id", query, session=session)
            if missing := keys - {*found}:
                raise NotFound(f"There is no {min(missing)}, or you may not delete it.")
            await delete_together(self.model, keys, session)

        await parts.store.in_transaction(together)
        return Response(status_code=204, background=BackgroundTask(parts.wakeups.wake))

    async def _made(
        self, given: list[StoredDocument], actor: Actor, prefix: str = ""
    ) -> list[Record]:
        """The new records, checked, not written yet."""
        for values in given:
            values |= dict.fromkeys(self._author, actor.id)
        await follow(self.model, given, actor, prefix=prefix)
        scope = self.access.create(actor)
        records = []
        for number, values in enumerate(given):
            record = self._valid(values, (prefix, number) if prefix else ())
            if not (scope is True or reaches(scope, record.stored())):
                raise NotFound("There is no such place, or you may not add to it.")
            records.append(record)
        return records

    async def _current(self, key: Id, scope: Any, request: Request) -> StoredDocument:
        """The record as it stands. Raises NotFound, or Outdated where `If-Match` disagrees."""
        query = within(scope or {"_id": {"$in": []}}, {"_id": key})
        current = await self.model.collection().find_one(query, hint=[("_id", 1)])
        if current is None:
            raise NotFound("There is no such record, or none that you may write.")
        expected = request.headers.get("if-match")
        if expected is not None and not names(expected, etag(current["revision"])):
            raise Outdated(f"The record is in revision {current['revision']} by now; read it anew.")
        return current

    def _valid(self, values: Mapping[str, Any], where: tuple[str | int, ...] = ()) -> Record:
        try:
            record: Record = self.model.model_validate(values)
        except ValidationError as exc:
            # Their input is the whole stored record, so it stays inside.
            found = exc.errors(include_url=False, include_input=False, include_context=False)
            raise invalid(
                {**each, "loc": ("body", *where, *each["loc"])} for each in found
            ) from None
        return record

    def _shown(self, document: StoredDocument) -> StoredDocument:
        return public(as_days(self.fields.picked(document), self.fields.days))


def _is_authors(model: type[Record], name: str) -> bool:
    """Whether the field names the user who makes the record."""
    field = model.model_fields.get(name)
    return field is not None and bool(mark(field, ServerOwned)) and not mark(field, Inherited)
