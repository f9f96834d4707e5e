"""Developing a project: an idea or a text becomes a series."""

import asyncio
from dataclasses import dataclass
from typing import Final

from pymongo.asynchronous.client_session import AsyncClientSession

from app.core.actor import Actor, demand
from app.core.errors import NotFound, WrongState
from app.core.parts import Parts
from app.core.recording import Transaction
from app.core.revising import deed
from app.core.storage import StoredObject
from app.films import access
from app.films.errors import NoFilmInStory, TooManyEpisodes
from app.films.kinds import DEVELOP, Develop
from app.films.projects import demand_open
from app.films.stories import store_story, story_media
from app.films.story import UnusableStory, usable_text
from app.identity.limits import check_episode_limit
from app.production.tasks import Ownership, new_task, start_pipeline
from documents.base import NotUnique, Subject
from documents.films import Episode, Project
from documents.library import Media
from documents.production import Pipeline
from documents.values import Id

MOST_EPISODES: Final = 50


@dataclass(frozen=True, slots=True)
class Wanted:
    """What shall be made of the text."""

    text: str
    episodes: int | None
    """None: as many as the project plans."""
    seed: int = 0
    write_scripts: bool = True
    as_it_is: bool = False
    """Told as it is, however short; else a short text is an idea, which is developed first."""


@dataclass(frozen=True, slots=True)
class Begun:
    """The work has begun."""

    pipeline: Pipeline
    episodes: int
    first_number: int


async def begin(parts: Parts, actor: Actor, key: Id, wanted: Wanted) -> Begun:
    """Begin to develop the project.

    Raises NotFound, WrongState, NoFilmInStory, TooManyEpisodes, LimitReached and StorageError:
    then nothing is written.
    """
    demand(actor, "write", Project.collection_name())
    project = await Project.one_in(access.PROJECTS.change(actor), key)
    if project is None:
        raise NotFound("There is no such record, or none that you may write.")
    try:
        text = await asyncio.to_thread(usable_text, wanted.text)
    except UnusableStory as exc:
        raise NoFilmInStory(str(exc)) from exc
    count = wanted.episodes or project.episode_count
    await parts.store.in_transaction(lambda session: _check(project, count, session))
    stored = await store_story(parts.storage, project.workspace_id, text)
    begun: list[Begun] = []

    async def work(current: Project, transaction: Transaction) -> Project:
        first = await _check(current, count, transaction.session)
        pipeline, source = await _start(current, count, wanted, stored, transaction)
        begun.append(Begun(pipeline, count, first))
        await transaction.tell(Media, None, source.stored())
        return current

    await deed(parts, actor, Project, access.PROJECTS, key, work)
    await parts.wakeups.wake()
    return begun[-1]


async def next_number(project_id: Id, count: int, session: AsyncClientSession) -> int:
    """The number of the first of so many more episodes. Raises TooManyEpisodes."""
    last = await Episode.all_in(
        True, {"project_id": project_id}, sort=[("episode_number", -1)], limit=1, session=session
    )
    first = last[0].episode_number + 1 if last else 1
    if first + count - 1 > MOST_EPISODES:
        raise TooManyEpisodes(
            f"A project has up to {MOST_EPISODES} episodes: there are numbers up to {first - 1}, "
            f"and {count} more are too many."
        )
    return first


async def _check(project: Project, count: int, session: AsyncClientSession) -> int:
    """The number of the first episode, if there may be so many more."""
    demand_open(project)
    first = await next_number(project.id, count, session)
    await check_episode_limit(session, project.id, count)
    return first


async def _start(
    project: Project, count: int, wanted: Wanted, stored: StoredObject, transaction: Transaction
) -> tuple[Pipeline, Media]:
    by = transaction.actor.id
    source = story_media(project, stored, by, about=project.title)
    pipeline = Pipeline(
        workspace_id=project.workspace_id,
        project_id=project.id,
        created_by=by,
        kind="films.develop_project",
        subject=Subject(collection=Project.collection_name(), id=project.id),
        task_count=1,
    )
    owner = Ownership(
        workspace_id=project.workspace_id,
        project_id=project.id,
        pipeline_id=pipeline.id,
        created_by=by,
        subject=pipeline.subject,
    )
    parameters = Develop(
        project_id=project.id,
        source_id=source.id,
        episodes=count,
        seed=wanted.seed,
        write_scripts=wanted.write_scripts,
        as_it_is=wanted.as_it_is,
    )
    task = new_task(DEVELOP, parameters, owner, key=f"{DEVELOP.name}:{project.id}")
    try:
        await start_pipeline(pipeline, [task], transaction.session)
    except NotUnique as exc:
        raise WrongState(
            "The project is being developed already: wait until that is done, or cancel it first."
        ) from exc
    await source.insert(session=transaction.session)
    return pipeline, source
