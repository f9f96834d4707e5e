"""Characters made by a worker: designs, voices, and panels that keep to them."""

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from app.films import cast
from app.films.appearances import count_again
from app.films.cast_recipes import design_recipe, voice_recipe
from app.films.kinds import DRAW_PANEL, DrawPanel
from app.production import tasks
from app.production.tasks import Ownership, new_task
from documents.films import Character, Project
from documents.library import Derivative, Media
from documents.production import Task
from documents.scenes import PanelFigure, Scene
from documents.values import Id
from tests.factories.films import Film, make_film, make_media
from tests.factories.records import valid
from tests.workers.conftest import Working, ended
from workers.runtime.context import Resources


def owner(film: Film) -> Ownership:
    return Ownership(workspace_id=film.workspace.id, project_id=film.project.id)


async def done(working: Working, *work: Task) -> list[Task]:
    await tasks.add(work)
    async with working():
        return await ended(*work)


async def now_of(character: Character) -> Character:
    found = await Character.one_in(True, character.id)
    assert found is not None
    return found


async def media_of(key: Id | None) -> Media:
    assert key is not None
    found = await Media.one_in(True, key)
    assert found is not None
    return found


async def styled(film: Film, resources: Resources, folder: Path, colour: str) -> Media:
    """A style reference of one colour, looked at."""
    path = folder / f"{colour}.webp"
    Image.new("RGB", (64, 64), colour).save(path)
    stored = await resources.storage.put_file(
        path, prefix=str(film.workspace.id), content_type="image/webp"
    )
    large = Derivative(name="thumbnail_large", key=stored.key, mime_type="image/webp")
    return await make_media(
        film,
        media_type="style_reference",
        kind="image",
        sha256=stored.sha256,
        derivatives=[large.model_dump()],
        look_version=1,
    )


async def scene_with(film: Film, *panels: list[Id], number: int = 9) -> Scene:
    """A scene whose panels show these characters."""
    return await valid(
        Scene,
        workspace_id=film.workspace.id,
        project_id=film.project.id,
        episode_id=film.episode.id,
        scene_number=number,
        location="forest",
        storyboard={
            "panels": [
                {"panel_number": at, "description": f"Panel {at}", "character_ids": who}
                for at, who in enumerate(panels, 1)
            ]
        },
    ).insert()


def drawing(film: Film, scene: Scene, panel: int = 1, take: int = 1) -> Task:
    parameters = DrawPanel(scene_id=scene.id, panel_number=panel, take=take)
    return new_task(DRAW_PANEL, parameters, owner(film))


async def panel_of(scene: Scene, number: int = 1) -> Any:
    found = await Scene.one_in(True, scene.id)
    assert found is not None
    return found.storyboard.panels[number - 1]


async def mean_of(resources: Resources, media: Media, folder: Path) -> np.ndarray:
    path = folder / f"{media.id}.png"
    await resources.storage.get_file(media.storage_key, path)
    with Image.open(path) as picture:
        pixels = np.asarray(picture.convert("RGB"), dtype=float)
    return np.asarray(pixels.mean(axis=(0, 1)))


async def test_every_design_is_a_take_and_a_choice_stays(working: Working) -> None:
    film = await make_film()
    fox = film.character
    await done(working, cast.design_task(fox, owner(film)))
    first = await now_of(fox)
    [take] = first.visual_design.takes
    assert (take.number, first.visual_design.final_design_id) == (1, take.media_id)
    media = await media_of(take.media_id)
    made = media.generation_metadata
    assert made is not None
    assert (media.character_id, made.take) == (fox.id, 1)
    assert made.recipe == design_recipe(first, film.project)

    # Nothing has changed: the picture of before is kept.
    [task] = await done(working, cast.design_task(fox, owner(film)))
    assert task.output is not None
    assert task.output.media_id == take.media_id
    assert len((await now_of(fox)).visual_design.takes) == 1

    await done(working, cast.design_task(fox, owner(film), new=True))
    second = (await now_of(fox)).visual_design
    assert [each.number for each in second.takes] == [1, 2]
    assert second.final_design_id == second.takes[1].media_id
    newest = await media_of(second.final_design_id)
    assert newest.sha256 != media.sha256

    chosen = {"$set": {"visual_design.final_design_id": take.media_id}}
    await Character.collection().update_one({"_id": fox.id}, chosen)
    await done(working, cast.design_task(fox, owner(film), new=True))
    third = (await now_of(fox)).visual_design
    assert (len(third.takes), third.final_design_id) == (3, take.media_id)


async def test_designs_take_after_the_style_of_the_project(
    working: Working, resources: Resources, tmp_path: Path
) -> None:
    warmth = {}
    for colour in ("red", "blue"):
        film = await make_film()
        style = await styled(film, resources, tmp_path, colour)
        await Project.collection().update_one(
            {"_id": film.project.id}, {"$set": {"style_reference_ids": [style.id]}}
        )
        await done(working, cast.design_task(film.character, owner(film)))
        design = (await now_of(film.character)).visual_design.final_design_id
        media = await media_of(design)
        assert media.generation_metadata is not None
        assert media.generation_metadata.input_ids == [style.id]
        red, _, blue = await mean_of(resources, media, tmp_path)
        warmth[colour] = red - blue
    assert warmth["red"] > warmth["blue"] + 40


async def test_a_reference_that_nobody_looked_at_yet_is_waited_for(working: Working) -> None:
    film = await make_film()
    late = await make_media(film, media_type="style_reference", kind="image", look_version=0)
    await Project.collection().update_one(
        {"_id": film.project.id}, {"$set": {"style_reference_ids": [late.id]}}
    )
    task = cast.design_task(film.character, owner(film)).model_copy(update={"max_retries": 0})
    [failed] = await done(working, task)
    assert failed.error is not None
    assert (failed.status, failed.error.code) == ("failed", "not_looked_at")


async def test_a_voice_is_cast_sampled_and_kept(working: Working) -> None:
    film = await make_film()
    fox = film.character
    await done(working, cast.voice_task(fox, owner(film)))
    first = await now_of(fox)
    sample = await media_of(first.voice_profile.audio_sample_id)
    assert sample.media_type == "voice_profile"
    assert sample.generation_metadata is not None
    assert sample.generation_metadata.recipe == voice_recipe(first)

    await done(working, cast.voice_task(fox, owner(film), voice_id="de+f2"))
    second = (await now_of(fox)).voice_profile
    assert second.voice_id == "de+f2"
    assert second.audio_sample_id != sample.id
    # Without a wish it stays the same voice.
    await done(working, cast.voice_task(fox, owner(film)))
    assert (await now_of(fox)).voice_profile.voice_id == "de+f2"

    unknown = cast.voice_task(fox, owner(film), voice_id="xx+q9")
    [failed] = await done(working, unknown)
    assert failed.error is not None
    assert (failed.status, failed.error.code) == ("failed", "unknown_voice")
    assert (await now_of(fox)).voice_profile.voice_id == "de+f2"


async def test_panels_say_where_everybody_is_and_how_alike(working: Working) -> None:
    film = await make_film()
    fox, crow = (
        film.character,
        await valid(
            Character, project_id=film.project.id, workspace_id=film.workspace.id, name="Crow"
        ).insert(),
    )
    designing = [cast.design_task(each, owner(film)) for each in (fox, crow)]
    scene = await scene_with(film, [crow.id, fox.id])
    await done(working, *designing)
    await done(working, drawing(film, scene))
    panel = await panel_of(scene)
    assert [each.character_id for each in panel.figures] == [crow.id, fox.id]
    designs = [(await now_of(each)).visual_design.final_design_id for each in (crow, fox)]
    assert [each.design_id for each in panel.figures] == designs
    assert all(each.similarity > 0.5 for each in panel.figures)
    assert [(each.number, each.media_id) for each in panel.takes] == [(1, panel.image_id)]
    drawn = await media_of(panel.image_id)
    assert drawn.generation_metadata is not None
    assert {*drawn.generation_metadata.input_ids} == {*designs}

    # The same call again is recalled, boxes and all.
    before = panel.figures
    await done(working, drawing(film, scene))
    assert (await panel_of(scene)).figures == before


async def test_another_final_design_has_the_panels_compared_again(working: Working) -> None:
    film = await make_film()
    fox = film.character
    await done(working, cast.design_task(fox, owner(film)))
    scene = await scene_with(film, [fox.id])
    await done(working, drawing(film, scene))
    [before] = (await panel_of(scene)).figures
    await done(working, cast.design_task(fox, owner(film), new=True))
    [comparing] = await Task.all_in(True, {"kind": "films.compare_character"})
    async with working():
        await ended(comparing)
    [after] = (await panel_of(scene)).figures
    assert after.design_id == (await now_of(fox)).visual_design.final_design_id
    assert after.design_id != before.design_id
    assert after.similarity is not None
    assert PanelFigure.model_validate(after).left == before.left


async def test_appearances_are_counted(working: Working, resources: Resources) -> None:
    film = await make_film(scenes=2)
    await resources.store.in_transaction(
        lambda session: count_again(film.project.id, film.workspace.id, session)
    )
    [task] = await Task.all_in(True, {"kind": "films.count_appearances"})
    async with working():
        await ended(task)
    [at] = (await now_of(film.character)).appearances
    assert (at.episode_id, at.scene_ids) == (film.episode.id, [each.id for each in film.scenes])
