"""The progress of projects follows the tasks by which their films are made."""

from typing import Final

from app.films.appearances import count_soon
from app.films.kinds import (
    COUNT_APPEARANCES,
    EXPORT_PROJECT,
    REFRESH_PROJECT,
    RENDER_SCENE,
    WRITE_SCREENPLAY,
    RefreshProject,
)
from app.films.progress import ask_to_refresh, refresh_project
from documents.production import Task
from documents.store import Store
from workers.runtime.context import Context
from workers.runtime.handlers import follows, handles

CHANGES_NOTHING: Final = (REFRESH_PROJECT.name, EXPORT_PROJECT.name, COUNT_APPEARANCES.name)
CHANGES_SCENES: Final = (WRITE_SCREENPLAY.name, RENDER_SCENE.name)
"""Steps after which somebody may be seen elsewhere, or for longer."""


@handles(REFRESH_PROJECT)
async def refresh(context: Context, parameters: RefreshProject) -> None:
    """Write down how far the project has come."""
    # From here on whoever changes something asks anew: it may come too late for this look.
    query = {"_id": context.task.id}
    await Task.collection().update_one(query, {"$unset": {"key": ""}})
    await refresh_project(parameters.project_id)


@follows("films.")
async def ask(task: Task, store: Store) -> None:
    """Have the project refreshed, and appearances counted, after a step of a film."""
    if task.project_id is None or task.kind in CHANGES_NOTHING:
        return
    await ask_to_refresh(task.project_id, task.workspace_id)
    if task.kind in CHANGES_SCENES:
        await count_soon(store, task.project_id)
