"""What is said in scenes, as far as it is part of how their media are found by meaning."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from documents.base import touched
from documents.library import Media, digest_of
from documents.scenes import Scene
from documents.values import Id

BATCH: Final = 500
MOST_SCENES: Final = 10_000
"""So many scenes that were written in a few seconds are looked at; the daily check sees all."""


async def dialogue_of(scenes: Iterable[Id | None]) -> dict[Id | None, str]:
    """What is said in each of these scenes, a line a line."""
    ids = [*{each for each in scenes if each is not None}]
    if not ids:
        return {}
    query = {"_id": {"$in": ids}, "deleted_at": None}
    rows = Scene.collection().find(query, {"script.dialogue.lines": 1})
    return {
        row["_id"]: "\n".join(
            each["lines"] for each in row.get("script", {}).get("dialogue", ()) if each.get("lines")
        )
        async for row in rows
    }


async def written_since(moment: datetime) -> list[Id]:
    """The scenes that were written then or later, whatever of them."""
    query = {"updated_at": {"$gte": moment}}
    rows = Scene.collection().find(query, {"_id": 1}, limit=MOST_SCENES)
    return [row["_id"] async for row in rows]


async def mark_changed(scenes: Iterable[Id] | None = None) -> int:
    """Have media embedded again whose scenes say something else by now; answers how many.

    Of these scenes, or of all. Safe to repeat.
    """
    among = {"$ne": None} if scenes is None else {"$in": [*scenes]}
    marked, last = 0, None
    while True:
        query: dict[str, Any] = {"scene_id": among, "embedding_due": False}
        if last is not None:
            query["_id"] = {"$gt": last}
        rows = Media.collection().find(
            query, {"scene_id": 1, "embedding_scene_digest": 1}, sort=[("_id", 1)], limit=BATCH
        )
        if not (batch := await rows.to_list()):
            return marked
        last = batch[-1]["_id"]
        said = await dialogue_of(row["scene_id"] for row in batch)
        marked += await _mark(
            row["_id"] for row in batch if _digest(row["scene_id"], said) != _known(row)
        )


async def mark_moved_on(embedded: Mapping[Id, Id | None], said: Mapping[Id | None, str]) -> int:
    """The same for media that were embedded just now, by their scenes, with what was `said`.

    Whoever changes a scene meanwhile is seen here, and whoever does so later by `mark_changed`.
    """
    today = await dialogue_of(embedded.values())
    return await _mark(
        key for key, scene in embedded.items() if _digest(scene, today) != _digest(scene, said)
    )


async def _mark(keys: Iterable[Id]) -> int:
    stale = [*keys]
    if stale:
        # Without its digest the record is due by its own rule as well.
        due = touched({"$set": {"embedding_due": True, "embedding_digest": None}})
        await Media.collection().update_many({"_id": {"$in": stale}}, due)
    return len(stale)


def _digest(scene: Id | None, said: Mapping[Id | None, str]) -> str:
    return digest_of(said.get(scene, ""))


def _known(row: Mapping[str, Any]) -> str | None:
    known: str | None = row.get("embedding_scene_digest")
    return known
