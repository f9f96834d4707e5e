"""Drawing: how characters look, and the panels of the storyboard."""

from typing import Final

from pymongo.asynchronous.client_session import AsyncClientSession

from app.core.revising import revise_one
from app.films.kinds import DESIGN_CHARACTER, DRAW_PANEL, DesignCharacter, DrawPanel
from app.films.planning import next_number
from app.films.recipes import members, panel_recipe
from documents.base import Subject
from documents.films import MOST_TAKES, Character, Take
from documents.library import RelatedElements
from documents.production import TaskOutput
from documents.scenes import Scene
from documents.values import Id, now
from workers.jobs.films.prompts import prompt_for
from workers.jobs.films.subjects import (
    cast_of,
    character_of,
    fails_the_scene,
    frame_of,
    project_of,
    scene_of,
    seed_for,
)
from workers.jobs.intake import take_in
from workers.providers.base import FileResult
from workers.providers.image import Figure, ImageRequest
from workers.providers.voice import SpeechResult, VoiceRequest
from workers.runtime import calls
from workers.runtime.calls import Call
from workers.runtime.context import Context
from workers.runtime.handlers import GiveUp, Outcome, handles

OVERSIZE: Final = 1.2
"""Panels are larger than the frame, so that a slow move over them stays sharp."""
INTRODUCTION: Final = "My name is {name}."


@handles(DESIGN_CHARACTER)
async def design_character(context: Context, parameters: DesignCharacter) -> Outcome:
    """Draw the character's final design and cast their voice."""
    character = await character_of(parameters.character_id)
    subject = Subject(collection="characters", id=character.id)
    prompt = await prompt_for(
        context, "character_design", name=character.name, description=character.description
    )
    look = ImageRequest(
        prompt=prompt.text,
        width=720,
        height=720,
        figures=(figure_of(character),),
        camera_angle="medium",
        style="character sheet",
        seed=seed_for(parameters.seed, character.name),
    )
    picture = await calls.make_file(
        context,
        Call(
            context.providers.image,
            look,
            category="image_generation",
            feature="films",
            stage="character_design",
            prompt=prompt.text,
            template=prompt.template,
            subject=subject,
        ),
        lambda path: context.providers.image.draw(look, path),
        context.folder / "design.png",
        FileResult,
    )
    voice_id = context.providers.voice.voice_for(character.name, parameters.gender, look.seed)
    line = INTRODUCTION.format(name=character.name)
    words = VoiceRequest(text=line, voice_id=voice_id, language="en", seed=parameters.seed)
    sample = await calls.make_file(
        context,
        Call(
            context.providers.voice,
            words,
            category="audio_generation",
            feature="films",
            stage="voice_profile",
            prompt=line,
            subject=subject,
        ),
        lambda path: context.providers.voice.speak(words, path),
        context.folder / "voice.wav",
        SpeechResult,
    )
    related = RelatedElements(character_ids=[character.id])
    design = await take_in(
        context,
        picture.result.path,
        "character_design",
        description=prompt.text,
        tags=["character", character.name],
        made=picture,
        seed=look.seed,
        related=related,
    )
    voice = await take_in(
        context,
        sample.result.path,
        "voice_profile",
        description=f"The voice of {character.name}: {line}",
        tags=["voice", character.name],
        made=sample,
        related=related,
    )

    async def write(session: AsyncClientSession) -> None:
        await design.insert(session=session)
        await voice.insert(session=session)
        values = {
            "visual_design.final_design_id": design.id,
            "voice_profile.voice_id": voice_id,
            "voice_profile.audio_sample_id": voice.id,
        }
        await Character.advance_one({"_id": character.id}, {"$set": values}, session)

    return Outcome(TaskOutput(media_id=design.id, result={"voice_id": voice.id}), write)


@handles(DRAW_PANEL)
@fails_the_scene
async def draw_panel(context: Context, parameters: DrawPanel) -> Outcome:
    """Draw one panel, with everybody in it looking as designed."""
    scene = await scene_of(parameters.scene_id)
    project = await project_of(scene.project_id)
    number = parameters.panel_number
    panel = next((each for each in scene.storyboard.panels if each.panel_number == number), None)
    if panel is None:
        raise GiveUp(f"Scene {scene.scene_number} has no panel {number}.", code="subject_gone")
    everybody = await cast_of(scene.project_id)
    cast = members(everybody, panel.character_ids)
    frame = frame_of(project)
    seed = seed_for(parameters.seed, f"{scene.scene_number}/{number}/{parameters.take}")
    camera_angle = panel.camera_angle or "wide"
    prompt = await prompt_for(
        context,
        "storyboard",
        description=panel.description,
        location=scene.location,
        time_of_day=scene.time_of_day,
        mood=scene.mood,
        camera_angle=camera_angle,
    )
    request = ImageRequest(
        prompt=prompt.text,
        width=_even(frame.width * OVERSIZE),
        height=_even(frame.height * OVERSIZE),
        location=scene.location,
        time_of_day=scene.time_of_day,
        mood=scene.mood,
        figures=tuple(figure_of(each) for each in cast),
        camera_angle=camera_angle,
        seed=seed,
    )
    call = Call(
        context.providers.image,
        request,
        category="image_generation",
        feature="films",
        stage="storyboard",
        prompt=prompt.text,
        template=prompt.template,
        subject=Subject(collection="scenes", id=scene.id),
        take=parameters.take,
    )
    made = await calls.make_file(
        context,
        call,
        lambda path: context.providers.image.draw(request, path),
        context.folder / f"scene-{scene.scene_number:02}-panel-{number}.png",
        FileResult,
    )
    media = await take_in(
        context,
        made.result.path,
        "storyboard",
        description=panel.description,
        tags=[scene.location, scene.time_of_day, scene.mood, *(each.name for each in cast)],
        made=made,
        seed=seed,
        related=RelatedElements(character_ids=[each.id for each in cast], scene=scene.title[:255]),
        inputs=[key for each in cast if (key := each.visual_design.final_design_id)],
        take=next_number(panel.takes),
        recipe=panel_recipe(project, scene, panel, everybody),
    )

    async def write(session: AsyncClientSession) -> None:
        await media.insert(session=session)

        def change(current: Scene) -> None:
            _show(current, number, media.id)

        await revise_one(Scene, scene.id, change, session)

    return Outcome(TaskOutput(media_id=media.id), write)


def _show(scene: Scene, number: int, media_id: Id) -> None:
    """The picture is the panel's newest take, and what is seen."""
    for panel in scene.storyboard.panels:
        if panel.panel_number == number:
            take = Take(number=next_number(panel.takes), media_id=media_id, made_at=now())
            panel.takes = [*panel.takes, take][-MOST_TAKES:]
            panel.image_id = media_id


def figure_of(character: Character) -> Figure:
    """The character as an image provider has to draw them, the same in every picture."""
    return Figure(
        name=character.name,
        description=character.description,
        palette=tuple(character.visual_design.color_palette),
        seed=seed_for(0, character.name),
    )


def _even(length: float) -> int:
    return round(length / 2) * 2
