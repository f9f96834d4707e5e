"""Films: planning an episode from a story."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from pymongo.asynchronous.client_session import AsyncClientSession

from app.core.storage import Storage, StoredObject
from app.core.wakeups import Wakeups
from app.films.kinds import WRITE_SCREENPLAY, WriteScreenplay
from app.films.story import MOST_BYTES, read_story
from app.identity.limits import check_episode_limit
from app.library.urls import content_url
from app.production.tasks import Ownership, new_task, start_pipeline
from documents.base import Subject
from documents.films import Episode, Project
from documents.library import Media
from documents.production import Pipeline
from documents.references import check_references
from documents.registry import COLLECTIONS
from documents.store import Store
from documents.values import Id


@dataclass(frozen=True, slots=True)
class Plan:
    """An episode whose making has begun."""

    episode: Episode
    pipeline: Pipeline


async def plan_episode(
    store: Store,
    storage: Storage,
    wakeups: Wakeups,
    project: Project,
    story: bytes,
    *,
    number: int = 1,
    title: str | None = None,
    created_by: Id | None = None,
    seed: int = 0,
    target_seconds: float | None = None,
    auto_approve: bool = False,
) -> Plan:
    """Begin to make an episode of the project from a story.

    Writes the episode and the first step of its task graph; that step, the screenplay, adds the
    rest when it is known which scenes there are. With `auto_approve` nobody reviews the scenes.
    Raises UnusableStory, NotUnique where the project has this number already, LimitReached and
    StorageError.
    """
    text = read_story(story)
    stored = await store_story(storage, project.workspace_id, text)
    episode = Episode(
        project_id=project.id,
        workspace_id=project.workspace_id,
        episode_number=number,
        title=title or project.title,
        status="scripting",
    )
    source = story_media(project, stored, created_by, about=episode.title, episode_id=episode.id)
    pipeline = Pipeline(
        workspace_id=project.workspace_id,
        project_id=project.id,
        created_by=created_by,
        kind="films.make_episode",
        subject=Subject(collection="episodes", id=episode.id),
        task_count=1,
    )
    owner = Ownership(
        workspace_id=project.workspace_id,
        project_id=project.id,
        episode_id=episode.id,
        pipeline_id=pipeline.id,
        created_by=created_by,
        subject=pipeline.subject,
    )
    parameters = WriteScreenplay(
        episode_id=episode.id,
        source_id=source.id,
        seed=seed,
        target_seconds=target_seconds,
        and_go_on=True,
        auto_approve=auto_approve,
    )

    async def together(session: AsyncClientSession) -> None:
        await check_references(episode, COLLECTIONS, session)
        await check_episode_limit(session, project.id)
        await episode.insert(session=session)
        await source.insert(session=session)
        await start_pipeline(pipeline, [new_task(WRITE_SCREENPLAY, parameters, owner)], session)

    await store.in_transaction(together)
    await wakeups.wake()
    return Plan(episode, pipeline)


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
    episode_id: Id | None = None,
) -> Media:
    """The record of a story that is kept."""
    identity = Id()
    return Media(
        id=identity,
        workspace_id=project.workspace_id,
        project_id=project.id,
        episode_id=episode_id,
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
