"""The questions of the specification, each answered in one round trip."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final, get_args

from app.core.parts import Collection
from app.core.showing import fields_of
from documents.base import Record, Scope, StoredDocument, touched, within
from documents.channels import (
    AudioTrack,
    BackgroundImage,
    Channel,
    JobClaim,
    RenderTask,
    VideoJob,
    VideoJobStatus,
)
from documents.values import Id, now

MOST: Final = 100
CLAIM: Final = timedelta(minutes=15)
"""How long a claimed job waits for whoever claimed it to start it."""
STATUSES: Final[tuple[VideoJobStatus, ...]] = get_args(VideoJobStatus)


async def channels_with_counts(
    channels: Collection, scope: Scope, query: Mapping[str, Any], limit: int = MOST
) -> list[StoredDocument]:
    """The channels that the query finds, newest first, with their numbers of jobs by status."""
    if scope is False:
        return []
    counted: list[StoredDocument] = [
        {"$match": {"$expr": {"$eq": ["$channel_id", "$$channel"]}, "deleted_at": None}},
        {"$group": {"_id": "$status", "count": {"$sum": 1}}},
    ]
    by_status = {
        "$arrayToObject": {
            "$map": {"input": "$counts", "in": {"k": "$$this._id", "v": "$$this.count"}}
        }
    }
    stages: list[StoredDocument] = [
        {"$match": within(scope, query)},
        {"$sort": {"created_at": -1, "_id": -1}},
        {"$limit": limit},
        {
            "$lookup": {
                "from": VideoJob.collection_name(),
                "let": {"channel": "$_id"},
                "pipeline": counted,
                "as": "counts",
            }
        },
        {
            "$project": {
                **dict.fromkeys(("workspace_id", "name", "brand_niche", "is_active"), 1),
                "created_at": 1,
                "total_jobs": {"$sum": "$counts.count"},
                "jobs_by_status": {"$mergeObjects": [dict.fromkeys(STATUSES, 0), by_status]},
            }
        },
        {"$set": {"completed_jobs": "$jobs_by_status.completed"}},
    ]
    return await (await channels.aggregate(stages)).to_list()


async def job_with_assets(jobs: Collection, scope: Scope, key: Id) -> StoredDocument | None:
    """The job with its tracks, images and renders, each in their order."""
    if scope is False:
        return None
    stages: list[StoredDocument] = [
        {"$match": within(scope, {"_id": key})},
        {"$project": fields_of(VideoJob).plain},
        _joined(AudioTrack, "audio_tracks", {"order_index": 1}),
        _joined(BackgroundImage, "images", {"order_index": 1}),
        _joined(RenderTask, "render_tasks", {"_id": -1}),
    ]
    rows = await (await jobs.aggregate(stages)).to_list()
    return rows[0] if rows else None


async def ready_jobs(
    jobs: Collection, scope: Scope, query: Mapping[str, Any], limit: int
) -> list[StoredDocument]:
    """Jobs that wait for their next step, oldest first; only those of active channels."""
    if scope is False:
        return []
    active = [
        {"$match": {"$expr": {"$eq": ["$_id", "$$channel"]}, "is_active": True}},
        {"$project": {"_id": 1}},
    ]
    stages: list[StoredDocument] = [
        {"$match": within(scope, {**query, "hold": None, **_unclaimed()})},
        {"$sort": {"created_at": 1, "_id": 1}},
        {
            "$lookup": {
                "from": Channel.collection_name(),
                "let": {"channel": "$channel_id"},
                "pipeline": active,
                "as": "channel",
            }
        },
        {"$match": {"channel": {"$ne": []}}},
        {"$limit": limit},
        {"$project": fields_of(VideoJob).plain},
    ]
    return await (await jobs.aggregate(stages)).to_list()


async def claim_next(
    jobs: Collection, scope: Scope, query: Mapping[str, Any], by: Id, worker: str
) -> VideoJob | None:
    """The oldest job that waits, now taken by this caller alone; None where none waits.

    Looking and taking are two steps, and the second one takes only what is still free: two callers
    never get the same job.
    """
    while found := await ready_jobs(jobs, scope, query, MOST):
        for row in found:
            claim = JobClaim(by=by, worker=worker, until=now() + CLAIM)
            free = {"_id": row["_id"], **query, "hold": None, **_unclaimed()}
            update = touched({"$set": {"claim": claim.model_dump()}})
            if taken := await VideoJob.advance_one(within(True, free), update):
                return taken
    return None


def _unclaimed() -> StoredDocument:
    return {"$or": [{"claim": None}, {"claim.until": {"$lte": now()}}]}


def _joined(model: type[Record], name: str, order: Mapping[str, int]) -> StoredDocument:
    return {
        "$lookup": {
            "from": model.collection_name(),
            "let": {"job": "$_id"},
            "pipeline": [
                {"$match": {"$expr": {"$eq": ["$video_job_id", "$$job"]}, "deleted_at": None}},
                {"$sort": dict(order)},
                {"$project": fields_of(model).plain},
            ],
            "as": name,
        }
    }
