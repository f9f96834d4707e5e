"""A film of the studio, as far as reviews want it."""

import pytest

from documents.films import Episode
from documents.library import Media
from documents.scenes import Scene
from documents.values import Id
from tests.app.support import World
from tests.factories.records import valid


@pytest.fixture
async def panel(world: World) -> Media:
    """The picture that the scene's panel shows."""
    return await valid(
        Media,
        workspace_id=world.workspace.id,
        project_id=world.project.id,
        scene_id=world.scene.id,
        media_type="storyboard",
        mime_type="image/png",
    ).insert()


@pytest.fixture
async def scene(world: World, panel: Media) -> Scene:
    """The studio's scene, made and waiting for a review."""
    changed: Scene = Scene.model_validate(
        {
            **world.scene.stored(),
            "script": {
                "action": "A fox.",
                "duration": 12.5,
                "dialogue": [{"character_id": world.character.id, "lines": "Look!", "timing": 1.0}],
            },
            "storyboard": {"panels": [{"panel_number": 1, "image_id": panel.id, "notes": "ours"}]},
            "production": {"status": "reviewing"},
            "character_ids": [world.character.id],
        }
    )
    await Scene.collection().replace_one({"_id": changed.id}, changed.stored())
    return changed


@pytest.fixture
async def episode(world: World, scene: Scene) -> Episode:
    """The studio's episode, with a finished film."""
    film = await film_of(world, "film.mp4")
    changed: Episode = Episode.model_validate(
        {
            **world.episode.stored(),
            "status": "completed",
            "metadata": {"final_video_id": film, "duration": 60.0},
        }
    )
    await Episode.collection().replace_one({"_id": changed.id}, changed.stored())
    return changed


async def film_of(world: World, filename: str) -> Id:
    """A new film of the studio's episode."""
    media = valid(
        Media,
        workspace_id=world.workspace.id,
        project_id=world.project.id,
        episode_id=world.episode.id,
        media_type="final_video",
        filename=filename,
    )
    await media.insert()
    return media.id
