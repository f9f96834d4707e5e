"""From a story to a screenplay: characters, scenes, and the rest of the task graph."""

from dataclasses import dataclass, field, replace
from typing import Final

from pymongo.asynchronous.client_session import AsyncClientSession

from app.core.revising import revise
from app.films import kinds
from app.films.casting import name_key
from app.films.kinds import WRITE_SCREENPLAY, WriteScreenplay
from app.films.progress import enter_phase
from app.films.scripts import add_version
from app.library.kinds import EMBED_MEDIA, EmbedMedia
from app.production import tasks
from app.production.tasks import Ownership, new_task
from documents.base import Subject, touched
from documents.films import (
    Character,
    CharacterProfile,
    Episode,
    Synopsis,
    VisualDesign,
    VoiceProfile,
)
from documents.library import Media
from documents.production import Pipeline, Task, TaskOutput
from documents.scenes import DialogueLine, Scene, SceneScript, Storyboard, StoryboardPanel
from documents.values import Id
from workers.jobs.films.prompts import prompt_for
from workers.jobs.films.subjects import text_of
from workers.providers.fountain import as_fountain
from workers.providers.screenplay import Screenplay, ScreenplayCharacter, ScreenplayScene
from workers.providers.text import TextRequest
from workers.runtime import calls
from workers.runtime.calls import Call
from workers.runtime.context import Context
from workers.runtime.handlers import GiveUp, Outcome, handles

UNKNOWN_LANGUAGE: Final = "und"


@handles(WRITE_SCREENPLAY)
async def write_screenplay(context: Context, parameters: WriteScreenplay) -> Outcome:
    """Have the screenplay written, and plan the work that it asks for."""
    episode = await Episode.one_in(True, parameters.episode_id)
    source = await Media.one_in(True, parameters.source_id)
    if episode is None or source is None:
        raise GiveUp("The episode or its story was deleted.", code="subject_gone")
    text = _told_by(episode, source, await text_of(context, source))
    prompt = await prompt_for(context, "screenplay", story=text)
    request = TextRequest(
        purpose="screenplay",
        prompt=prompt.text,
        inputs={
            "text": text,
            "target_seconds": parameters.target_seconds,
            **({"title": episode.title} if episode.source else {}),
        },
        seed=parameters.seed,
    )
    provider = context.providers.text
    call = Call(
        provider,
        request,
        category="llm",
        feature="films",
        stage="screenplay",
        prompt=prompt.text,
        template=prompt.template,
        subject=Subject(collection="episodes", id=episode.id),
    )
    result = await calls.write_text(context, call, provider)
    await prompt.check(result.output)
    screenplay = Screenplay.model_validate(result.output)
    production = await _Production.of(episode, screenplay, parameters, context.task)

    async def write(session: AsyncClientSession) -> None:
        await production.write(session)

    made = {"scenes": len(production.scenes), "characters": len(production.characters)}
    return Outcome(TaskOutput(result={**made, "tasks": len(production.tasks)}), write)


@dataclass(slots=True)
class _Production:
    """All that a screenplay brings about."""

    episode: Episode
    screenplay: Screenplay
    parameters: WriteScreenplay
    owner: Ownership
    known: dict[str, Character] = field(default_factory=dict)
    characters: list[Character] = field(default_factory=list)
    scenes: list[Scene] = field(default_factory=list)
    tasks: list[Task] = field(default_factory=list)

    @classmethod
    async def of(
        cls, episode: Episode, screenplay: Screenplay, parameters: WriteScreenplay, task: Task
    ) -> "_Production":
        owner = Ownership(
            workspace_id=task.workspace_id,
            project_id=task.project_id,
            episode_id=episode.id,
            pipeline_id=task.pipeline_id,
            created_by=task.created_by,
        )
        production = cls(episode, screenplay, parameters, owner)
        cast = await Character.all_in(True, {"project_id": episode.project_id})
        present = {name_key(character.name): character for character in cast}
        production.known = {
            each.name: present[key]
            for each in screenplay.characters
            if (key := name_key(each.name)) in present
        }
        designs = production._plan_characters()
        renders = [production._plan_scene(scene, designs) for scene in screenplay.scenes]
        production._plan_episode(renders)
        if not parameters.and_go_on:
            production.tasks.clear()
        return production

    def _plan_characters(self) -> dict[str, Task]:
        """Who is new gets a record and a design task; who returns keeps the look they have."""
        designs: dict[str, Task] = {}
        for each in self.screenplay.characters:
            if each.name in self.known:
                continue
            character = character_from(self.episode.project_id, self.episode.workspace_id, each)
            self.known[each.name] = character
            self.characters.append(character)
            parameters = kinds.DesignCharacter(
                character_id=character.id, gender=each.gender, seed=self.parameters.seed
            )
            owner = replace(
                self.owner,
                character_id=character.id,
                subject=Subject(collection="characters", id=character.id),
            )
            designs[each.name] = self._add(
                new_task(kinds.DESIGN_CHARACTER, parameters, owner, priority=7)
            )
        return designs

    def _plan_scene(self, written: ScreenplayScene, designs: dict[str, Task]) -> Task:
        """The scene's record and its tasks; answers the one that renders it."""
        scene = _scene(self.episode, written, self.known)
        self.scenes.append(scene)
        seed = self.parameters.seed
        owner = replace(
            self.owner, scene_id=scene.id, subject=Subject(collection="scenes", id=scene.id)
        )
        voice = self._add(
            new_task(
                kinds.VOICE_SCENE,
                kinds.VoiceScene(scene_id=scene.id, language=self.screenplay.language, seed=seed),
                owner,
                after=[
                    designs[line.speaker] for line in written.dialogue if line.speaker in designs
                ],
                priority=6,
            )
        )
        score = self._add(
            new_task(
                kinds.SCORE_SCENE,
                kinds.ScoreScene(scene_id=scene.id, seed=seed),
                owner,
                after=[voice],
                priority=6,
            )
        )
        panels = [
            self._add(
                new_task(
                    kinds.DRAW_PANEL,
                    kinds.DrawPanel(
                        scene_id=scene.id,
                        panel_number=panel.number,
                        character_names=panel.characters,
                        seed=seed,
                    ),
                    owner,
                    after=[designs[name] for name in panel.characters if name in designs],
                )
            )
            for panel in written.panels
        ]
        parameters = kinds.RenderScene(scene_id=scene.id, auto_approve=self.parameters.auto_approve)
        return self._add(
            new_task(
                kinds.RENDER_SCENE, parameters, owner, after=[*panels, voice, score], priority=8
            )
        )

    def _plan_episode(self, renders: list[Task]) -> None:
        subject = Subject(collection="episodes", id=self.episode.id)
        owner = replace(self.owner, subject=subject)
        assembly = self._add(
            new_task(
                kinds.ASSEMBLE_EPISODE,
                kinds.AssembleEpisode(episode_id=self.episode.id),
                owner,
                after=renders,
                priority=9,
            )
        )
        self._add(
            new_task(
                EMBED_MEDIA,
                EmbedMedia(project_id=self.episode.project_id),
                owner,
                after=[assembly],
                priority=9,
            )
        )

    def _add(self, task: Task) -> Task:
        self.tasks.append(task)
        return task

    async def write(self, session: AsyncClientSession) -> None:
        """Everything at once: who, what, and the work to do."""
        if await Scene.first_in(True, {"episode_id": self.episode.id}, session):
            raise GiveUp(
                "The episode has scenes already: somebody has written its script meanwhile.",
                code="has_scenes",
            )
        await Character.insert_all(self.characters, session)
        await Scene.insert_all(self.scenes, session)
        await tasks.add(self.tasks, session)
        await Pipeline.collection().update_one(
            {"_id": self.owner.pipeline_id},
            touched({"$inc": {"task_count": len(self.tasks)}}),
            session=session,
        )
        await self._write_script(session)
        project = self.episode.project_id
        if self.parameters.and_go_on:
            await enter_phase(project, "visual_design", "production", session)
        else:
            await enter_phase(project, "character_creation", "pre-production", session)

    async def _write_script(self, session: AsyncClientSession) -> None:
        screenplay = self.screenplay
        episode = await Episode.first_in(True, {"_id": self.episode.id}, session)
        if episode is None:
            raise GiveUp("The episode was deleted.", code="subject_gone")
        language = None if screenplay.language == UNKNOWN_LANGUAGE else screenplay.language
        written = await add_version(
            episode,
            as_fountain(screenplay),
            screenplay.duration_seconds,
            session,
            language=language,
        )

        def tell(record: Episode) -> None:
            record.status = "storyboarding"
            # An episode that was developed has its title and synopsis already.
            if record.source is None:
                record.title = screenplay.title[:255]
                record.synopsis = Synopsis(
                    logline=screenplay.logline[:2000],
                    summary=screenplay.summary,
                    themes=[*screenplay.themes],
                )

        await revise(written, tell, session, by_person=False)


def _told_by(episode: Episode, source: Media, text: str) -> str:
    """The part of the source that the episode tells."""
    part = episode.source
    if part is None or part.media_id != source.id:
        return text
    return text[part.start : part.end]


def character_from(project_id: Id, workspace_id: Id, written: ScreenplayCharacter) -> Character:
    """Somebody whom a writer made up."""
    return Character(
        project_id=project_id,
        workspace_id=workspace_id,
        name=written.name[:255],
        description=written.description,
        profile=CharacterProfile(
            age=written.age, gender=written.gender, personality=[*written.personality]
        ),
        visual_design=VisualDesign(color_palette=[*written.color_palette]),
        voice_profile=VoiceProfile(voice_characteristics=[*written.voice_characteristics]),
    )


def _scene(episode: Episode, written: ScreenplayScene, cast: dict[str, Character]) -> Scene:
    def character_id(name: str | None) -> Id | None:
        return cast[name].id if name in cast else None

    return Scene(
        project_id=episode.project_id,
        workspace_id=episode.workspace_id,
        episode_id=episode.id,
        scene_number=written.number,
        title=written.heading[:255],
        script=SceneScript(
            action=written.action,
            dialogue=[
                DialogueLine(
                    character_id=character_id(line.speaker), lines=line.line, emotion=line.emotion
                )
                for line in written.dialogue
            ],
            duration=written.duration_seconds,
        ),
        storyboard=Storyboard(
            panels=[
                StoryboardPanel(
                    panel_number=panel.number,
                    description=panel.description,
                    camera_angle=panel.camera_angle,
                    character_ids=[cast[name].id for name in panel.characters if name in cast],
                    starts_at_line=panel.starts_at_line,
                )
                for panel in written.panels
            ]
        ),
        character_ids=[cast[name].id for name in written.characters if name in cast],
        location=written.location[:255],
        time_of_day=written.time_of_day,
        mood=written.mood,
    )
