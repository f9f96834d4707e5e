"""Making, changing and deleting records for people."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from fastapi import Request, Response
from pydantic import BaseModel, ValidationError
from pymongo.asynchronous.client_session import AsyncClientSession
from starlette.background import BackgroundTask

from app.core.access import Access, reaches
from app.core.actor import Actor, demand
from app.core.answer import Answer, as_days, etag, names, public
from app.core.bulk import REFUSED_ALONE, delete_together, told_in_bulk
from app.core.deletion import delete, finish
from app.core.errors import ChangedMeanwhile, NotFound, Outdated, Refusal, invalid
from app.core.fields import Fields
from app.core.gathering import BY_ID, gathering_whole
from app.core.merge import merged, update_of, updated
from app.core.parts import Parts
from app.core.recording import Transaction, recorded
from app.core.references import Targets, follow, look_again
from app.core.together import writes
from documents.base import (
    Inherited,
    Record,
    Scope,
    ServerOwned,
    StoredDocument,
    mark,
    raised,
    refusals,
    within,
)
from documents.deletion import Tree
from documents.values import Id

MOST_AT_ONCE: Final = 500
TRIES: Final = 10
"""How often a change starts again when another one came first."""
NOTHING: Final[Mapping[str, Any]] = {}
AUTHOR_FIELDS: Final = ("created_by", "user_id")


@dataclass(frozen=True, slots=True)
class Limit:
    """How many records there may be."""

    check: Callable[[AsyncClientSession, Sequence[StoredDocument]], Awaitable[None]]
    """Asked about new records within the transaction that writes them, before they are there."""
    refusal: type[Refusal]
    """What it raises."""


class Writing:
    """How the records of one class are written."""

    def __init__(
        self, model: type[Record], access: Access, fields: Fields, limit: Limit | None
    ) -> None:
        self.model, self.access, self.fields, self.limit = model, access, fields, limit
        self.name = model.collection_name()
        self._author = [name for name in AUTHOR_FIELDS if _is_authors(model, name)]

    async def create(
        self,
        body: BaseModel,
        request: Request,
        actor: Actor,
        parts: Parts,
        ours: Mapping[str, Any] = NOTHING,
    ) -> Response:
        """A new record. Raises Invalid, NotFound where the actor may not add any, NotUnique.

        `ours` are server-owned fields that the class has no default for.
        """
        given = [{**body.model_dump(exclude_unset=True), **ours}]
        [document] = await self._created(given, actor, parts)
        location = f"{request.url.path}/{document['_id']}"
        headers = {"ETag": etag(document["revision"]), "Location": location}
        return Answer(self._shown(document), 201, headers)

    async def create_all(self, body: BaseModel, actor: Actor, parts: Parts) -> Response:
        """New records: all or none, or each by itself if the body says so."""
        given = [each.model_dump(exclude_unset=True) for each in body.items]  # type: ignore[attr-defined]
        if body.all_or_nothing:  # type: ignore[attr-defined]
            documents = await self._created(given, actor, parts, "items")
            return Answer({"data": [self._shown(each) for each in documents]}, 201)
        demand(actor, "write", self.name)
        documents, refused = [], []
        for number, values in enumerate(given):
            try:
                documents += await self._created([values], actor, parts)
            except REFUSED_ALONE as exc:
                refused.append({"index": number, **told_in_bulk(exc)})
        shown = [self._shown(each) for each in documents]
        return Answer({"data": shown, "refused": refused}, 201)

    async def change(
        self, key: Id, body: BaseModel, request: Request, actor: Actor, parts: Parts
    ) -> Response:
        """The record after the patch. Raises NotFound, Outdated, Invalid, NotUnique."""
        demand(actor, "write", self.name)
        patch = body.model_dump(exclude_unset=True)
        for _ in range(TRIES):
            current = await self._current(key, self.access.change(actor), request, parts)
            wanted = merged(self.model, current, patch)
            named = await follow(self.model, [wanted], actor, before=current, parts=parts)
            stored = self._valid(wanted).stored()
            update = raised(update_of(self.model, current, patch, stored))
            changed = updated(current, update)
            if await writes(parts, self.model).change(current, update, changed, actor):
                await look_again(parts.store, named)
                return Answer(self._shown(changed), headers={"ETag": etag(changed["revision"])})
        raise ChangedMeanwhile("Others keep changing this record; try again.")

    async def delete(self, key: Id, request: Request, actor: Actor, parts: Parts) -> Response:
        """Deletes the record and what belongs to it. Raises NotFound, Outdated, StillReferenced."""
        await self._delete_one(key, request, actor, parts)
        return Response(status_code=204, background=BackgroundTask(parts.wakeups.wake))

    async def delete_all(self, body: BaseModel, actor: Actor, parts: Parts) -> Response:
        """Deletes the records: all or none, or each by itself if the body says so.

        Raises NotFound, TooLarge, StillReferenced.
        """
        demand(actor, "write", self.name)
        keys = {*body.ids}  # type: ignore[attr-defined]
        if not body.all_or_nothing:  # type: ignore[attr-defined]
            return await self._delete_each(sorted(keys), actor, parts)
        scope = self.access.delete(actor)

        async def together(transaction: Transaction) -> Tree:
            session = transaction.session
            query = within(scope or {"_id": {"$in": []}}, {"_id": {"$in": [*keys]}})
            found = await self.model.collection().find(query, session=session).to_list()
            if missing := keys - {each["_id"] for each in found}:
                raise NotFound(f"There is no {min(missing)}, or you may not delete it.")
            await transaction.tell_all(self.model, [(each, None) for each in found])
            return await delete_together(self.model, keys, session)

        doomed = await recorded(parts, actor, together)
        await finish(parts.store, doomed)
        return Response(status_code=204, background=BackgroundTask(parts.wakeups.wake))

    async def _delete_one(
        self, key: Id, request: Request | None, actor: Actor, parts: Parts
    ) -> None:
        demand(actor, "write", self.name)

        async def told(session: AsyncClientSession) -> None:
            current = await self._current(
                key, self.access.delete(actor), request, parts, session=session
            )
            await Transaction(session, actor, parts.record).tell(self.model, current, None)

        await delete(parts.store, self.model, key, first=told)

    async def _delete_each(self, keys: Sequence[Id], actor: Actor, parts: Parts) -> Response:
        gone, refused = [], []
        for key in keys:
            try:
                await self._delete_one(key, None, actor, parts)
                gone.append(key)
            except REFUSED_ALONE as exc:
                refused.append({"id": key, **told_in_bulk(exc)})
        later = BackgroundTask(parts.wakeups.wake)
        answer = Answer({"deleted": gone, "refused": refused})
        answer.background = later
        return answer

    async def _created(
        self, given: list[StoredDocument], actor: Actor, parts: Parts, prefix: str = ""
    ) -> list[StoredDocument]:
        demand(actor, "write", self.name)
        documents, named = await self._made(given, actor, parts, prefix)

        if len(documents) == 1 and self.limit is None:
            await writes(parts, self.model).create(documents[0], actor)
        else:
            await self._insert(documents, actor, parts)
        await look_again(parts.store, named)
        return documents

    async def _insert(
        self, documents: Sequence[StoredDocument], actor: Actor, parts: Parts
    ) -> None:
        async def together(transaction: Transaction) -> None:
            session = transaction.session
            if self.limit is not None:
                await self.limit.check(session, documents)
            with refusals(self.name):
                if len(documents) == 1:
                    await self.model.collection().insert_one(documents[0], session=session)
                else:
                    await self.model.collection().insert_many(documents, session=session)
            await transaction.tell_all(self.model, [(None, each) for each in documents])

        await recorded(parts, actor, together)

    async def _made(
        self, given: list[StoredDocument], actor: Actor, parts: Parts, prefix: str
    ) -> tuple[list[StoredDocument], Targets]:
        """The new records, checked, not written yet; and what they name."""
        for values in given:
            values |= dict.fromkeys(self._author, actor.id)
        named = await follow(self.model, given, actor, prefix=prefix, parts=parts)
        scope = self.access.create(actor)
        documents = []
        for number, values in enumerate(given):
            document = self._valid(values, (prefix, number) if prefix else ()).stored()
            if not (scope is True or reaches(scope, document)):
                raise NotFound("There is no such place, or you may not add to it.")
            documents.append(document)
        return documents, named

    async def _current(
        self,
        key: Id,
        scope: Scope,
        request: Request | None,
        parts: Parts,
        *,
        session: AsyncClientSession | None = None,
    ) -> StoredDocument:
        """The record as it stands. Raises NotFound, or Outdated where `If-Match` disagrees."""
        if session is None:
            current = await gathering_whole(parts, self.model).one(key, scope, None)
        else:
            query = within(scope, {"_id": key})
            source = self.model.collection()
            current = await source.find_one(query, hint=BY_ID, session=session)
        if current is None:
            raise NotFound("There is no such record, or none that you may write.")
        expected = None if request is None else request.headers.get("if-match")
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
