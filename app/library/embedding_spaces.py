"""Which model the media are searched by, and the switch from one to the next.

The next model's vectors are made beside the present ones, in the other field. When the last one is
there a single write makes the next space the current one; only then, and a while later, are the
vectors moved to where they belong. At every moment one space has all its vectors.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from pymongo.asynchronous.client_session import AsyncClientSession

from app.library.embedding import LocalEmbedder, Space
from app.library.search.wanted import Searched
from documents.base import NotUnique, StoredDocument, touched
from documents.library import EmbeddingPlace, EmbeddingSpace, Media
from documents.store import Store
from documents.values import now

USUAL: Final = Searched(LocalEmbedder.space, "embedding")
"""What is searched as long as nothing was embedded."""
SETTLED: Final = timedelta(seconds=10)
"""After a switch, every process knows of it by then."""
MOVED_AT_ONCE: Final = 500


def searched_of(record: EmbeddingSpace) -> Searched:
    """The space that a record describes."""
    return Searched(Space(record.model, record.version, record.dimensions), record.place)


async def known() -> dict[str, EmbeddingSpace]:
    """The records by their state."""
    return {each.state: each for each in await EmbeddingSpace.all_in(True, {})}


async def current_or(space: Space) -> Searched:
    """The space that is searched; the given one where there was none yet."""
    while True:
        if (record := (await known()).get("current")) is not None:
            return searched_of(record)
        try:
            await EmbeddingSpace(state="current", **_values(space)).insert()
        except NotUnique:  # another worker was first
            continue


async def begin_next(space: Space) -> EmbeddingSpace:
    """Have this space made beside the current one; a next one before it is given up."""
    records = await known()
    there = records.get("next")
    if there is not None and searched_of(there).space == space:
        return there
    at = searched_of(records["current"]).place if "current" in records else "embedding"
    place: EmbeddingPlace = "embedding_next" if at == "embedding" else "embedding"
    wanted = {**_values(space), "place": place}
    if there is not None:
        given_up = {"_id": there.id, "model": there.model, "version": there.version}
        if found := await EmbeddingSpace.advance_one(given_up, {"$set": wanted}):
            return found
        return await begin_next(space)
    try:
        return await EmbeddingSpace(state="next", **wanted).insert()
    except NotUnique:
        return await begin_next(space)


def missing(record: EmbeddingSpace) -> StoredDocument:
    """The query for media that are found now and would not be by the next space."""
    other: EmbeddingPlace = "embedding" if record.place == "embedding_next" else "embedding_next"
    there = searched_of(record).space.at(record.place)
    return {
        "deleted_at": None,
        f"{other}_model": {"$gt": ""},
        "$nor": [there],
    }


async def switch(store: Store) -> bool:
    """Search by the next space from now on, if all its vectors are there; answers whether."""

    async def together(session: AsyncClientSession) -> bool:
        following = await EmbeddingSpace.first_in(True, {"state": "next"}, session)
        if following is None:
            return False
        if await Media.collection().find_one(missing(following), {"_id": 1}, session=session):
            return False
        await EmbeddingSpace.collection().delete_one({"state": "current"}, session=session)
        current = touched({"$set": {"state": "current"}})
        await EmbeddingSpace.collection().update_one(
            {"_id": following.id}, current, session=session
        )
        return True

    return await store.in_transaction(together)


async def copy_home() -> Searched | None:
    """Copy the vectors of the current space to `embedding`, over those of the space before.

    Answers the space at its home once all are there; None while a switch is too young, or where
    there is nothing to do. Safe to repeat, and to be killed at any point.
    """
    record = (await known()).get("current")
    if record is None or now() - record.updated_at < SETTLED:
        return None
    space = searched_of(record).space
    away = {**space.at("embedding_next"), "$nor": [space.at("embedding")]}
    moved = 0
    while rows := await _some(away):
        await _write(rows, [_copied()])
        moved += len(rows)
    return Searched(space, "embedding") if moved or record.place != "embedding" else None


async def come_home() -> None:
    """Search the vectors at `embedding` from now on, and take the copies away."""
    record = (await known())["current"]
    space = searched_of(record).space
    home = {"$set": {"place": "embedding"}}
    await EmbeddingSpace.advance_one({"_id": record.id, "place": record.place}, home)
    copies = {**space.at("embedding"), **space.at("embedding_next")}
    while rows := await _some(copies):
        await _write(rows, {"$set": dict.fromkeys(_fields("embedding_next"))})


async def _some(query: Mapping[str, Any]) -> list[Any]:
    rows = Media.collection().find(query, {"_id": 1}, limit=MOVED_AT_ONCE)
    return [row["_id"] async for row in rows]


async def _write(keys: list[Any], update: Any) -> None:
    await Media.collection().update_many({"_id": {"$in": keys}}, update)


def _copied() -> StoredDocument:
    pairs = zip(_fields("embedding"), _fields("embedding_next"), strict=True)
    return {"$set": {home: f"${beside}" for home, beside in pairs}}


def _fields(place: EmbeddingPlace) -> list[str]:
    return [place, f"{place}_model", f"{place}_version", f"{place}_dimensions"]


def _values(space: Space) -> dict[str, Any]:
    return {"model": space.model, "version": space.version, "dimensions": space.dimensions}
