"""Answering one record or a list of them, straight from the store."""

from collections.abc import AsyncIterator, Mapping
from typing import Final, TypeAlias

from fastapi import Request, Response
from fastapi.responses import StreamingResponse
from orjson import Fragment
from pymongo.asynchronous.cursor import AsyncCursor

from app.core.access import Access
from app.core.actor import Actor, demand
from app.core.answer import Answer, as_days, etag, list_json, names, public, record_json
from app.core.errors import BadQuery, NotFound
from app.core.gathering import gathering
from app.core.holding import ABSENT, Held, Holding
from app.core.parts import Collection, Parts
from app.core.plans import in_order
from app.core.query import MOST_TENANTS, Listing, Page, Reach
from app.core.searching import MOST_MS, pipeline
from documents.base import Record, Scope, StoredDocument, within
from documents.values import Id

Rows: TypeAlias = AsyncCursor[StoredDocument] | AsyncIterator[StoredDocument]
NDJSON: Final = "application/x-ndjson"
STREAMED_AT_ONCE: Final = 500
"""Rows that one chunk of a stream holds, and one answer of the store."""
MOST_KNOWN: Final = 200
LONGEST_KNOWN: Final = 500
"""Query strings that are remembered with what they ask for, and their bytes."""


class Reading:
    """How the records of one class are answered."""

    def __init__(
        self,
        model: type[Record],
        access: Access,
        listing: Listing,
        holding: Holding | None = None,
    ) -> None:
        self.model, self.access, self.listing, self.holding = model, access, listing, holding
        self.name = model.collection_name()
        self._pages: dict[tuple[bytes, Reach], Page] = {}

    async def listed(self, request: Request, actor: Actor, parts: Parts) -> Response:
        """One page, or with `Accept: application/x-ndjson` all from its beginning."""
        demand(actor, "read", self.name)
        scope = self.access.read(actor)
        page = self._page(request, "all" if scope is True else "scoped", parts)
        self._check_width(actor, scope, page)
        if request.headers.get("accept", "").partition(";")[0].strip() == NDJSON:
            limit = page.limit if "limit" in request.query_params else 0
            rows = self._rows(parts.reading[self.name], scope, page, limit)
            stream = self._stream(rows, page, actor, parts)
            return StreamingResponse(stream, media_type=NDJSON)
        rows = self._rows(parts.reading[self.name], scope, page, page.limit + 1)
        found = await first_of(rows, page.limit + 1)
        following = None
        if len(found) > page.limit:
            found.pop()
            following = parts.cursors.written(page.listing, page.place(found[-1]))
        count = {"count": await self._count(parts, scope, page)} if page.counted else {}
        await self._complete(found, page, actor, parts)
        return Answer({"data": Fragment(list_json(found)), "next": following, **count})

    async def one(self, key: Id, request: Request, actor: Actor, parts: Parts) -> Response:
        """The record with this id. Raises NotFound where the actor does not reach it."""
        demand(actor, "read", self.name)
        fields, including = self.listing.fields, self.listing.including
        given = _known(request.query_params)
        included = including.asked(given.get("include"))
        scope, asked = self.access.read(actor), given.get("fields")
        if self.holding and not included and asked is None and self.holding.serves(scope):
            return _answered(await self.holding.one(key, scope, parts), request)
        projection = fields.named(asked)
        extra = {"revision", *including.fields(included)} - projection.keys()
        fetched = {**projection, **dict.fromkeys(extra, 1)}
        document = await self.fetched(parts, scope, key, fetched)
        tag = etag(document["revision"])
        # The tag is the record's own: it does not tell what became of those that go along.
        if not included and _knows(request, tag):
            return _unchanged(tag)
        await including.add([document], included, actor, parts)
        for name in extra:
            document.pop(name, None)
        as_days(document, self.listing.fields.days)
        return Answer(record_json(document), headers={"ETag": tag})

    async def fetched(
        self, parts: Parts, scope: Scope, key: Id, projection: Mapping[str, int]
    ) -> StoredDocument:
        """The fields of the record, and its revision. Raises NotFound."""
        reads = gathering(parts, self.name)
        document = await reads.one(key, scope, {**projection, "revision": 1})
        if document is not None:
            return document
        raise NotFound(ABSENT)

    def shown(self, document: StoredDocument) -> StoredDocument:
        """The document as clients see it."""
        days = self.listing.fields.days
        return public(as_days(document, days) if days else document)

    def _page(self, request: Request, reach: Reach, parts: Parts) -> Page:
        """What the query string asks for; the same string is often asked again."""
        asked: bytes = request.scope["query_string"]
        page = self._pages.get((asked, reach))
        if page is None:
            page = self.listing.page(request.query_params.multi_items(), reach, parts.cursors)
            # A page behind a cursor is seldom asked for twice.
            if len(asked) <= LONGEST_KNOWN and "after" not in request.query_params:
                if len(self._pages) >= MOST_KNOWN:
                    del self._pages[next(iter(self._pages))]
                self._pages[asked, reach] = page
        return page

    async def _complete(
        self, found: list[StoredDocument], page: Page, actor: Actor, parts: Parts
    ) -> None:
        """Make the rows what clients see, but for the name of the id; in place."""
        if page.included:
            await self.listing.including.add(found, page.included, actor, parts)
        for row in found if page.extra else ():
            for name in page.extra:
                row.pop(name, None)
        if self.listing.fields.days:
            for row in found:
                as_days(row, self.listing.fields.days)

    def _rows(self, source: Collection, scope: Scope, page: Page, limit: int) -> Rows:
        if page.searched:
            return _search(source, scope, page, limit)
        finds = [
            # Without a size the store would send 16 MiB at once, which are some 100 in memory.
            source.find(
                query,
                page.projection,
                sort=page.order,
                limit=limit,
                hint=hint,
                batch_size=STREAMED_AT_ONCE,
            )
            for query, hint in self.plan(scope, page)
        ]
        return finds[0] if len(finds) == 1 else in_order(finds, page.order)

    def plan(self, scope: Scope, page: Page) -> list[tuple[StoredDocument, str | None]]:
        """The queries whose rows together are the list, each with the index to use.

        More than one where the actor reaches records in more than one way, say as a member of
        workspaces and as a collaborator of projects elsewhere.
        """
        if scope is False:
            return []
        if scope is True or page.served.anchored:
            return [(within(scope, page.query), page.served.index)]
        leading, equal = self.listing.indexes.leading, page.equal
        return [
            (within(branch, page.query), leading(next(iter(branch)), equal, page.order))
            for branch in scope.get("$or", [scope])
        ]

    async def _stream(
        self, rows: Rows, page: Page, actor: Actor, parts: Parts
    ) -> AsyncIterator[bytes]:
        while chunk := await first_of(rows, STREAMED_AT_ONCE):
            await self._complete(chunk, page, actor, parts)
            yield b"\n".join([*map(record_json, chunk), b""])

    async def _count(self, parts: Parts, scope: Scope, page: Page) -> int:
        query = within(scope or {"_id": {"$in": []}}, page.filters)
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


async def first_of(rows: Rows, count: int) -> list[StoredDocument]:
    """The first rows, as many as there are up to this count."""
    if isinstance(rows, AsyncCursor):
        return await rows.to_list(count)
    found: list[StoredDocument] = []
    async for row in rows:
        found.append(row)
        if len(found) == count:
            break
    return found


async def _search(
    source: Collection, scope: Scope, page: Page, limit: int
) -> AsyncIterator[StoredDocument]:
    if scope is False:
        return
    query = within(scope, page.query)
    stages = pipeline(query, page.projection, page.behind, limit)
    found = await source.aggregate(stages, maxTimeMS=MOST_MS, batchSize=STREAMED_AT_ONCE)
    async for row in found:
        yield row


def _answered(held: Held, request: Request) -> Response:
    if _knows(request, held.tag):
        return _unchanged(held.tag)
    return Answer(held.text, headers={"ETag": held.tag})


def _knows(request: Request, tag: str) -> bool:
    return names(request.headers.get("if-none-match", ""), tag)


def _unchanged(tag: str) -> Response:
    return Response(status_code=304, headers={"ETag": tag})


def _known(asked: Mapping[str, str]) -> Mapping[str, str]:
    if unknown := asked.keys() - {"fields", "include"}:
        raise BadQuery(
            f"Reading one record takes `fields` and `include`, not {sorted(unknown)[0][:64]!r}."
        )
    return asked
