"""Films from before approvals, takes and outlines: they have none yet."""

import hashlib
from typing import Any, Final

from pymongo import UpdateOne

from scripts.migrations.runner import Run

LACKING: Final[dict[str, dict[str, Any]]] = {
    "projects": {
        "outline": {"logline": "", "summary": "", "themes": []},
        "archived_at": None,
    },
    "episodes": {
        "source": None,
        "approval": None,
        "script.language": None,
        "production.review_note": "",
    },
    "characters": {"visual_design.takes": []},
    "scenes": {
        "approval": None,
        "production.takes": [],
        "production.chosen_take": None,
        "production.review_note": "",
    },
}
MARKS: Final = {
    "projects": "archived_at",
    "episodes": "content_hash",
    "characters": "visual_design.takes",
    "scenes": "content_hash",
}
"""The field by whose absence one tells that a record is from before."""
UNKNOWN: Final = hashlib.blake2b(b"", digest_size=16).hexdigest()
"""No content has this hash: the next change computes the right one, and nothing is approved yet."""
PANELS: Final[dict[str, list[Any]]] = {
    "storyboard.panels.$[].character_ids": [],
    "storyboard.panels.$[].takes": [],
    "storyboard.panels.$[].figures": [],
}


async def migrate(run: Run) -> None:
    """What is there already stays as it is."""
    for name, values in LACKING.items():
        lacking = {MARKS[name]: {"$exists": False}}
        hashed = {"content_hash": UNKNOWN} if MARKS[name] == "content_hash" else {}
        async for batch in run.batches(name, lacking):
            keys = {"_id": {"$in": [each["_id"] for each in batch]}, **lacking}
            if name == "scenes":
                await run.database[name].update_many(
                    {**keys, "storyboard.panels": {"$type": "array"}},
                    {"$set": PANELS},
                    bypass_document_validation=True,
                )
                await _name_music(run, [each["_id"] for each in batch])
            await run.database[name].update_many(
                keys, {"$set": {**values, **hashed}}, bypass_document_validation=True
            )


async def _name_music(run: Run, keys: list[Any]) -> None:
    """Scenes did not say which music is theirs: it was the newest that was made for them."""
    query = {"scene_id": {"$in": keys}, "media_type": "music_track", "deleted_at": None}
    found = run.database["media"].find(query, {"scene_id": 1}, sort=[("_id", 1)])
    newest = {row["scene_id"]: row["_id"] async for row in found}
    writes = [
        UpdateOne(
            {"_id": key, "production.music_id": {"$exists": False}},
            {"$set": {"production.music_id": newest.get(key)}},
        )
        for key in keys
    ]
    await run.database["scenes"].bulk_write(writes, ordered=False, bypass_document_validation=True)
