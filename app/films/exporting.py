"""Asking for a project as one file."""

from typing import Final

from app.core.actor import Actor, demand
from app.core.errors import ChangedMeanwhile, NotFound
from app.core.parts import Parts
from app.films.access import PROJECTS
from app.films.kinds import EXPORT_PROJECT, ExportProject
from app.production import tasks
from app.production.tasks import Ownership, new_task
from documents.base import NotUnique, Subject
from documents.films import Project
from documents.production import Task
from documents.values import Id

TRIES: Final = 5


async def ask(parts: Parts, actor: Actor, project_id: Id) -> Task:
    """The task that exports the project: a new one, or the one that is doing so already.

    Raises NotFound where the actor may not change the project.
    """
    demand(actor, "write", Project.collection_name())
    project = await Project.one_in(PROJECTS.change(actor), project_id)
    if project is None:
        raise NotFound("There is no such record, or none that you may write.")
    owner = Ownership(
        workspace_id=project.workspace_id,
        project_id=project.id,
        created_by=actor.id,
        subject=Subject(collection="projects", id=project.id),
    )
    parameters = ExportProject(project_id=project.id)
    key = f"{EXPORT_PROJECT.name}/{project.id}"
    for _ in range(TRIES):
        task = new_task(EXPORT_PROJECT, parameters, owner, key=key)
        try:
            await tasks.add([task])
        except NotUnique:
            same = {"workspace_id": project.workspace_id, "key": key}
            if running := await Task.first_in(True, same):
                return running
        else:
            return task
    raise ChangedMeanwhile("One export ends as the next is asked for; try again.")
