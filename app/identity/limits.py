"""How much the workspaces of a user may hold, checked so that no two requests pass at once.

To be called in the transaction that creates, with its session. The owner whose tier counts is the
workspace's first: whoever made it, and after him who has been its owner for longest. What counts
is what all workspaces hold of which he is the first owner; else more workspaces would be a way
round. Unlimited owners cost one read and no write. For the others everybody who counts writes to
the owner's account first: of two at once the later one starts again and sees what the other made.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from pymongo.asynchronous.client_session import AsyncClientSession

from app.identity.errors import LimitReached
from documents.base import Session, StoredDocument, within
from documents.films import Episode, Project
from documents.identity import User, Workspace
from documents.values import Id

Limit: TypeAlias = Literal["max_projects", "max_episodes_per_project"]
FIRST_OWNER: Final[Mapping[str, Any]] = {
    "$first": {"$filter": {"input": "$members", "cond": {"$eq": ["$$this.role", "owner"]}}}
}


@dataclass(frozen=True, slots=True)
class Payer:
    """The owner whose tier counts."""

    id: Id
    subscription: Mapping[str, Any]


async def check_project_limit(
    session: AsyncClientSession, workspace_id: Id, adding: int = 1
) -> None:
    """Raise LimitReached where so many more projects are too many for the workspace's owner."""
    await check_project_limits(session, {workspace_id: adding})


async def check_project_limits(session: AsyncClientSession, adding: Mapping[Id, int]) -> None:
    """The same for several workspaces at once, some of which may be of one owner."""
    payers: dict[Id, Payer] = {}
    more: Counter[Id] = Counter()
    for workspace, count in sorted(adding.items()):
        payer = await _limited(session, workspace, "max_projects")
        if payer is not None:
            payers[payer.id] = payer
            more[payer.id] += count
    for key, payer in payers.items():
        inside = {"workspace_id": {"$in": await workspaces_of(key, session)}}
        used = await Project.collection().count_documents(within(True, inside), session=session)
        _check(payer, "max_projects", used, more[key], "projects")


async def check_episode_limit(session: AsyncClientSession, project_id: Id, adding: int = 1) -> None:
    """Raise LimitReached where so many more episodes are too many for this project."""
    project = await Project.collection().find_one(
        {"_id": project_id}, {"workspace_id": 1}, session=session
    )
    if project is None:
        return
    payer = await _limited(session, project["workspace_id"], "max_episodes_per_project")
    if payer is not None:
        inside = {"project_id": project_id}
        used = await Episode.collection().count_documents(within(True, inside), session=session)
        _check(payer, "max_episodes_per_project", used, adding, "episodes in a project")


async def payer_of(session: Session, workspace: Id) -> Payer | None:
    """The owner whose tier counts for the workspace; None where there is none."""
    rows = await Workspace.collection().aggregate(
        [
            {"$match": {"_id": workspace}},
            {"$project": {"owner": FIRST_OWNER}},
            {
                "$lookup": {
                    "from": User.collection_name(),
                    "localField": "owner.user_id",
                    "foreignField": "_id",
                    "pipeline": [{"$project": {"subscription": 1}}],
                    "as": "users",
                }
            },
        ],
        session=session,
    )
    owners: list[StoredDocument] = [user async for row in rows for user in row["users"]]
    return Payer(owners[0]["_id"], owners[0]["subscription"]) if owners else None


async def lock(session: AsyncClientSession, payer: Payer) -> Payer | None:
    """The same owner, whom nobody else can lock until the transaction ends."""
    locked = await User.collection().find_one_and_update(
        {"_id": payer.id},
        {"$inc": {"limit_turn": 1}},
        {"subscription": 1},
        session=session,
    )
    return None if locked is None else Payer(locked["_id"], locked["subscription"])


async def _limited(session: AsyncClientSession, workspace: Id, limit: Limit) -> Payer | None:
    """The owner who counts, locked until the transaction ends; None where he has no limit."""
    payer = await payer_of(session, workspace)
    if payer is None or payer.subscription[limit] is None:
        return None
    return await lock(session, payer)


async def workspaces_of(owner: Id, session: Session = None) -> list[Id]:
    """The workspaces, deleted ones left out, that count for this owner."""
    rows = await Workspace.collection().aggregate(
        [
            {"$match": within(True, {"members.user_id": owner})},
            {"$project": {"owner": FIRST_OWNER}},
            {"$match": {"owner.user_id": owner}},
        ],
        session=session,
    )
    return [row["_id"] async for row in rows]


def _check(payer: Payer, limit: Limit, used: int, adding: int, what: str) -> None:
    most = payer.subscription[limit]
    if used + adding > most:
        tier = payer.subscription["tier"]
        raise LimitReached(
            f"The tier {tier} of the workspace's owner allows {most} {what}, and there are {used}.",
            limit=most,
            limit_name=limit,
            used=used,
        )
