"""Films from before approvals, takes and outlines: they have none yet."""

import hashlib
from typing import Any, Final

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
        "production.music_id": None,
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
            await run.database[name].update_many(
                keys, {"$set": {**values, **hashed}}, bypass_document_validation=True
            )
