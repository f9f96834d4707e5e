"""What is left to do on a film, told from its records alone."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from app.films.cast_recipes import design_recipe, voice_recipe
from app.films.planning import Step, Wanted, outdated, plan
from app.films.recipes import (
    film_recipe,
    line_recipe,
    music_recipe,
    panel_recipe,
    segment_recipe,
)
from app.films.state import FilmState, used_by
from documents.films import Character, Episode, Project
from documents.scenes import PanelTake, Scene
from documents.values import Id
from tests.factories.records import valid

LANGUAGE = "en"
pytestmark = pytest.mark.usefixtures("mock_store")


def finished(scenes: int = 2) -> FilmState:
    """A film of which everything is there and as the records have it."""
    project = valid(Project)
    inside = {"project_id": project.id, "workspace_id": project.workspace_id}
    character = valid(
        Character,
        **inside,
        visual_design={"final_design_id": Id()},
        voice_profile={"audio_sample_id": Id(), "voice_id": "en"},
    )
    cast = {character.id: character}
    episode = valid(
        Episode,
        **inside,
        script={"language": LANGUAGE},
        metadata={"final_video_id": Id(), "duration": 3},
    )
    made = [
        valid(
            Scene,
            **inside,
            episode_id=episode.id,
            scene_number=number,
            script={
                "duration": 4,
                "dialogue": [
                    {
                        "lines": f"Line {place} of scene {number}",
                        "character_id": character.id,
                        "timing": place,
                        "audio_id": Id(),
                        "audio_duration": 1,
                    }
                    for place in range(2)
                ],
            },
            storyboard={
                "panels": [
                    {"panel_number": each, "image_id": Id(), "character_ids": [character.id]}
                    for each in (1, 2)
                ]
            },
            production={"video_segment_id": Id(), "audio_track_id": Id(), "music_id": Id()},
        )
        for number in range(1, scenes + 1)
    ]
    recipes: dict[Id | None, str | None] = dict.fromkeys(
        used_by([episode], made, cast.values()), None
    )
    recipes[character.visual_design.final_design_id] = design_recipe(character, project)
    recipes[character.voice_profile.audio_sample_id] = voice_recipe(character)
    for scene in made:
        for line in scene.script.dialogue:
            recipes[line.audio_id] = line_recipe(line, cast, LANGUAGE)
        for panel in scene.storyboard.panels:
            recipes[panel.image_id] = panel_recipe(project, scene, panel, cast)
        recipes[scene.production.music_id] = music_recipe(scene)
        recipes[scene.production.video_segment_id] = segment_recipe(project, scene)
    recipes[episode.metadata.final_video_id] = film_recipe(episode, made)
    known = {key: recipe for key, recipe in recipes.items() if key is not None}
    return FilmState(project, [episode], {episode.id: made}, cast, known)


def without(state: FilmState, *gone: Id | None) -> FilmState:
    return replace(state, recipes={k: v for k, v in state.recipes.items() if k not in gone})


def scenes_of(state: FilmState) -> list[Scene]:
    return [scene for scenes in state.scenes.values() for scene in scenes]


def named(steps: Iterable[Step]) -> set[tuple[Any, ...]]:
    return {(step.work, step.why) for step in steps}


def test_of_a_finished_film_nothing_is_left() -> None:
    assert plan(finished(), Wanted(outdated=True)) == []
    assert outdated(finished()) == []


def test_all_is_left_of_one_that_was_only_written() -> None:
    state = replace(finished(), recipes={})
    steps = plan(state, Wanted())
    works = [step.work for step in steps]
    assert {work: works.count(work) for work in works} == {
        "design": 1,
        "casting": 1,
        "speech": 2,
        "music": 2,
        "panel": 4,
        "render": 2,
        "film": 1,
    }
    seen: set[Any] = set()
    for step in steps:
        assert seen.issuperset(step.after)
        seen.add(step.key)
    assert {step.why for step in steps} == {"missing"}
    assert sum(step.calls for step in steps if step.work == "speech") == 4


def test_a_line_that_lost_its_sound_is_spoken_and_what_is_made_of_it_follows() -> None:
    state = finished()
    line = scenes_of(state)[0].script.dialogue[1]
    line.lines, line.audio_id = "Other words", None
    steps = plan(state, Wanted())
    assert named(steps) == {
        ("speech", "missing"),
        ("render", "follows"),
        ("film", "follows"),
    }
    [speech] = [step for step in steps if step.work == "speech"]
    assert (speech.calls, speech.scene_id) == (1, scenes_of(state)[0].id)


def test_an_edit_upstream_is_shown_and_made_anew_only_where_it_is_chosen() -> None:
    state = finished()
    first, second = scenes_of(state)
    for scene in (first, second):
        scene.storyboard.panels[0].description = "Something else"
    assert plan(state, Wanted()) == []
    assert named(outdated(state)) == {
        ("panel", "outdated"),
        ("render", "follows"),
        ("film", "follows"),
    }
    assert len(outdated(state)) == 5
    chosen = first.storyboard.panels[0].image_id
    assert chosen is not None
    steps = plan(state, Wanted(media=frozenset({chosen}), narrow=True, assemble=False))
    assert [(step.work, step.scene_id) for step in steps] == [
        ("panel", first.id),
        ("render", first.id),
    ]


def test_another_look_makes_all_pictures_of_somebody_outdated() -> None:
    state = finished()
    [character] = state.cast.values()
    character.visual_design.color_palette = ["#ff0000"]
    steps = outdated(state)
    assert [step.work for step in steps].count("design") == 1
    assert [step.work for step in steps].count("panel") == 4
    design = character.visual_design.final_design_id
    assert design is not None
    alone = plan(state, Wanted(media=frozenset({design}), narrow=True, assemble=False))
    assert [step.work for step in alone] == ["design"]


def test_settings_of_the_project_decide_every_picture_and_render() -> None:
    state = finished()
    state.project.project_settings.aspect_ratio = "21:9"
    works = {step.work for step in outdated(state)}
    assert works == {"panel", "render", "film"}
    assert named(plan(state, Wanted())) == {("render", "follows"), ("film", "follows")}


def test_a_picture_that_somebody_brought_is_never_outdated() -> None:
    state = finished()
    panel = scenes_of(state)[0].storyboard.panels[0]
    assert panel.image_id is not None
    brought = replace(state, recipes={**state.recipes, panel.image_id: None})
    panel.description = "Something else"
    assert outdated(brought) == []


def test_another_take_is_asked_for_by_its_number_and_named() -> None:
    state = finished()
    scene = scenes_of(state)[0]
    key = ("panel", scene.id, 2)
    wanted = Wanted(takes=frozenset({key}), scenes=frozenset({scene.id}), assemble=False)
    panel, render = plan(state, wanted)
    assert (panel.key, panel.why, render.work) == (key, "new_take", "render")
    assert panel.parameters.model_dump()["take"] == 1
    scene.storyboard.panels[1].takes = [
        PanelTake(number=4, media_id=Id(), made_at=scene.created_at)
    ]
    again = Scene.model_validate(scene.stored())
    found = replace(state, scenes={scene.episode_id: [again]})
    assert plan(found, wanted)[0].parameters.model_dump()["take"] == 5


def test_a_scene_shown_as_it_was_rendered_before_stays_so_until_a_part_changes() -> None:
    state = finished()
    scene = scenes_of(state)[0]
    scene.production.video_segment_id = old = Id()
    scene.production.chosen_take = 1
    kept = replace(state, recipes={**state.recipes, old: "0" * 32})
    assert named(plan(kept, Wanted())) == {("film", "follows")}
    lost = without(kept, scene.script.dialogue[0].audio_id)
    assert ("render", "follows") in named(plan(lost, Wanted()))


def test_a_film_whose_scenes_changed_places_is_joined_anew_and_nothing_else() -> None:
    state = finished()
    [key] = state.scenes
    turned = replace(state, scenes={key: scenes_of(state)[::-1]})
    assert named(plan(turned, Wanted())) == {("film", "follows")}
