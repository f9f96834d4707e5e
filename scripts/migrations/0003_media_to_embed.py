"""Media that were stored before their embeddings were looked after: all of them are due."""

from typing import Any, Final

from app.library.embedding import LocalEmbedder
from scripts.migrations.runner import Run

LACKING: Final[dict[str, Any]] = {
    "embedding_version": None,
    "embedding_dimensions": None,
    "embedding_next_version": None,
    "embedding_next_dimensions": None,
    "embedding_digest": None,
    "embedding_scene_digest": None,
    "embedding_due": True,
}


async def migrate(run: Run) -> None:
    """What was embedded was embedded by the local model, and is found until it is made anew."""
    space = LocalEmbedder.space
    async for batch in run.batches("media", {"embedding_due": None}):
        keys = {"_id": {"$in": [each["_id"] for each in batch]}, "embedding_due": None}
        media = run.database["media"]
        embedded = {**keys, "embedding_model": space.model}
        beside = {**LACKING, **space.beside("embedding")}
        await media.update_many(embedded, {"$set": beside}, bypass_document_validation=True)
        await media.update_many(keys, {"$set": LACKING}, bypass_document_validation=True)
