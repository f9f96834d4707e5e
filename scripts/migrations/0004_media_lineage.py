"""Media that were made before they said what of: of nothing that is known."""

from typing import Any, Final

from scripts.migrations.runner import Run

UNKNOWN: Final[dict[str, Any]] = {
    "generation_metadata.input_ids": [],
    "generation_metadata.take": None,
    "generation_metadata.recipe": None,
}


async def migrate(run: Run) -> None:
    """Their lineage ends there; what is made from now on says more."""
    made = {"generation_metadata": {"$type": "object"}, "generation_metadata.input_ids": None}
    async for batch in run.batches("media", made):
        await run.database["media"].update_many(
            {"_id": {"$in": [each["_id"] for each in batch]}, **made},
            {"$set": UNKNOWN},
            bypass_document_validation=True,
        )
