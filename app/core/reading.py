"""Answering one record or a list of them, straight from the store."""

from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from app.core.access import Access
from app.core.actor import Actor
from app.core.answer import Answer, as_days, dumps, etag, names, public
from app.core.errors import BadQuery, NotFound
from app.core.parts import Collection, Parts
from app.core.query import MOST_TENANTS, Listing, Page, Reach
from documents.base import Record, Scope, StoredDocument, within
from documents.values import Id

NDJSON: Final = "application/x-ndjson"
STREAMED_AT_ONCE: Final = 500
"""Rows that one chunk of a stream holds."""


class Reading:
    """How the records of one class are answered."""

    def __init__(self, model: type[Record], access: Access, listing: Listing) -> None:
        self.model, self.access, self.listing = model, access, listing
        self.name = model.collection_name()

    async def listed(self, request: Request, actor: Actor, parts: Parts) -> Response:
        """One page, or with `Accept: application/x-ndjson` all from its beginning."""
        scope = self.access.read(actor)
        asked = request.query_params.multi_items()
        reach: Reach = "all" if scope is True else "scoped"
        page = self.listing.page(asked, reach, parts.cursors)
        self._check_width(actor, scope, page)
        if request.headers.get("accept", "").partition(";")[0].strip() == NDJSON:
            limit = page.limit if "limit" in request.query_params else 0
            rows = self._found(parts.reading[self.name], scope, page, limit)
            return StreamingResponse(self._stream(rows, page), media_type=NDJSON)
        rows = self._found(parts.reading[self.name], scope, page, page.limit + 1)
        found = [] if scope is False else await rows.to_list()
        following = None
        if len(found) > page.limit:
            found.pop()
            following = parts.cursors.written(page.listing, page.place(found[-1]))
        count = {"count": await self._count(parts, scope, page)} if page.counted else {}
        return Answer({"data": [self._row(row, page) for row in found], "next": following, **count})

    async def one(self, key: Id, request: Request, actor: Actor, parts: Parts) -> Response:
        """The record with this id. Raises NotFound where the actor does not reach it."""
        projection = self.listing.fields.named(_only_fields(request.query_params))
        document = await self.fetched(parts, self.access.read(actor), key, projection)
        tag = etag(document["revision"])
        if names(request.headers.get("if-none-match", ""), tag):
            return Response(status_code=304, headers={"ETag": tag})
        if "revision" not in projection:
            del document["revision"]
        return Answer(self.shown(document), headers={"ETag": tag})

    async def fetched(
        self, parts: Parts, scope: Scope, key: Id, projection: Mapping[str, int]
    ) -> StoredDocument:
        """The fields of the record, and its revision. Raises NotFound."""
        if scope is not False:
            # The hint spares the store to weigh the indexes of the access filter.
            document = await parts.reading[self.name].find_one(
                within(scope, {"_id": key}), {**projection, "revision": 1}, hint=[("_id", 1)]
            )
            if document is not None:
                return document
        raise NotFound("There is no such record, or none that you may see.")

    def shown(self, document: StoredDocument) -> StoredDocument:
        """The document as clients see it."""
        days = self.listing.fields.days
        return public(as_days(document, days) if days else document)

    def _row(self, document: StoredDocument, page: Page) -> StoredDocument:
        for name in page.extra:
            del document[name]
        return self.shown(document)

    def _found(self, source: Collection, scope: Scope, page: Page, limit: int) -> Any:
        query = within(scope or {"_id": {"$in": []}}, page.query)
        return source.find(query, page.projection, sort=page.order, limit=limit)

    async def _stream(self, rows: Any, page: Page) -> AsyncIterator[bytes]:
        chunk: list[bytes] = []
        async with rows:
            async for row in rows:
                chunk.append(dumps(self._row(row, page)))
                if len(chunk) == STREAMED_AT_ONCE:
                    yield b"\n".join([*chunk, b""])
                    chunk.clear()
        yield b"\n".join([*chunk, b""])

    async def _count(self, parts: Parts, scope: Scope, page: Page) -> int:
        if scope is False:
            return 0
        query = within(scope, page.filters)
        return await parts.reading[self.name].count_documents(query)

    def _check_width(self, actor: Actor, scope: Scope, page: Page) -> None:
        """Beyond some hundred workspaces a list has to name one, or the store would sort."""
        if isinstance(scope, bool) or self.access.by != "workspace_id":
            return
        wide = len(actor.workspaces) + len(actor.projects) > MOST_TENANTS
        if wide and "workspace_id" not in page.filters:
            raise BadQuery(
                f"You are a member of more than {MOST_TENANTS} workspaces: "
                "name one by `workspace_id=`."
            )


def _only_fields(asked: Mapping[str, str]) -> str | None:
    if unknown := asked.keys() - {"fields"}:
        raise BadQuery(f"Reading one record takes `fields` only, not {sorted(unknown)[0][:64]!r}.")
    return asked.get("fields")
