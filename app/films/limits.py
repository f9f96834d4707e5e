"""How many projects, and episodes in a project, the tier of a workspace's owner allows."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from pymongo.asynchronous.client_session import AsyncClientSession

from app.core.writing import Limit
from app.identity.errors import LimitReached
from app.identity.limits import check_episode_limit, check_project_limits
from documents.base import StoredDocument


async def _check_projects(session: AsyncClientSession, made: Sequence[StoredDocument]) -> None:
    await check_project_limits(session, Counter(each["workspace_id"] for each in made))


async def _check_episodes(session: AsyncClientSession, made: Sequence[StoredDocument]) -> None:
    for project, count in Counter(each["project_id"] for each in made).items():
        await check_episode_limit(session, project, count)


PROJECTS: Final = Limit(_check_projects, LimitReached)
EPISODES: Final = Limit(_check_episodes, LimitReached)
