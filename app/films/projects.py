"""Whole projects: who works on them, the order of their episodes, putting them away."""

from collections.abc import Sequence

from pymongo import UpdateOne
from pymongo.asynchronous.client_session import AsyncClientSession

from app.core.actor import Actor, demand
from app.core.errors import Invalid, NotFound, WrongState
from app.core.parts import Parts
from app.core.recording import Transaction, recorded
from app.core.revising import revise, within_reach
from app.films.access import PROJECTS
from documents.base import raised, refusals
from documents.films import Episode, Project
from documents.identity import User
from documents.production import Task
from documents.values import Id, now

MOST_COLLABORATORS = 100
ASIDE = 1_000
"""Numbers above all that episodes have: each is parked there while it gets its new one."""
MAKES_SOMETHING = r"^films\.(?!refresh_project$|count_appearances$|compare_character$)"
"""Kinds of tasks after which a film is another one."""


def demand_open(project: Project) -> None:
    """Raise WrongState where nothing is made for the project at present."""
    if project.archived_at is not None:
        raise WrongState("The project is put away: unarchive it before anything is made for it.")
    if project.status == "on-hold":
        raise WrongState("The project is on hold: change its status before anything is made.")


async def open_project(project_id: Id, session: AsyncClientSession | None = None) -> Project:
    """The project, if work is done on it. Raises NotFound, or WrongState where it is put away
    or on hold."""
    project = await Project.one_in(True, project_id, session)
    if project is None:
        raise NotFound("There is no such project.")
    demand_open(project)
    return project


async def archive(project: Project, session: AsyncClientSession) -> Project:
    """Put the project away. Raises WrongState where it is already, or while it is worked on."""
    if project.archived_at is not None:
        raise WrongState("The project is put away already.")
    unfinished = {"project_id": project.id, "status": {"$in": ["queued", "processing"]}}
    films = {"kind": {"$regex": MAKES_SOMETHING}}
    if await Task.first_in(True, {**unfinished, **films}, session):
        raise WrongState("The project is being worked on: wait until that is done, or cancel it.")
    return await _set_archived(project, True, session)


async def unarchive(project: Project, session: AsyncClientSession) -> Project:
    """Take the project out again. Raises WrongState where it is not put away."""
    if project.archived_at is None:
        raise WrongState("The project is not put away.")
    return await _set_archived(project, False, session)


async def add_collaborator(
    project: Project, email: str | None, user_id: Id | None, session: AsyncClientSession
) -> Project:
    """The project with one more who may work on it; he may be there already.

    Raises NotFound where nobody has this address or id, and Invalid where there are too many.
    """
    query = {"email": email} if user_id is None else {"_id": user_id}
    user = await User.first_in(True, query, session)
    if user is None:
        raise NotFound("Nobody has an account with this address or id.")
    if user.id not in project.collaborator_ids:
        if len(project.collaborator_ids) >= MOST_COLLABORATORS:
            field, code = "user_id" if email is None else "email", "too_many"
            detail = f"would be more than {MOST_COLLABORATORS} collaborators"
            problem = {"location": "body", "field": field, "code": code, "detail": detail}
            raise Invalid(f"{field} {detail}.", errors=[problem])
        return await _set_collaborators(project, [*project.collaborator_ids, user.id], session)
    return project


async def remove_collaborator(
    project: Project, user_id: Id, session: AsyncClientSession
) -> Project:
    """The project without him. Raises NotFound where he is none."""
    if user_id not in project.collaborator_ids:
        raise NotFound("There is no such collaborator of the project.")
    left = [each for each in project.collaborator_ids if each != user_id]
    return await _set_collaborators(project, left, session)


async def order_episodes(
    parts: Parts, actor: Actor, project_id: Id, order: Sequence[Id]
) -> list[Episode]:
    """The episodes, numbered from 1 in this order.

    Raises NotFound, and Invalid where the order does not name each of them exactly once.
    """
    demand(actor, "write", Episode.collection_name())

    async def together(transaction: Transaction) -> list[Episode]:
        session = transaction.session
        project = await within_reach(Project, PROJECTS, actor, project_id, session)
        found = await Episode.all_in(True, {"project_id": project.id}, session=session)
        before = {each.id: each for each in found}
        if sorted(order) != sorted(before):
            raise _not_all_once()
        moved = {key: n for n, key in enumerate(order, 1) if before[key].episode_number != n}
        await _renumber(moved, session)
        after = await Episode.all_in(
            True, {"project_id": project.id}, sort=[("episode_number", 1)], session=session
        )
        changed = [each for each in after if each.id in moved]
        states = [(before[each.id].stored(), each.stored()) for each in changed]
        await transaction.tell_all(Episode, states)
        return after

    return await recorded(parts, actor, together)


async def _renumber(numbers: dict[Id, int], session: AsyncClientSession) -> None:
    """Give these episodes these numbers, though others among them still have them."""
    if not numbers:
        return
    source = Episode.collection()
    # A number that no episode may have, and nobody sees: the transaction gives it another one.
    await source.update_many(
        {"_id": {"$in": [*numbers]}},
        {"$inc": {"episode_number": ASIDE}},
        bypass_document_validation=True,
        session=session,
    )
    updates = [
        UpdateOne({"_id": key}, raised({"$set": {"episode_number": number}}))
        for key, number in numbers.items()
    ]
    with refusals(Episode.collection_name()):
        await source.bulk_write(updates, session=session)


async def _set_archived(project: Project, archived: bool, session: AsyncClientSession) -> Project:
    def change(changed: Project) -> None:
        changed.archived_at = now() if archived else None

    return await revise(project, change, session, by_person=True)


async def _set_collaborators(
    project: Project, users: list[Id], session: AsyncClientSession
) -> Project:
    def change(changed: Project) -> None:
        changed.collaborator_ids = users

    return await revise(project, change, session, by_person=True)


def _not_all_once() -> Invalid:
    detail = "has to name each episode of the project exactly once"
    problem = {"location": "body", "field": "episode_ids", "code": "not_all", "detail": detail}
    return Invalid(f"episode_ids {detail}.", errors=[problem])
