"""Bringing publications out: once, behind a lease, with every try on record."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final, Literal

from pymongo.asynchronous.client_session import AsyncClientSession

from app.publishing.kinds import PUBLISH, Publish
from documents.production import TaskOutput
from documents.publishing import (
    Publication,
    PublicationError,
    PublicationLease,
    PublicationTry,
)
from documents.values import now
from workers.jobs.endings import is_final, reason
from workers.publishers.base import Posted, PublishError
from workers.publishers.registry import publisher_of
from workers.runtime.context import Context
from workers.runtime.handlers import GiveUp, Outcome, handles

LEASE: Final = timedelta(hours=1)
"""As long as the task may take; its own lease says sooner when a worker has died."""
KEPT_TRIES: Final = 50


@handles(PUBLISH)
async def publish(context: Context, parameters: Publish) -> Outcome:
    """Bring the publication out, unless it is out already; a failure stays on its record."""
    publication = await _leased(context, parameters)
    if publication is None:
        return Outcome(TaskOutput(result={"skipped": "it is out, or was given up"}))
    try:
        publisher = publisher_of(publication.publisher)
        posted = await publisher.find(context, publication)
        if posted is None:
            posted = await publisher.post(context, publication)
    except PublishError as exc:
        await _note_failure(publication, exc)
        raise GiveUp(str(exc), code=exc.code) from exc
    except Exception as exc:
        if is_final(context.task, exc):
            told = PublishError(reason(exc), code="internal", permanent=False)
            await _note_failure(publication, told)
        raise

    async def write(session: AsyncClientSession) -> None:
        await _note_success(publication, posted, session)

    return Outcome(TaskOutput(result={"post_id": posted.post_id}), write)


async def _leased(context: Context, parameters: Publish) -> Publication | None:
    """The publication, this task's to speak for; None where nothing is to be done about it.

    A task that runs again after its worker died takes the lease of its own earlier attempt over.
    """
    worker = context.task.worker
    name = worker.worker_id if worker else "worker"
    open_still: Mapping[str, Any] = {
        "_id": parameters.publication_id,
        "status": {"$in": ["intended", "posting"]},
        "deleted_at": None,
    }
    lease = PublicationLease(worker_id=name, until=now() + LEASE, fence=context.task.fence)
    update = {
        "$set": {"status": "posting", "lease": lease.model_dump()},
        "$inc": {"fence": 1, "attempts": 1},
    }
    return await Publication.advance_one(open_still, update)


async def _note_success(
    publication: Publication, posted: Posted, session: AsyncClientSession
) -> None:
    values = {
        "status": "published",
        "platform_post_id": posted.post_id,
        "platform_url": posted.url,
        "published_at": now(),
        "lease": None,
        "error": None,
    }
    await _note(publication, values, "done", posted.post_id, session)


async def _note_failure(publication: Publication, exc: PublishError) -> None:
    error = PublicationError(code=exc.code, message=str(exc)[:2000], permanent=exc.permanent)
    values = {"status": "failed", "lease": None, "error": error.model_dump()}
    await _note(publication, values, "failed", str(exc), None)


async def _note(
    publication: Publication,
    values: Mapping[str, Any],
    outcome: Literal["done", "failed"],
    detail: str,
    session: AsyncClientSession | None,
) -> None:
    tried = PublicationTry(
        at=now(),
        attempt=publication.attempts,
        step="post",
        outcome=outcome,
        detail=detail[:2000],
    )
    update = {
        "$set": values,
        "$push": {"log": {"$each": [tried.model_dump()], "$slice": -KEPT_TRIES}},
    }
    same = {"_id": publication.id, "fence": publication.fence, "status": "posting"}
    await Publication.advance_one(same, update, session)
