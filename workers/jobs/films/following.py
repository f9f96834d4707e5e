"""The progress of projects follows the tasks by which their films are made."""

from collections.abc import Sequence
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
from documents.values import Id
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
async def ask(ended: Sequence[Task], store: Store) -> None:
    """Have projects refreshed, and appearances counted, after steps of their films."""
    steps = [each for each in ended if each.kind not in CHANGES_NOTHING]
    for project_id, workspace_id in _projects(steps):
        await ask_to_refresh(project_id, workspace_id)
    for project_id, _ in _projects([each for each in steps if each.kind in CHANGES_SCENES]):
        await count_soon(store, project_id)


def _projects(steps: Sequence[Task]) -> set[tuple[Id, Id | None]]:
    """The projects of these steps, each with its workspace."""
    return {(each.project_id, each.workspace_id) for each in steps if each.project_id is not None}
