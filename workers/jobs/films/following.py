"""The progress of projects follows the tasks by which their films are made."""

from typing import Final

from app.films.kinds import EXPORT_PROJECT, REFRESH_PROJECT, RefreshProject
from app.films.progress import ask_to_refresh, refresh_project
from documents.production import Task
from workers.runtime.context import Context
from workers.runtime.handlers import follows, handles

CHANGES_NOTHING: Final = (REFRESH_PROJECT.name, EXPORT_PROJECT.name)


@handles(REFRESH_PROJECT)
async def refresh(context: Context, parameters: RefreshProject) -> None:
    """Write down how far the project has come."""
    # From here on whoever changes something asks anew: it may come too late for this look.
    query = {"_id": context.task.id}
    await Task.collection().update_one(query, {"$unset": {"key": ""}})
    await refresh_project(parameters.project_id)


@follows("films.")
async def ask(task: Task) -> None:
    """Have the project refreshed after a step of a film."""
    if task.project_id is not None and task.kind not in CHANGES_NOTHING:
        await ask_to_refresh(task.project_id, task.workspace_id)
