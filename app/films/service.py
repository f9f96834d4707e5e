"""Films: planning an episode from a story."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from pymongo.asynchronous.client_session import AsyncClientSession

from app.core.storage import Storage
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
    stored = await storage.put_stream(
        _chunks(text.encode()),
        prefix=str(project.workspace_id),
        content_type="text/plain; charset=utf-8",
        maximum=4 * MOST_BYTES,
    )
    episode = Episode(
        project_id=project.id,
        workspace_id=project.workspace_id,
        episode_number=number,
        title=title or project.title,
        status="scripting",
    )
    source = _story_media(project, episode, stored.key, stored.sha256, stored.size, created_by)
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


async def _chunks(content: bytes) -> AsyncIterator[bytes]:
    yield content


def _story_media(
    project: Project, episode: Episode, key: str, sha256: str, size: int, created_by: Id | None
) -> Media:
    identity = Id()
    return Media(
        id=identity,
        workspace_id=project.workspace_id,
        project_id=project.id,
        episode_id=episode.id,
        created_by=created_by,
        filename="story.txt",
        mime_type="text/plain",
        filesize=size,
        url=content_url(identity),
        storage_key=key,
        sha256=sha256,
        kind="document",
        media_type="upload",
        description=f"The story of {episode.title}",
        tags=["story"],
    )
