"""Where characters appear, and how long they are to be seen: computed from the scenes.

A scene is cut by its panels: each is seen from the line with which it comes in until the next one
does. Somebody is on the screen while a panel is that names them, or whose picture shows them. In a
scene whose panels name nobody, somebody is so while they speak. A line whose timing is not known
yet takes an even share of the scene.
"""

from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final

from pymongo.asynchronous.client_session import AsyncClientSession

from app.films.kinds import COUNT_APPEARANCES, CountAppearances
from app.production.tasks import Ownership, new_task, replace
from documents.base import NotUnique, Subject
from documents.films import Appearance, Character, Project
from documents.production import Task
from documents.scenes import Scene
from documents.store import Store
from documents.values import Id

NEEDED: Final = {
    **dict.fromkeys(("episode_id", "scene_number", "character_ids", "script"), 1),
    "storyboard.panels.character_ids": 1,
    "storyboard.panels.figures.character_id": 1,
    "storyboard.panels.starts_at_line": 1,
}


async def refresh_appearances(project_id: Id, session: AsyncClientSession) -> None:
    """Write where everybody of the project appears, where that has changed. Safe to run again."""
    query = {"project_id": project_id, "deleted_at": None}
    order = [("episode_id", 1), ("scene_number", 1)]
    cursor = Scene.collection().find(query, NEEDED, sort=order, session=session)
    found: dict[Id, dict[Id, Appearance]] = defaultdict(dict)
    async for scene in cursor:
        episode = scene["episode_id"]
        for key, seconds in screen_times(scene).items():
            at = found[key].setdefault(episode, Appearance(episode_id=episode))
            at.scene_ids.append(scene["_id"])
            at.screen_time = round(at.screen_time + seconds, 3)
    for character in await Character.all_in(True, {"project_id": project_id}, session=session):
        appearances = [*found[character.id].values()]
        if appearances != character.appearances:
            values = {"appearances": [each.model_dump() for each in appearances]}
            await Character.advance_one({"_id": character.id}, {"$set": values}, session)


async def count_soon(store: Store, project_id: Id) -> None:
    """The same after the commit of what has changed, for any number of changes at once.

    A task that is still queued will see them.
    """
    queued = {"key": _key(project_id), "status": "queued"}
    project = await Project.one_in(True, project_id)
    if project is None:
        return
    workspace = {"workspace_id": project.workspace_id}
    if await Task.collection().find_one({**workspace, **queued}, {"_id": 1}):
        return
    with suppress(NotUnique):  # somebody else wished it in this moment, after that commit
        await store.in_transaction(
            lambda session: count_again(project_id, project.workspace_id, session)
        )


async def count_again(project_id: Id, workspace_id: Id, session: AsyncClientSession) -> None:
    """Have the appearances of a project counted soon; of several wishes the newest is served."""
    owner = Ownership(
        workspace_id=workspace_id,
        project_id=project_id,
        subject=Subject(collection="projects", id=project_id),
    )
    parameters = CountAppearances(project_id=project_id)
    task = new_task(COUNT_APPEARANCES, parameters, owner, priority=2, key=_key(project_id))
    await replace(task, session)


def _key(project_id: Id) -> str:
    return f"films.count_appearances:{project_id}"


def screen_times(scene: dict[str, Any]) -> dict[Id, float]:
    """The seconds of everybody who has to do with the scene, by the rule of this module."""
    script, panels = scene["script"], scene["storyboard"]["panels"]
    lines, duration = script["dialogue"], script["duration"]
    starts = _line_starts(lines, duration)
    seconds = dict.fromkeys(scene["character_ids"], 0.0)
    seconds |= {each["character_id"]: 0.0 for each in lines if each["character_id"]}
    seen = [_seen(each) for each in panels]
    if any(seen):
        spans = _panel_spans(panels, starts, duration)
        for who, (start, end) in zip(seen, spans, strict=True):
            for key in who:
                seconds[key] = seconds.get(key, 0.0) + end - start
        return seconds
    ends = [*starts[1:], max([duration, *starts[-1:]])]
    for line, start, end in zip(lines, starts, ends, strict=False):
        if (key := line["character_id"]) is not None:
            spoken = line["audio_duration"]
            seconds[key] += end - start if spoken is None else spoken
    return seconds


def _seen(panel: dict[str, Any]) -> set[Id]:
    return {*panel["character_ids"], *(each["character_id"] for each in panel["figures"])}


def _line_starts(lines: Sequence[dict[str, Any]], duration: float) -> list[float]:
    """When each line begins; never before the one that it follows."""
    starts: list[float] = []
    for number, line in enumerate(lines):
        timing = line["timing"]
        start = duration * number / len(lines) if timing is None else timing
        starts.append(max([start, *starts[-1:]]))
    return starts


def _panel_spans(
    panels: Sequence[dict[str, Any]], lines: Sequence[float], duration: float
) -> list[tuple[float, float]]:
    """From when until when each panel is seen."""
    starts: list[float] = []
    for number, panel in enumerate(panels):
        if number == 0:
            start = 0.0
        elif lines:
            start = lines[min(panel["starts_at_line"], len(lines) - 1)]
        else:
            start = duration * number / len(panels)
        starts.append(max([start, *starts[-1:]]))
    ends = [*starts[1:], max(duration, starts[-1])]
    return [*zip(starts, ends, strict=True)]
