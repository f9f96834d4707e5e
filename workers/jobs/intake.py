"""A made file becomes a media record: facts read from the file, thumbnail, object, provenance."""

from pathlib import Path
from typing import Final

from app.core.storage import StoredObject
from app.library.urls import content_url, thumbnail_url
from documents.library import GenerationMetadata, Media, MediaType, RelatedElements, TechnicalData
from documents.values import Id, now
from workers.render.errors import Unreadable
from workers.render.facts import TechnicalData as Facts
from workers.render.probe import probe, thumbnail
from workers.runtime.calls import Made
from workers.runtime.context import Context
from workers.runtime.handlers import GiveUp

PICTURED: Final = ("image", "video")
DOCUMENT_TYPES: Final = {".vtt": "text/vtt", ".srt": "application/x-subrip", ".txt": "text/plain"}


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
) -> Media:
    """Keep the file and describe it; the record is not written yet: that is the task's outcome.

    Raises GiveUp where the file cannot be read as media.
    """
    identity = Id()
    facts, preview = await _looked_at(context, path)
    kind = facts.kind if facts else "document"
    mime_type = facts.mime_type if facts else DOCUMENT_TYPES[path.suffix]
    stored = await _store(context, path, mime_type)
    task = context.task
    return Media(
        id=identity,
        workspace_id=context.workspace_id,
        project_id=task.project_id,
        episode_id=task.episode_id,
        scene_id=scene_id or task.scene_id,
        character_id=character_id or task.character_id,
        created_by=task.created_by,
        filename=path.name,
        mime_type=mime_type,
        filesize=stored.size,
        width=facts.width if facts else None,
        height=facts.height if facts else None,
        url=content_url(identity),
        thumbnail_url=thumbnail_url(identity) if preview else None,
        storage_key=stored.key,
        thumbnail_key=preview.key if preview else None,
        sha256=stored.sha256,
        kind=kind,
        media_type=media_type,
        alt=description[:500],
        description=description,
        tags=tags,
        agent_generated=True,
        generation_metadata=_provenance(context, made, seed),
        related_elements=related or RelatedElements(),
        technical_data=TechnicalData(
            duration=facts.duration,
            resolution=facts.resolution,
            fps=facts.fps,
            sample_rate=facts.sample_rate,
            bitrate=facts.bitrate,
            codec=facts.codec,
        )
        if facts
        else TechnicalData(),
    )


async def _looked_at(context: Context, path: Path) -> tuple[Facts | None, StoredObject | None]:
    """What the file is, and its stored thumbnail where it has a picture."""
    if path.suffix in DOCUMENT_TYPES:
        return None, None
    try:
        facts = await probe(path)
        if facts.kind not in PICTURED:
            return facts, None
        preview = context.folder / f"{path.stem}.thumbnail.webp"
        await thumbnail(path, preview)
    except Unreadable as exc:
        raise GiveUp(str(exc), code="unreadable_file") from exc
    return facts, await _store(context, preview, "image/webp")


async def _store(context: Context, path: Path, mime_type: str) -> StoredObject:
    return await context.storage.put_file(
        path, prefix=str(context.workspace_id), content_type=mime_type
    )


def _provenance(context: Context, made: Made | None, seed: int | None) -> GenerationMetadata:
    metadata = GenerationMetadata(
        agent_id="backlot", task_id=context.task.id, generation_time=now(), seed=seed
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
