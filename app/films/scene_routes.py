"""Scenes put in another order, and one scene made two."""

from typing import Final

from fastapi import APIRouter

from app.core.actor import CurrentActor
from app.core.bodies import StrictRoute
from app.core.errors import ChangedMeanwhile, NotFound, WrongState, documented
from app.core.parts import CurrentParts
from app.core.recording import Transaction
from app.core.resource import SIGNED_IN, WITH_BODY
from app.core.revising import deed
from app.films import access, scene_order
from app.films.errors import NoSuchLine, NotAllScenes
from app.films.numbering import scenes_of
from app.films.scene_order import Halves
from app.films.schemas_script import (
    SceneNamed,
    SceneOrder,
    ScenesOrdered,
    SceneSplit,
    ScenesSplit,
)
from documents.films import Episode
from documents.scenes import Scene
from documents.values import Id

router = APIRouter(tags=["films"], route_class=StrictRoute)
COMMON: Final = (NotFound, WrongState, ChangedMeanwhile, *WITH_BODY, *SIGNED_IN)


@router.put(
    "/episodes/{id}/scene-order",
    operation_id="order_scenes",
    responses=documented(NotAllScenes, *COMMON),
)
async def order_scenes(
    id: Id, body: SceneOrder, actor: CurrentActor, parts: CurrentParts
) -> ScenesOrdered:
    """Numbers the scenes of the episode in this order, from 1 on; the script follows."""
    scenes: list[Scene] = []

    async def work(episode: Episode, transaction: Transaction) -> Episode:
        after = await scene_order.reorder(episode, body.scene_ids, transaction)
        scenes[:] = await scenes_of(id, transaction.session)
        return after

    episode = await deed(parts, actor, Episode, access.PARTS, id, work)
    await parts.wakeups.wake()
    return ScenesOrdered(
        scenes=[*map(SceneNamed.of, scenes)], script_version=episode.script.version
    )


@router.post(
    "/scenes/{id}/split",
    operation_id="split_scene",
    responses=documented(NoSuchLine, *COMMON),
)
async def split_scene(
    id: Id, body: SceneSplit, actor: CurrentActor, parts: CurrentParts
) -> ScenesSplit:
    """Makes two scenes of one; panels go with their lines, and those that come after move up.

    What was rendered of the whole scene is of neither, and an approval is void.
    """
    halves: list[Halves] = []

    async def work(scene: Scene, transaction: Transaction) -> Scene:
        halves.append(await scene_order.split(scene, body.at_line, body.title, transaction))
        return halves[-1].first

    await deed(parts, actor, Scene, access.PARTS, id, work)
    await parts.wakeups.wake()
    made = halves[-1]  # those before it were run again
    return ScenesSplit(
        first=SceneNamed.of(made.first),
        second=SceneNamed.of(made.second),
        script_version=made.episode.script.version,
    )
