"""What follows the work: counters of episodes, and how far a project has come.

All of it is derived from what is there, so a second run writes the same, and what is taken back
(a scene rejected, an episode added) takes the progress back. Many scenes finish at once, and all
of them are of one project: its record is written behind their backs, by a task that there is once
at most, never in the transactions in which they finish.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from statistics import fmean
from typing import Final, get_args

from app.films.kinds import REFRESH_PROJECT, RefreshProject
from app.production import tasks
from app.production.tasks import Ownership, new_task
from documents.base import NotUnique, Session, StoredDocument
from documents.films import Character, Episode, EpisodeStatus, Phase, Project, ProjectStatus
from documents.production import Task
from documents.scenes import Scene
from documents.values import Id, now

PHASES: Final[tuple[Phase, ...]] = get_args(Phase)
DONE: Final = ("reviewing", "approved")
TRIES: Final = 20
"""How often the work is looked at again when others wrote down meanwhile what they saw of it."""
GATHERED: Final = timedelta(seconds=1)
"""So long changes are gathered before the project is looked at."""


@dataclass(frozen=True, slots=True)
class EpisodeWork:
    """How much of an episode is there, each as a share of the whole."""

    id: Id
    written: float
    drawn: float = 0
    heard: float = 0
    rendered: float = 0
    assembled: float = 0
    completed: float = 0


async def refresh_project(project_id: Id, session: Session = None) -> None:
    """Write down how far the project and its episodes have come, as it is now.

    Without a session whoever saw the work last has the last word; a person's `on-hold` stays.
    """
    for _ in range(TRIES):
        shown = {"status": 1, "progress": 1, "episode_count": 1}
        query = {"_id": project_id, "deleted_at": None}
        project = await Project.collection().find_one(query, shown, session=session)
        if project is None:
            return
        values = await _derived(project, session)
        seen = {"status": project["status"], "progress": project["progress"]}
        if values == seen:
            return
        if await Project.advance_one({**query, **seen}, {"$set": values}, session):
            return


async def ask_to_refresh(project_id: Id, workspace_id: Id | None) -> None:
    """Have the project refreshed soon. To be called after the commit of what has changed.

    A task that waits for that already will look at this change, too.
    """
    key = f"{REFRESH_PROJECT.name}/{project_id}"
    waiting = {"workspace_id": workspace_id, "key": key}
    if await Task.collection().find_one(waiting, {"_id": 1}):
        return
    owner = Ownership(workspace_id=workspace_id, project_id=project_id)
    task = new_task(REFRESH_PROJECT, RefreshProject(project_id=project_id), owner, key=key)
    task.run_after = now() + GATHERED
    with suppress(NotUnique):
        await tasks.add([task])


async def refresh_episode(episode_id: Id, session: Session = None) -> None:
    """Count the scenes that are made."""
    rows = await _scenes_by_episode({"episode_id": episode_id}, session)
    await _count(episode_id, rows.get(episode_id, {}), session)


async def set_episode_status(
    episode_id: Id, status: EpisodeStatus, session: Session = None
) -> None:
    """Write the status where it is another one: the scenes of an episode finish side by side."""
    other = {"_id": episode_id, "status": {"$ne": status}}
    await Episode.advance_one(other, {"$set": {"status": status}}, session)


def progress_of(
    episodes: Sequence[EpisodeWork], planned: int, designed: float | None
) -> StoredDocument:
    """Status and progress of a project with this work, of which so many episodes are planned.

    `designed` is the share of its characters that have a look; None where it has no character.
    """
    count = max(planned, len(episodes))

    def share(name: str) -> float:
        total: float = sum(getattr(each, name) for each in episodes)
        return total / count

    story = share("written")
    shares: dict[Phase, float] = {
        "story_development": story,
        "character_creation": float(story == 1) if designed is None else designed,
        "visual_design": share("drawn"),
        "audio_design": share("heard"),
        "scene_production": share("rendered"),
        "post_production": share("assembled"),
        "final_assembly": share("completed"),
    }
    done = [phase for phase in PHASES if shares[phase] >= 1]
    current = next((phase for phase in PHASES if shares[phase] < 1), PHASES[-1])
    return {
        "status": _status(shares),
        "progress": {
            "current_phase": current,
            "completed_steps": done,
            "overall_progress": round(100 * fmean(shares.values()), 1),
        },
    }


def _status(shares: dict[Phase, float]) -> ProjectStatus:
    if all(share >= 1 for share in shares.values()):
        return "completed"
    if shares["scene_production"] >= 1:
        return "post-production"
    if any(shares[phase] for phase in PHASES[2:]):
        return "production"
    return "pre-production" if any(shares.values()) else "concept"


async def _derived(project: StoredDocument, session: Session) -> StoredDocument:
    inside = {"project_id": project["_id"]}
    scenes = await _scenes_by_episode(inside, session)
    fields = ("status", "production", "metadata.final_video_id", "script.word_count")
    living = {**inside, "deleted_at": None}
    rows = Episode.collection().find(living, dict.fromkeys(fields, 1), session=session)
    work = []
    for episode in await rows.to_list():
        counted = scenes.get(episode["_id"], {})
        work.append(_work_of(episode, counted))
        if _counts(counted).items() - episode["production"].items():
            await _count(episode["_id"], counted, session)
    designs = Character.collection().find(
        living, {"visual_design.final_design_id": 1}, session=session
    )
    has_look = [each["visual_design"].get("final_design_id") is not None async for each in designs]
    values = progress_of(work, project["episode_count"], fmean(has_look) if has_look else None)
    if project["status"] == "on-hold":
        values["status"] = "on-hold"
    return values


def _work_of(episode: StoredDocument, scenes: StoredDocument) -> EpisodeWork:
    total = scenes.get("total", 0)
    return EpisodeWork(
        episode["_id"],
        written=float(total > 0 or episode["script"]["word_count"] > 0),
        drawn=scenes.get("drawn", 0),
        heard=scenes.get("heard", 0),
        rendered=scenes["done"] / total if total else 0,
        assembled=float(episode["metadata"]["final_video_id"] is not None),
        completed=float(episode["status"] == "completed"),
    )


async def _scenes_by_episode(query: StoredDocument, session: Session) -> dict[Id, StoredDocument]:
    """How many scenes there are and how many of them are made; which share is seen and heard."""
    done = {"$in": ["$production.status", [*DONE]]}
    panels, lines = "$storyboard.panels", "$script.dialogue"
    music = {"$or": [_there("$production.music_id"), _there("$production.video_segment_id")]}
    voiced = {"$add": [_having(lines, "audio_id"), {"$cond": [music, 1, 0]}]}
    drawn = {"$divide": [_having(panels, "image_id"), {"$max": [{"$size": panels}, 1]}]}
    empty = {"$eq": [{"$size": panels}, 0]}
    cursor = await Scene.collection().aggregate(
        [
            {"$match": {**query, "deleted_at": None}},
            {
                "$group": {
                    "_id": "$episode_id",
                    "total": {"$sum": 1},
                    "done": {"$sum": {"$cond": [done, 1, 0]}},
                    "drawn": {"$avg": {"$cond": [empty, {"$cond": [done, 1, 0]}, drawn]}},
                    "heard": {"$avg": {"$divide": [voiced, {"$add": [{"$size": lines}, 1]}]}},
                }
            },
        ],
        session=session,
    )
    return {row["_id"]: row async for row in cursor}


def _there(field: str) -> StoredDocument:
    return {"$ne": [{"$ifNull": [field, None]}, None]}


def _having(items: str, field: str) -> StoredDocument:
    """How many of the items have this field."""
    return {"$size": {"$filter": {"input": items, "cond": _there(f"$$this.{field}")}}}


def _counts(scenes: StoredDocument) -> StoredDocument:
    total, done = scenes.get("total", 0), scenes.get("done", 0)
    return {
        "scene_count": total,
        "completed_scenes": done,
        "render_progress": 100 * done / total if total else 0,
    }


async def _count(episode_id: Id, scenes: StoredDocument, session: Session) -> None:
    values = {f"production.{name}": value for name, value in _counts(scenes).items()}
    await Episode.advance_one({"_id": episode_id}, {"$set": values}, session)
