"""Numbers of scenes, of which an episode has each once."""

from collections.abc import Mapping, Sequence
from itertools import count
from typing import Final

from pymongo import UpdateOne
from pymongo.asynchronous.client_session import AsyncClientSession

from documents.base import raised, refusals
from documents.scenes import Scene
from documents.values import Id

OUT_OF_THE_WAY: Final = 1_000_000


async def scenes_of(episode_id: Id, session: AsyncClientSession) -> list[Scene]:
    """The scenes of the episode in their order."""
    order = [("scene_number", 1), ("_id", 1)]
    return await Scene.all_in(True, {"episode_id": episode_id}, sort=order, session=session)


async def renumber(
    scenes: Sequence[Scene], numbers: Mapping[Id, int], session: AsyncClientSession
) -> None:
    """Give the scenes of one episode, `scenes` being all of them, these numbers.

    Those that move go out of everybody's way first: the store looks at the unique numbers after
    each single write.
    """
    moving = [
        each for each in scenes if numbers.get(each.id, each.scene_number) != each.scene_number
    ]
    if not moving:
        return
    taken = {each.scene_number for each in scenes} | {*numbers.values()}
    free = (number for number in count(OUT_OF_THE_WAY) if number not in taken)
    away = [UpdateOne({"_id": each.id}, {"$set": {"scene_number": next(free)}}) for each in moving]
    there = [
        UpdateOne({"_id": each.id}, raised({"$set": {"scene_number": numbers[each.id]}}))
        for each in moving
    ]
    with refusals(Scene.collection_name()):
        await Scene.collection().bulk_write([*away, *there], session=session)
