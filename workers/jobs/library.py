"""Work on stored files."""

from typing import Final

from pymongo import UpdateOne

from app.library.kinds import EMBED_MEDIA, EmbedMedia
from documents.base import Subject, touched
from documents.library import Media
from documents.production import TaskOutput
from documents.values import to_vector
from workers.providers.embedding import EmbeddingRequest
from workers.runtime import calls
from workers.runtime.calls import Call
from workers.runtime.context import Context
from workers.runtime.handlers import Outcome, handles

BATCH: Final = 500


@handles(EMBED_MEDIA)
async def embed_media(context: Context, parameters: EmbedMedia) -> Outcome:
    """Embed what the project's media are described by, in batches until none is left."""
    provider = context.providers.embedding
    query = {"project_id": parameters.project_id, "embedding_model": None}
    embedded = 0
    while batch := await Media.all_in(True, query, sort=[("_id", 1)], limit=BATCH):
        request = EmbeddingRequest(texts=tuple(searchable_text(media) for media in batch))
        call = Call(
            provider,
            request,
            category="llm",
            feature="library",
            stage="embedding",
            prompt=f"{len(batch)} descriptions",
            subject=Subject(collection="projects", id=parameters.project_id),
        )
        result = await calls.embed(context, call, provider)
        writes = [
            UpdateOne(
                {"_id": media.id, "embedding_model": None},
                touched({"$set": {"embedding": to_vector(row), "embedding_model": result.model}}),
            )
            for media, row in zip(batch, result.vectors, strict=True)
        ]
        await Media.collection().bulk_write(writes, ordered=False)
        embedded += len(batch)
    return Outcome(TaskOutput(result={"embedded": embedded}))


def searchable_text(media: Media) -> str:
    """What a media record is found by."""
    prompt = media.generation_metadata.prompt_used if media.generation_metadata else None
    return "\n".join(filter(None, [media.description, " ".join(media.tags), prompt]))
