"""Publications: the intent is written before anything leaves, and a worker brings it out."""

from pymongo.asynchronous.client_session import AsyncClientSession

from app.production import tasks
from app.production.tasks import Ownership, new_task
from app.publishing.kinds import PUBLISH, Publish
from documents.base import Subject
from documents.production import Task
from documents.publishing import Publication
from documents.values import now


async def intend(publication: Publication, session: AsyncClientSession) -> Publication:
    """Write the intent, and the task that brings it out at its time.

    Of one idempotency key there is one publication: asked for again, it is answered as it is; one
    that failed, or whose lease ran out, is tried again.
    """
    same = {
        "workspace_id": publication.workspace_id,
        "idempotency_key": publication.idempotency_key,
    }
    known = await Publication.first_in(True, same, session)
    if known is None:
        await publication.insert(session=session)
        await tasks.add([_task(publication)], session)
        return publication
    abandoned = known.status == "posting" and (known.lease is None or known.lease.until < now())
    if known.status != "failed" and not abandoned:
        return known
    values = {"status": "intended", "error": None, "scheduled_at": publication.scheduled_at}
    query = {"_id": known.id, "status": known.status}
    again = await Publication.advance_one(query, {"$set": values}, session)
    assert again is not None  # the transaction has just seen it
    await tasks.add([_task(again)], session)
    return again


def _task(publication: Publication) -> Task:
    owner = Ownership(
        workspace_id=publication.workspace_id,
        created_by=publication.created_by,
        subject=Subject(collection=Publication.collection_name(), id=publication.id),
    )
    task = new_task(PUBLISH, Publish(publication_id=publication.id), owner)
    if publication.scheduled_at is not None:
        task.run_after = publication.scheduled_at
    return task
