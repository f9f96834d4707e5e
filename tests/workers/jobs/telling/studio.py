"""A studio that wants to hear everything, and a teller to tell it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

from app.core.encryption import Encryption
from app.production import tasks
from app.production.tasks import Ownership, new_task
from app.settings import Settings
from app.telling.teller import Teller
from documents.base import Subject
from documents.identity import User, Workspace
from documents.production import Pipeline, Task, TaskError
from documents.telling import Notification, TellerPlace, Webhook, WebhookDelivery
from documents.values import now
from tests.factories.films import make_user, make_workspace
from tests.factories.records import valid
from tests.support.kinds import WORK, Work
from tests.workers.conftest import until
from workers.runtime.claims import Failure, claim, complete, fail
from workers.runtime.context import Resources

ALL = [
    *("task.completed", "task.failed", "pipeline.completed", "pipeline.failed"),
    *("publication.published", "publication.failed", "budget.reached"),
]
SIGNING_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BROKEN = Failure("The text has no end.", "endless", retryable=False)


class Studio:
    """A workspace whose owner wants to hear everything."""

    def __init__(self, owner: User, workspace: Workspace) -> None:
        self.owner, self.workspace = owner, workspace

    @classmethod
    async def made(cls, **user: Any) -> "Studio":
        owner = await make_user(**{"email_verified_at": now(), **user})
        return cls(owner, await make_workspace(owner))

    async def webhook(self, url: str, **given: Any) -> Webhook:
        secret = Encryption.of(Settings(_env_file=None)).encrypt(SIGNING_SECRET)
        given = {"events": ALL, "created_by": self.owner.id, "secret": secret, **given}
        return await valid(Webhook, workspace_id=self.workspace.id, url=url, **given).insert()

    def task(self, pipeline: Pipeline | None = None, **given: Any) -> Task:
        owner = Ownership(
            workspace_id=self.workspace.id,
            created_by=self.owner.id,
            pipeline_id=pipeline.id if pipeline else None,
        )
        return new_task(WORK, Work(name=uuid4().hex), owner, **given)

    def pipeline(self) -> Pipeline:
        return Pipeline(
            workspace_id=self.workspace.id,
            created_by=self.owner.id,
            kind="films.make_episode",
            subject=Subject(collection="workspaces", id=self.workspace.id),
        )


@asynccontextmanager
async def telling(resources: Resources, count: int = 1, **given: Any) -> AsyncIterator[None]:
    """So many tellers at work; open once the first of them has its place."""
    given = {"lease_seconds": 0.3, **given}
    tellers = [
        Teller(resources.store, resources.wakeups, f"teller-{number}", **given)
        for number in range(count)
    ]
    running = [asyncio.create_task(each.run()) for each in tellers]
    try:
        await until(_placed)
        yield
    finally:
        for each in running:
            each.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def _placed() -> bool:
    return bool(await TellerPlace.collection().count_documents({"position": {"$ne": ""}}))


async def end(task: Task, *, failure: Failure | None = None) -> None:
    """Let the task come to its end, without any worker having a hand in it."""
    task.ready = False
    await tasks.add([task])
    values: dict[str, Any] = {"status": "completed", "completed_at": now()}
    if failure is not None:
        error = TaskError(message=failure.message, code=failure.code)
        values |= {"status": "failed", "error": error.model_dump()}
    await Task.advance_one({"_id": task.id}, {"$set": values})


async def end_next(failure: Failure | None = None) -> None:
    """Claim a task and end it, as a worker does."""
    [claimed] = await claim("worker", {"io": 1}, 30)
    if failure is None:
        await complete(claimed, None)
    else:
        await fail(claimed, failure, 1)


def told(event: str, count: int = 1) -> Callable[[], Awaitable[bool]]:
    """Whether so many notifications of the event are there."""

    async def look() -> bool:
        return await Notification.collection().count_documents({"event": event}) == count

    return look


def sent(event: str, count: int = 1) -> Callable[[], Awaitable[bool]]:
    async def look() -> bool:
        return await WebhookDelivery.collection().count_documents({"event": event}) == count

    return look


async def settled() -> None:
    """Until the teller has seen a change that is written now."""
    marker = await Studio.made()
    await end(marker.task())

    async def seen() -> bool:
        return await Notification.collection().count_documents({"user_id": marker.owner.id}) == 1

    await until(seen)


async def notifications(studio: Studio) -> list[Notification]:
    return await Notification.all_in({"user_id": studio.owner.id}, {}, sort=[("_id", 1)])
