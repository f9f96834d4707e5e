"""A made file becomes a media record: facts read from the file, thumbnail, object, provenance."""

from collections.abc import Sequence
from mimetypes import guess_extension
from pathlib import Path

from pymongo.asynchronous.client_session import AsyncClientSession

from app.core.storage import sha256_of
from app.library.urls import content_url
from documents.library import GenerationMetadata, Media, MediaType, RelatedElements
from documents.values import Id, now
from workers.jobs.media.seeing import Place, Seen, kept, see
from workers.render import own
from workers.render.errors import Unreadable
from workers.runtime.calls import Made
from workers.runtime.context import Context
from workers.runtime.handlers import GiveUp


async def take_in(
    context: Context,
    path: Path,
    media_type: MediaType,
    *,
    description: str,
    tags: list[str],
    made: Made | None = None,
    seed: int | None = None,
    scene_id: Id | None = None,
    character_id: Id | None = None,
    related: RelatedElements | None = None,
    inputs: Sequence[Id] = (),
    take: int | None = None,
    recipe: str | None = None,
    prefix: str | None = None,
) -> Media:
    """Keep the file and describe it; the record is not written yet: that is the task's outcome,
    see `add_media`.

    Its name has the ending of what it is, whatever the file is called here. `inputs` are the media
    that it was made of, `recipe` the digest of all that decided it.
    `prefix` is where in the store it is kept; without one beside all others of the workspace. A
    file that a call has `made` is there already.
    Raises GiveUp where the file cannot be read as media.
    """
    identity = Id()
    place = Place(context.storage, context.workspace_id, identity)
    seen = await _seen(path, place, made)
    if made is None:
        stored = await context.storage.put_file(
            path, prefix=prefix or str(context.workspace_id), content_type=seen.facts.mime_type
        )
        key = stored.key
    else:
        key = made.storage_key
    task = context.task
    return Media(
        id=identity,
        workspace_id=context.workspace_id,
        project_id=task.project_id,
        episode_id=task.episode_id,
        scene_id=scene_id or task.scene_id,
        character_id=character_id or task.character_id,
        created_by=task.created_by,
        filename=_named(path, seen.facts.mime_type),
        filesize=seen.facts.size_bytes,
        url=content_url(identity),
        storage_key=key,
        sha256=sha256_of(key),
        media_type=media_type,
        alt=description[:500],
        description=description,
        tags=tags,
        agent_generated=True,
        generation_metadata=_provenance(context, made).model_copy(
            update={
                "seed": seed,
                "input_ids": list(dict.fromkeys(inputs)),
                "take": take,
                "recipe": recipe,
            }
        ),
        related_elements=related or RelatedElements(),
        **seen.values(identity),
    )


async def add_media(context: Context, media: Sequence[Media], session: AsyncClientSession) -> None:
    """Write the records of files that were taken in, and have those that last played later."""
    await Media.insert_all(media, session)
    context.resources.plays.want(media)


def _named(path: Path, mime_type: str) -> str:
    return path.with_suffix(guess_extension(mime_type) or path.suffix).name


async def _seen(path: Path, place: Place, made: Made | None) -> Seen:
    folder = own.made_of(path)
    try:
        if made is not None and made.ours:
            return await kept(made.result.look or await own.look(path), folder, place)
        folder.mkdir(exist_ok=True)
        return await see(path, folder, place)
    except Unreadable as exc:
        raise GiveUp(str(exc), code="unreadable_file") from exc


def _provenance(context: Context, made: Made | None) -> GenerationMetadata:
    metadata = GenerationMetadata(
        agent_id="backlot", task_id=context.task.id, generation_time=now()
    )
    if made is None:
        return metadata.model_copy(update={"provider": "local", "model_version": "ffmpeg"})
    return metadata.model_copy(
        update={
            "prompt_used": made.execution.resolved_prompt,
            "model_version": made.result.model,
            "provider": made.result.provider,
            "cost": made.result.usage.cost,
            "execution_id": made.execution.id,
        }
    )
