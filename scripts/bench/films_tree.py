"""A project with its whole tree in one request, beside a bare handler that aggregates the same.

Both are uvicorn processes of one worker on the same servers and the same season: 12 episodes of 20
scenes, each with five panels and eight lines. The bare handler answers what the store answers,
without access, and without a scene put below its episode.
"""

import asyncio
import statistics
from typing import Any, Final

from app.settings import Settings
from documents.films import Character, Episode, Project
from documents.scenes import DialogueLine, Scene, SceneScript, Storyboard, StoryboardPanel
from documents.store import Store
from documents.values import Id
from scripts.bench.api import Target, compared, request, served

EPISODES: Final = 12
SCENES: Final = 20
PANELS: Final = 5
LINES: Final = 8
CAST: Final = 6
WORDS: Final = "Come down, my friend: the water is the best that I have ever tasted."


def tree_ratio(settings: Settings, rounds: int = 5) -> dict[str, float]:
    """How many times as long as the bare handler the tree takes, and both rates."""
    application = "scripts.bench.bare_films:application"
    with served(settings, application) as target:
        project = asyncio.run(_season(settings, target))
        mine = [request("GET", f"/api/v1/projects/{project}/tree")]
        bare = [request("GET", f"/bare/{project}")]
        rates = compared(target, mine, bare, rounds)
    return {
        "project_tree_per_s": statistics.median(rate for rate, _ in rates),
        "project_tree_bare_per_s": statistics.median(rate for _, rate in rates),
        "project_tree_ratio": statistics.median(base / rate for rate, base in rates),
    }


async def _season(settings: Settings, target: Target) -> Id:
    """A season in the workspace of who asks."""
    async with await Store.open(settings.address("mongo_uri"), settings.mongo_database):
        project = Project(
            workspace_id=target.workspace,
            created_by=target.user,
            title="The Fox and the Goat",
            episode_count=EPISODES,
        )
        inside: dict[str, Any] = {"workspace_id": target.workspace, "project_id": project.id}
        cast = [Character(**inside, name=f"Character {number}") for number in range(CAST)]
        episodes = [
            Episode(**inside, episode_number=number, title=f"Episode {number}")
            for number in range(1, EPISODES + 1)
        ]
        await project.insert()
        await Character.insert_all(cast)
        await Episode.insert_all(episodes)
        for episode in episodes:
            await Scene.insert_all(
                [
                    _scene(inside, episode.id, number, [each.id for each in cast])
                    for number in range(1, SCENES + 1)
                ]
            )
        return project.id


def _scene(inside: dict[str, Any], episode: Id, number: int, cast: list[Id]) -> Scene:
    lines = [
        DialogueLine(character_id=cast[line % CAST], lines=WORDS, audio_id=Id())
        for line in range(LINES)
    ]
    panels = [
        StoryboardPanel(panel_number=panel, description=WORDS, image_id=Id(), character_ids=cast)
        for panel in range(1, PANELS + 1)
    ]
    return Scene(
        **inside,
        episode_id=episode,
        scene_number=number,
        title=f"EXT. WELL {number} - DAY",
        script=SceneScript(action=WORDS, dialogue=lines, duration=12),
        storyboard=Storyboard(panels=panels),
        character_ids=cast,
    )
