"""Files that were stored before any was looked at closely: they count as not looked at."""

from typing import Any, Final

from scripts.migrations.runner import Run

BEFORE_ANY_LOOK: Final[dict[str, Any]] = {
    "look_version": 0,
    "play_version": 0,
    "derivatives": [],
    "picture_prints": [],
    "likeness": [],
}


async def migrate(run: Run) -> None:
    """The workers' daily sweep then asks for the looks."""
    async for batch in run.batches("media", {"look_version": None}):
        await run.database["media"].update_many(
            {"_id": {"$in": [each["_id"] for each in batch]}, "look_version": None},
            {"$set": BEFORE_ANY_LOOK},
            bypass_document_validation=True,
        )
