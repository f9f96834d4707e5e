"""What follows the work: counters and statuses of episodes and projects, derived and rewritten.

Each function derives from what is stored, so a second run writes the same.
"""

from typing import Final, get_args

from documents.base import Session
from documents.films import Episode, EpisodeStatus, Phase, Project, ProjectStatus
from documents.scenes import Scene
from documents.values import Id

PHASES: Final[tuple[Phase, ...]] = get_args(Phase)
DONE: Final = ("reviewing", "approved")


async def refresh_episode(episode_id: Id, session: Session = None) -> None:
    """Count the scenes that are made."""
    cursor = await Scene.collection().aggregate(
        [
            {"$match": {"episode_id": episode_id, "deleted_at": None}},
            {
                "$group": {
                    "_id": None,
                    "total": {"$sum": 1},
                    "done": {"$sum": {"$cond": [{"$in": ["$production.status", [*DONE]]}, 1, 0]}},
                }
            },
        ],
        session=session,
    )
    row = next(iter(await cursor.to_list()), {"total": 0, "done": 0})
    share = 100 * row["done"] / row["total"] if row["total"] else 0
    counts = {
        "production.scene_count": row["total"],
        "production.completed_scenes": row["done"],
        "production.render_progress": share,
    }
    await Episode.advance_one({"_id": episode_id}, {"$set": counts}, session)


async def enter_phase(
    project_id: Id, phase: Phase, status: ProjectStatus, session: Session = None
) -> None:
    """The project has come to this phase: all before it are completed. Never goes back."""
    place = PHASES.index(phase)
    later = {"_id": project_id, "progress.current_phase": {"$in": [*PHASES[: place + 1]]}}
    values = {
        "status": status,
        "progress.current_phase": phase,
        "progress.completed_steps": [*PHASES[:place]],
        "progress.overall_progress": round(100 * place / len(PHASES), 1),
    }
    await Project.advance_one(later, {"$set": values}, session)


async def complete_project(project_id: Id, session: Session = None) -> None:
    """Mark the project completed once each of its planned episodes is."""
    project = await Project.first_in(True, {"_id": project_id}, session)
    if project is None:
        return
    query = {"project_id": project_id, "status": "completed", "deleted_at": None}
    done = await Episode.collection().count_documents(query, session=session)
    share = min(1.0, done / project.episode_count)
    values = {
        "progress.current_phase": "final_assembly",
        "progress.completed_steps": [*PHASES] if share == 1 else [*PHASES[:-1]],
        "progress.overall_progress": round(100 * share, 1),
        "status": "completed" if share == 1 else "production",
    }
    await Project.advance_one({"_id": project_id}, {"$set": values}, session)


async def set_episode_status(
    episode_id: Id, status: EpisodeStatus, session: Session = None
) -> None:
    await Episode.advance_one({"_id": episode_id}, {"$set": {"status": status}}, session)
