"""From a story to a screenplay: characters and scenes."""

from dataclasses import dataclass
from typing import Final

from pymongo.asynchronous.client_session import AsyncClientSession

from app.core.revising import revise
from app.films.casting import name_key
from app.films.kinds import WRITE_SCREENPLAY, WriteScreenplay
from app.films.progress import refresh_project
from app.films.scripts import add_version
from documents.base import Subject
from documents.films import (
    Character,
    CharacterProfile,
    Episode,
    VisualDesign,
    VoiceProfile,
)
from documents.production import TaskOutput
from documents.scenes import DialogueLine, Scene, SceneScript, Storyboard, StoryboardPanel
from documents.values import Id
from workers.jobs.films.prompts import prompt_for
from workers.jobs.films.subjects import episode_of, media_of, text_of
from workers.jobs.films.writing import written
from workers.providers.fountain import as_fountain
from workers.providers.screenplay import Screenplay, ScreenplayCharacter, ScreenplayScene
from workers.runtime.context import Context
from workers.runtime.handlers import GiveUp, Outcome, handles

UNKNOWN_LANGUAGE: Final = "und"


@handles(WRITE_SCREENPLAY)
async def write_screenplay(context: Context, parameters: WriteScreenplay) -> Outcome:
    """Have the screenplay written of the part of the text that the episode tells."""
    episode = await episode_of(parameters.episode_id)
    part = episode.source
    if part is None:
        raise GiveUp("The episode tells no text.", code="subject_gone")
    text = await text_of(context, await media_of(part.media_id, "story"))
    text = text[part.start : part.end]
    prompt = await prompt_for(context, "screenplay", story=text)
    inputs = {"text": text, "target_seconds": parameters.target_seconds, "title": episode.title}
    about = Subject(collection="episodes", id=episode.id)
    answer = await written(context, "screenplay", prompt, inputs, about, parameters.seed)
    screenplay = Screenplay.model_validate(answer)
    production = await _written(episode, screenplay)

    async def write(session: AsyncClientSession) -> None:
        await production.write(session)
        await refresh_project(episode.project_id, session)

    made = {"scenes": len(production.scenes), "characters": len(production.characters)}
    return Outcome(TaskOutput(result=made), write)


@dataclass(frozen=True, slots=True)
class _Written:
    """All that a screenplay brings about."""

    episode: Episode
    screenplay: Screenplay
    characters: list[Character]
    """Who is new."""
    scenes: list[Scene]

    async def write(self, session: AsyncClientSession) -> None:
        """Who there is, and what happens."""
        if await Scene.first_in(True, {"episode_id": self.episode.id}, session):
            raise GiveUp(
                "The episode has scenes already: somebody has written its script meanwhile.",
                code="has_scenes",
            )
        await Character.insert_all(self.characters, session)
        await Scene.insert_all(self.scenes, session)
        await self._write_script(session)

    async def _write_script(self, session: AsyncClientSession) -> None:
        screenplay = self.screenplay
        episode = await Episode.first_in(True, {"_id": self.episode.id}, session)
        if episode is None:
            raise GiveUp("The episode was deleted.", code="subject_gone")
        language = None if screenplay.language == UNKNOWN_LANGUAGE else screenplay.language
        scripted = await add_version(
            episode,
            as_fountain(screenplay),
            screenplay.duration_seconds,
            session,
            language=language,
        )

        def tell(record: Episode) -> None:
            record.status = "storyboarding"

        await revise(scripted, tell, session, by_person=False)


async def _written(episode: Episode, screenplay: Screenplay) -> _Written:
    """Who is new gets a record; who returns keeps the look and the voice they have."""
    found = await Character.all_in(True, {"project_id": episode.project_id})
    present = {name_key(character.name): character for character in found}
    cast = {
        each.name: present[key]
        for each in screenplay.characters
        if (key := name_key(each.name)) in present
    }
    new = [
        character_from(episode.project_id, episode.workspace_id, each)
        for each in screenplay.characters
        if each.name not in cast
    ]
    cast |= {character.name: character for character in new}
    scenes = [_scene(episode, each, cast) for each in screenplay.scenes]
    return _Written(episode, screenplay, new, scenes)


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
