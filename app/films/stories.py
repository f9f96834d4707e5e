"""Keeping the texts that films are made of."""

from collections.abc import AsyncIterator

from app.core.storage import Storage, StoredObject
from app.films.story import MOST_BYTES
from app.library.urls import content_url
from documents.films import Project
from documents.library import Media
from documents.values import Id


async def store_story(storage: Storage, workspace_id: Id, text: str) -> StoredObject:
    """Keep the text of a story. Raises StorageError."""

    async def chunks() -> AsyncIterator[bytes]:
        yield text.encode()

    return await storage.put_stream(
        chunks(),
        prefix=str(workspace_id),
        content_type="text/plain; charset=utf-8",
        maximum=4 * MOST_BYTES,
    )


def story_media(
    project: Project,
    stored: StoredObject,
    created_by: Id | None,
    *,
    about: str,
) -> Media:
    """The record of a story that is kept."""
    identity = Id()
    return Media(
        id=identity,
        workspace_id=project.workspace_id,
        project_id=project.id,
        created_by=created_by,
        filename="story.txt",
        mime_type="text/plain",
        filesize=stored.size,
        url=content_url(identity),
        storage_key=stored.key,
        sha256=stored.sha256,
        kind="document",
        media_type="upload",
        description=f"The story of {about}",
        tags=["story"],
    )
