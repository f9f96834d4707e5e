"""Embedding stored files: by their words and, where the model sees pictures, by themselves."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pymongo import UpdateOne

from app.library import dialogue, embedding_spaces
from app.library.embedding import Space, Vectors
from app.library.kinds import (
    CHECK_DIALOGUE,
    EMBED_MEDIA,
    REEMBED_MEDIA,
    CheckDialogue,
    EmbedMedia,
    ReembedMedia,
)
from app.library.search.wanted import Searched
from documents.base import StoredDocument, Subject, touched
from documents.library import EmbeddingPlace, Media, digest_of
from documents.production import TaskOutput
from documents.values import Id, to_vector
from workers.providers.embedding import (
    EmbeddingProvider,
    EmbeddingRequest,
    PictureToEmbed,
    space_of,
)
from workers.runtime import calls
from workers.runtime.calls import Call
from workers.runtime.context import Context
from workers.runtime.handlers import Outcome, handles

BATCH: Final = 500
PICTURES_AT_ONCE: Final = 16
PLACES: Final[tuple[EmbeddingPlace, ...]] = ("embedding", "embedding_next")
UNCHANGED: Final = ("description", "tags", "sha256", "embedding_model", "embedding_next_model")
"""What a record has to be as it was read, or the vector is not written."""
LONGEST: Final = 8_000
"""Characters of one text: what follows would hardly move the vector."""


@handles(EMBED_MEDIA)
async def embed_media(context: Context, parameters: EmbedMedia) -> Outcome:
    """Embed what is due, in batches until nothing is.

    Where the worker's model is not the current one, its vectors go beside the present ones, and
    are found after the switch.
    """
    query: StoredDocument = {"workspace_id": context.workspace_id, "embedding_due": True}
    if parameters.project_id is not None:
        query["project_id"] = parameters.project_id
    space = space_of(context.providers.embedding)
    searched = await embedding_spaces.current_or(space)
    if searched.space != space:
        searched = embedding_spaces.searched_of(await embedding_spaces.begin_next(space))
    return await _embed_all(context, query, searched)


@handles(REEMBED_MEDIA)
async def reembed_media(context: Context, parameters: ReembedMedia) -> Outcome:
    """Make the next model's vectors, in batches until none is lacking."""
    space = space_of(context.providers.embedding)
    if (await embedding_spaces.current_or(space)).space == space:
        return Outcome()  # it was switched to meanwhile
    following = await embedding_spaces.begin_next(space)
    lacking = {**embedding_spaces.missing(following), "workspace_id": context.workspace_id}
    return await _embed_all(context, lacking, embedding_spaces.searched_of(following))


@handles(CHECK_DIALOGUE)
async def check_dialogue(context: Context, parameters: CheckDialogue) -> Outcome:
    """Compare the dialogue that was embedded with what it is; a killed run is simply repeated."""
    return Outcome(TaskOutput(result={"due": await dialogue.mark_changed()}))


async def _embed_all(context: Context, query: Mapping[str, Any], searched: Searched) -> Outcome:
    provider = context.providers.embedding
    size = PICTURES_AT_ONCE if provider.sees_pictures else BATCH
    embedded, last = 0, None
    while True:
        rest = {"$and": [query, {"_id": {"$gt": last}}]} if last else query
        batch = await Media.all_in(True, rest, sort=[("_id", 1)], limit=size)
        if not batch:
            return Outcome(TaskOutput(result={"embedded": embedded}))
        embedded += await _embed(context, provider, batch, searched)
        # What was edited in this moment stays due, and is for the next task.
        last = batch[-1].id
        await context.progress(0.5, f"{embedded} embedded")


async def _embed(
    context: Context, provider: EmbeddingProvider, batch: Sequence[Media], searched: Searched
) -> int:
    said = await dialogue.dialogue_of(each.scene_id for each in batch)
    texts = tuple(
        "\n".join(filter(None, [each.own_words, said.get(each.scene_id, "")]))[:LONGEST]
        for each in batch
    )
    pictures = await _pictures(context, batch) if provider.sees_pictures else ()
    project = context.task.project_id
    call = Call(
        provider,
        EmbeddingRequest(texts=texts, pictures=pictures),
        category="llm",
        feature="library",
        stage="embedding",
        prompt=f"{len(batch)} descriptions",
        subject=Subject(collection="projects", id=project)
        if project
        else Subject(collection="workspaces", id=context.workspace_id),
    )
    vectors = (await calls.embed(context, call, provider)).vectors
    writes = _writes(batch, vectors, said, searched)
    written = await Media.collection().bulk_write(writes, ordered=False)
    await dialogue.mark_moved_on({each.id: each.scene_id for each in batch if each.scene_id}, said)
    return int(written.matched_count)


def _writes(
    batch: Sequence[Media], vectors: Vectors, said: Mapping[Id | None, str], searched: Searched
) -> list[UpdateOne]:
    """One write a record, good only while its words are those that were embedded."""
    space = searched.space
    writes = []
    for media, row in zip(batch, vectors, strict=True):
        # Nothing is near a vector of zeros: what has no words is not found by them.
        vector = to_vector(row) if row.any() else None
        values: StoredDocument = {
            "embedding_digest": media.words_digest,
            "embedding_scene_digest": digest_of(said.get(media.scene_id, "")),
            "embedding_due": False,
        }
        # While a switch ends, a vector may lie in both places.
        places = [each for each in PLACES if each == searched.place or _is_at(media, space, each)]
        for place in places:
            values |= {**space.beside(place), place: vector}
        same = {name: getattr(media, name) for name in UNCHANGED}
        writes.append(UpdateOne({"_id": media.id, **same}, touched({"$set": values})))
    return writes


def _is_at(media: Media, space: Space, place: EmbeddingPlace) -> bool:
    return all(getattr(media, name) == value for name, value in space.at(place).items())


async def _pictures(context: Context, batch: Sequence[Media]) -> tuple[PictureToEmbed | None, ...]:
    pictures: list[PictureToEmbed | None] = []
    for media in batch:
        if media.kind != "image":
            pictures.append(None)
            continue
        path = context.folder / f"{media.id}"
        await context.storage.get_file(media.storage_key, path, size=media.filesize)
        pictures.append(PictureToEmbed(sha256=media.sha256, path=path))
    return tuple(pictures)
