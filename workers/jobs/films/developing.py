"""From an idea or a text to a series: outline, characters, episodes, and their scripts' tasks."""

from dataclasses import dataclass, replace

from pydantic import ValidationError
from pymongo.asynchronous.client_session import AsyncClientSession

from app.core.revising import revise
from app.films.casting import name_key
from app.films.developing import next_number
from app.films.errors import TooManyEpisodes
from app.films.kinds import DEVELOP, WRITE_SCREENPLAY, Develop, WriteScreenplay
from app.films.progress import refresh_project
from app.films.stories import store_story, story_media
from app.identity.errors import LimitReached
from app.identity.limits import check_episode_limit
from app.production import tasks
from app.production.tasks import Ownership, new_task
from documents.base import Subject, touched
from documents.films import Character, Episode, EpisodeSource, Project, Synopsis
from documents.library import Media
from documents.production import Pipeline, Task, TaskOutput
from documents.values import Id
from workers.jobs.films.prompts import prompt_for
from workers.jobs.films.screenplay import character_from
from workers.jobs.films.subjects import media_of, project_of, text_of
from workers.jobs.films.writing import written
from workers.providers.outline import SeriesOutline
from workers.runtime.context import Context
from workers.runtime.handlers import GiveUp, Outcome, handles


@handles(DEVELOP)
async def develop(context: Context, parameters: Develop) -> Outcome:
    """Have the outline made, and write what it names; with `write_scripts` ask for the scripts."""
    project = await project_of(parameters.project_id)
    source = await media_of(parameters.source_id, "story")
    text = await text_of(context, source)
    outline = await _outline(context, parameters, project, text)
    told = outline.text or text
    if outline.episodes[-1].end > len(told):
        raise GiveUp("The outline's last episode ends beyond the text.", code="bad_output")
    if outline.text is not None:
        stored = await store_story(context.storage, context.workspace_id, outline.text)
        tale: Media | None = story_media(
            project, stored, context.task.created_by, about=outline.title
        )
    else:
        tale = None
    work = _Development(project, parameters, outline, context.task, source, tale)
    made = {"episodes": len(outline.episodes), "characters": len(outline.characters)}
    return Outcome(TaskOutput(result=made), work.write)


async def _outline(
    context: Context, parameters: Develop, project: Project, text: str
) -> SeriesOutline:
    prompt = await prompt_for(
        context, "outline", title=project.title, episodes=str(parameters.episodes), story=text
    )
    inputs = {
        "text": text,
        "title": project.title,
        "episodes": parameters.episodes,
        "as_it_is": parameters.as_it_is,
    }
    about = Subject(collection=Project.collection_name(), id=project.id)
    answer = await written(context, "outline", prompt, inputs, about, parameters.seed)
    try:
        outline = SeriesOutline.model_validate(answer)
    except ValidationError as exc:
        raise GiveUp(f"The writer's answer is no outline: {exc}", code="bad_output") from exc
    if len(outline.episodes) != parameters.episodes:
        raise GiveUp(
            f"The outline has {len(outline.episodes)} episodes, and {parameters.episodes} were "
            "asked for.",
            code="bad_output",
        )
    return outline


@dataclass(frozen=True, slots=True)
class _Development:
    """All that an outline brings about."""

    project: Project
    parameters: Develop
    outline: SeriesOutline
    task: Task
    source: Media
    tale: Media | None

    async def write(self, session: AsyncClientSession) -> None:
        """Everything at once. Raises GiveUp where the project is in no state for it by now."""
        project = await Project.first_in(True, {"_id": self.project.id}, session)
        if project is None or project.archived_at is not None:
            raise GiveUp("The project was deleted or archived meanwhile.", code="subject_gone")
        first = await self._first_number(session)
        if self.tale is not None:
            await self.tale.insert(session=session)
        await Character.insert_all(await self._characters(session), session)
        episodes = [self._episode(number) for number in range(len(self.outline.episodes))]
        for number, episode in enumerate(episodes, start=first):
            episode.episode_number = number
        await Episode.insert_all(episodes, session)
        await self._ask_for_scripts(episodes, session)
        await revise(project, self._tell_project, session, by_person=False)
        count = await Episode.collection().count_documents(
            {"project_id": project.id, "deleted_at": None}, session=session
        )
        query = {"_id": project.id, "episode_count": {"$lt": count}}
        await Project.advance_one(query, {"$set": {"episode_count": count}}, session)
        await refresh_project(project.id, session)

    async def _first_number(self, session: AsyncClientSession) -> int:
        count = len(self.outline.episodes)
        try:
            await check_episode_limit(session, self.project.id, count)
            return await next_number(self.project.id, count, session)
        except (LimitReached, TooManyEpisodes) as exc:
            raise GiveUp(str(exc), code=exc.code) from exc

    async def _characters(self, session: AsyncClientSession) -> list[Character]:
        """Those whose names the project does not have yet."""
        query = {"project_id": self.project.id}
        known = {
            name_key(each.name) for each in await Character.all_in(True, query, session=session)
        }
        return [
            character_from(self.project.id, self.project.workspace_id, each)
            for each in self.outline.characters
            if name_key(each.name) not in known
        ]

    def _episode(self, index: int) -> Episode:
        told = self.outline.episodes[index]
        source = self.tale or self.source
        return Episode(
            project_id=self.project.id,
            workspace_id=self.project.workspace_id,
            episode_number=told.number,
            title=told.title[:255],
            status="scripting" if self.parameters.write_scripts else "planning",
            synopsis=Synopsis(
                logline=told.logline[:2000],
                summary=told.summary,
                themes=[each[:255] for each in told.themes],
            ),
            source=EpisodeSource(media_id=source.id, start=told.start, end=told.end),
        )

    async def _ask_for_scripts(self, episodes: list[Episode], session: AsyncClientSession) -> None:
        if not self.parameters.write_scripts:
            return
        owner = Ownership(
            workspace_id=self.project.workspace_id,
            project_id=self.project.id,
            pipeline_id=self.task.pipeline_id,
            created_by=self.task.created_by,
        )
        made = [self._script_task(each.id, owner) for each in episodes]
        await tasks.add(made, session)
        more = touched({"$inc": {"task_count": len(made)}})
        await Pipeline.collection().update_one(
            {"_id": self.task.pipeline_id}, more, session=session
        )

    def _script_task(self, episode_id: Id, owner: Ownership) -> Task:
        parameters = WriteScreenplay(
            episode_id=episode_id,
            seed=self.parameters.seed,
            target_seconds=60 * self.project.project_settings.episode_duration,
        )
        subject = Subject(collection=Episode.collection_name(), id=episode_id)
        about = replace(owner, episode_id=episode_id, subject=subject)
        # Scripts of one project are written one after the other: each adds to its characters.
        return new_task(
            WRITE_SCREENPLAY, parameters, about, lane=f"films.write_screenplay:{self.project.id}"
        )

    def _tell_project(self, project: Project) -> None:
        outline = self.outline
        project.outline = Synopsis(
            logline=outline.logline[:2000],
            summary=outline.summary,
            themes=[each[:255] for each in outline.themes],
        )
