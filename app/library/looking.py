"""Asking for looks at files: after they came in, and again for those that were missed.

A look says what a file is and shows it (`media.look`, a second or less); a film or a sound is then
played to its end (`media.play`, up to minutes). Both leave a mark on the record: the version of
the way in which it was done. Raising a version here has everything done anew.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Final

from pymongo.asynchronous.client_session import AsyncClientSession

from app.core.kinds import TaskKind
from app.library.kinds import LOOK_AT_MEDIA, PLAY_MEDIA, LookAtMedia, PlayMedia
from app.production import tasks
from app.production.tasks import Ownership, new_task
from documents.base import StoredDocument, Subject
from documents.library import Media
from documents.production import Task
from documents.values import Id, now

LOOK_VERSION: Final = 1
PLAY_VERSION: Final = 1
LASTING: Final = ("video", "audio")

PLAY_PRIORITY: Final = 3
"""Below what people wait for."""
AGAIN_AFTER: Final = timedelta(minutes=10)
"""A record younger than this has its first look still ahead of it."""
BATCH: Final = 500


def look_task(media: Media) -> Task:
    """The task that looks at a stored file; of each file one at a time."""
    return new_task(
        LOOK_AT_MEDIA, LookAtMedia(media_id=media.id), owner_of(media), key=f"look:{media.id}"
    )


def play_task(media: Media, *, after: timedelta = timedelta(0)) -> Task:
    """The task that plays a film or sound to its end, after some time."""
    task = new_task(
        PLAY_MEDIA,
        PlayMedia(media_id=media.id),
        owner_of(media),
        priority=PLAY_PRIORITY,
        key=f"play:{media.id}",
    )
    task.run_after += after
    return task


def owner_of(media: Media) -> Ownership:
    """Looking is work for the workspace: no part of a project's production.

    Nobody asked for it by name, so nobody is told of each file that it is done.
    """
    subject = Subject(collection=Media.collection_name(), id=media.id)
    return Ownership(workspace_id=media.workspace_id, subject=subject)


def unseen() -> StoredDocument:
    """The files that nobody looked at as it is done today; served by an index."""
    return {"look_version": _before(LOOK_VERSION), **_settled()}


def unplayed() -> StoredDocument:
    """The same for being played."""
    query = {"play_version": _before(PLAY_VERSION), "look_version": LOOK_VERSION}
    return {**query, "kind": {"$in": [*LASTING]}, "quarantine": None, **_settled()}


async def ask_again() -> int:
    """Ask for every look that is missing and not asked for yet; says how many. Safe to repeat."""
    asked = 0
    for query, kind, task in (
        (unseen(), LOOK_AT_MEDIA, look_task),
        (unplayed(), PLAY_MEDIA, play_task),
    ):
        after: Id | None = None
        while batch := await _batch(query, after):
            after = batch[-1].id
            asked += await add_missing(kind, [task(each) for each in batch])
    return asked


async def add_missing(
    kind: TaskKind[LookAtMedia] | TaskKind[PlayMedia],
    wanted: Sequence[Task],
    session: AsyncClientSession | None = None,
) -> int:
    """Add those of the tasks that are not waiting or running already; says how many."""
    keys = [task.key for task in wanted]
    unfinished = {"kind": kind.name, "key": {"$in": keys}, "status": {"$in": UNFINISHED}}
    known = set(await Task.collection().distinct("key", unfinished, session=session))
    fresh = [task for task in wanted if task.key not in known]
    await tasks.add(fresh, session)
    return len(fresh)


UNFINISHED: Final = ("queued", "processing")


async def _batch(query: StoredDocument, after: Id | None) -> list[Media]:
    beyond = {"_id": {"$gt": after}} if after is not None else {}
    return await Media.all_in(True, {**query, **beyond}, sort=[("_id", 1)], limit=BATCH)


def _settled() -> StoredDocument:
    return {"created_at": {"$lt": now() - AGAIN_AFTER}, "storage_key": {"$gt": ""}}


def _before(version: int) -> dict[str, Iterable[int | None]]:
    """Earlier versions; None stands for records from before there were any."""
    return {"$in": [None, *range(version)]}
