"""Drawing the panels of the storyboard."""

from typing import Final

from pymongo.asynchronous.client_session import AsyncClientSession

from app.core.revising import revise_one
from app.films.kinds import DRAW_PANEL, DrawPanel
from app.films.recipes import members, panel_recipe
from app.films.takes import add_panel_take, next_number
from documents.base import Subject
from documents.films import Character
from documents.library import RelatedElements
from documents.production import TaskOutput
from documents.scenes import PanelTake, Scene
from documents.values import now
from workers.jobs.films.figures import designs_of, figures_in
from workers.jobs.films.prompts import prompt_for
from workers.jobs.films.references import References, figure_of
from workers.jobs.films.subjects import (
    cast_of,
    fails_the_scene,
    frame_of,
    project_of,
    scene_of,
    seed_for,
)
from workers.jobs.intake import add_media, take_in
from workers.providers.image import ImageRequest, ImageResult
from workers.runtime import calls
from workers.runtime.calls import Call
from workers.runtime.context import Context
from workers.runtime.handlers import GiveUp, Outcome, handles

OVERSIZE: Final = 1.2
"""Panels are larger than the frame, so that a slow move over them stays sharp."""


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
    designs = await designs_of(cast)
    references = References(context)
    await references.add(project.style_reference_ids, "style")
    for each in cast:
        if each.id in designs:
            await references.take(designs[each.id], "character", each.name)
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
        figures=tuple(figure_of(each, designs.get(each.id)) for each in cast),
        references=tuple(references.found),
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
        context.folder / f"scene-{scene.scene_number:02}-panel-{number}",
        ImageResult,
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
        inputs=references.used,
        take=next_number(panel.takes),
        recipe=panel_recipe(project, scene, panel, everybody),
    )
    figures = await figures_in(context, made, cast, designs)

    async def write(session: AsyncClientSession) -> None:
        # Somebody may have been deleted while they were drawn.
        who = {"_id": {"$in": [each.character_id for each in figures]}, "deleted_at": None}
        there = await Character.collection().distinct("_id", who, session=session)
        seen = [each for each in figures if each.character_id in there]

        def change(current: Scene) -> None:
            for each in current.storyboard.panels:
                if each.panel_number == number:
                    at = next_number(each.takes)
                    take = PanelTake(number=at, media_id=media.id, made_at=now(), figures=seen)
                    add_panel_take(each, take)

        await add_media(context, [media], session)
        await revise_one(Scene, scene.id, change, session)

    return Outcome(TaskOutput(media_id=media.id), write)


def _even(length: float) -> int:
    return round(length / 2) * 2
