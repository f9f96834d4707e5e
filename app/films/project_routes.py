"""Whole projects: collaborators, order, copies, putting away, exports, and all that is in one."""

from typing import Final

from fastapi import APIRouter, Response

from app.core.actor import CurrentActor, demand
from app.core.answer import Answer
from app.core.bodies import StrictRoute
from app.core.errors import (
    ChangedMeanwhile,
    Invalid,
    NotFound,
    TakenAlready,
    WrongState,
    documented,
)
from app.core.parts import CurrentParts
from app.core.recording import Transaction
from app.core.resource import SIGNED_IN, WITH_BODY
from app.core.revising import deed
from app.core.schemas import read_schema
from app.core.showing import picked, shown
from app.films import duplicating, exporting, projects
from app.films.access import PROJECTS, SHARING
from app.films.errors import ProjectTooLarge
from app.films.progress import refresh_project
from app.films.project_schemas import (
    Collaborator,
    Duplicating,
    EpisodeOrder,
    EpisodesInOrder,
    ProjectTree,
)
from app.films.tree import tree_of
from app.identity.errors import LimitReached
from documents.films import Project
from documents.production import Task
from documents.values import Id

router = APIRouter(prefix="/projects", tags=["films"], route_class=StrictRoute)
READ: Final = read_schema(Project)
DONE: Final = {200: {"model": READ}, **documented(NotFound, WrongState, Invalid, *SIGNED_IN)}


@router.post(
    "/{id}/collaborators",
    operation_id="add_project_collaborator",
    response_model=None,
    responses={200: {"model": READ}, **documented(NotFound, *WITH_BODY, *SIGNED_IN)},
)
async def add_collaborator(
    id: Id, body: Collaborator, actor: CurrentActor, parts: CurrentParts
) -> Response:
    """Lets somebody work on the project who is no editor of its workspace."""

    async def work(project: Project, transaction: Transaction) -> Project:
        return await projects.add_collaborator(
            project, body.email, body.user_id, transaction.session
        )

    return shown(await deed(parts, actor, Project, SHARING, id, work))


@router.delete(
    "/{id}/collaborators/{user_id}",
    status_code=204,
    operation_id="remove_project_collaborator",
    response_model=None,
    responses=documented(NotFound, Invalid, *SIGNED_IN),
)
async def remove_collaborator(
    id: Id, user_id: Id, actor: CurrentActor, parts: CurrentParts
) -> Response:
    """From the next request on he reaches no more than others do."""

    async def work(project: Project, transaction: Transaction) -> Project:
        return await projects.remove_collaborator(project, user_id, transaction.session)

    await deed(parts, actor, Project, SHARING, id, work)
    return Response(status_code=204)


@router.put(
    "/{id}/episode-order",
    operation_id="order_project_episodes",
    response_model=None,
    responses={
        200: {"model": EpisodesInOrder},
        **documented(NotFound, TakenAlready, *WITH_BODY, *SIGNED_IN),
    },
)
async def order_episodes(
    id: Id, body: EpisodeOrder, actor: CurrentActor, parts: CurrentParts
) -> Response:
    """Numbers the episodes from 1 in this order, all at once or not at all."""
    found = await projects.order_episodes(parts, actor, id, body.episode_ids)
    return Answer({"data": [picked(each) for each in found]})


@router.post(
    "/{id}/duplicate",
    status_code=201,
    operation_id="duplicate_project",
    response_model=None,
    responses={
        201: {"model": READ},
        **documented(NotFound, LimitReached, ProjectTooLarge, *WITH_BODY, *SIGNED_IN),
    },
)
async def duplicate(
    id: Id, body: Duplicating, actor: CurrentActor, parts: CurrentParts
) -> Response:
    """A new project with copies of episodes, characters, scenes and the media in use.

    Files are not stored twice. Approvals, comments and links stay with the original.
    """
    made = await duplicating.duplicate(parts, actor, id, body.title)
    await refresh_project(made.id)
    return shown(made, 201)


@router.post("/{id}/archive", operation_id="archive_project", response_model=None, responses=DONE)
async def archive(id: Id, actor: CurrentActor, parts: CurrentParts) -> Response:
    """Puts the project away: it can be looked at, and nothing is made for it."""

    async def work(project: Project, transaction: Transaction) -> Project:
        return await projects.archive(project, transaction.session)

    return shown(await deed(parts, actor, Project, PROJECTS, id, work))


@router.post(
    "/{id}/unarchive", operation_id="unarchive_project", response_model=None, responses=DONE
)
async def unarchive(id: Id, actor: CurrentActor, parts: CurrentParts) -> Response:
    """Takes the project out again."""

    async def work(project: Project, transaction: Transaction) -> Project:
        return await projects.unarchive(project, transaction.session)

    return shown(await deed(parts, actor, Project, PROJECTS, id, work))


@router.post(
    "/{id}/export",
    status_code=202,
    operation_id="export_project",
    response_model=None,
    responses={
        202: {"model": read_schema(Task)},
        **documented(NotFound, ChangedMeanwhile, Invalid, *SIGNED_IN),
    },
)
async def export(id: Id, actor: CurrentActor, parts: CurrentParts) -> Response:
    """Begins to put everything into one ZIP: films, scripts as Fountain and PDF, storyboards as
    PDF, captions, and the records as JSON.

    The task's `output.media_id` names it in the end, and so does
    `GET /media?project_id=…&media_type=other`. While one is being made, that one is answered.
    """
    task = await exporting.ask(parts, actor, id)
    await parts.wakeups.wake()
    return shown(task, 202)


@router.get(
    "/{id}/tree",
    operation_id="read_project_tree",
    response_model=None,
    responses={200: {"model": ProjectTree}, **documented(NotFound, Invalid, *SIGNED_IN)},
)
async def read_tree(id: Id, actor: CurrentActor, parts: CurrentParts) -> Response:
    """The project with its episodes, their scenes and its characters, in one answer."""
    demand(actor, "read", Project.collection_name())
    return Answer(await tree_of(parts, PROJECTS.read(actor), id))
