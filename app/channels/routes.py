"""Channels and their jobs beyond the plain routes: the questions of the specification."""

from typing import Annotated, Final

from fastapi import APIRouter, Query, Response

from app.channels import deeds, queries
from app.channels.schemas import ChannelsWithCounts, Claiming, RefreshToken, Waiting
from app.core.access import SHARED
from app.core.actor import CurrentActor, ScopeMissing, demand
from app.core.answer import Answer, public
from app.core.bodies import StrictRoute
from app.core.encryption import Encryption
from app.core.errors import (
    Invalid,
    MalformedBody,
    NotFound,
    NotSignedIn,
    TooLarge,
    UnsupportedMediaType,
    documented,
)
from app.core.parts import CurrentParts
from app.core.schemas import read_schema
from app.core.showing import shown
from documents.base import StoredDocument
from documents.channels import Channel, VideoJob
from documents.values import Id

router = APIRouter(tags=["channels"], route_class=StrictRoute)
BODY: Final = (MalformedBody, TooLarge, UnsupportedMediaType)
READING: Final = documented(NotFound, NotSignedIn, ScopeMissing, Invalid)
LISTING: Final = documented(NotSignedIn, ScopeMissing, Invalid)
CLAIMING: Final = documented(NotSignedIn, ScopeMissing, Invalid, *BODY)
WRITING: Final = documented(NotFound, NotSignedIn, ScopeMissing, Invalid, *BODY)
Limit = Annotated[int, Query(ge=1, le=queries.MOST)]


@router.get(
    "/channels/with-job-counts",
    operation_id="list_channels_with_job_counts",
    response_model=None,
    responses={200: {"model": ChannelsWithCounts}, **LISTING},
)
async def list_with_counts(
    actor: CurrentActor,
    parts: CurrentParts,
    workspace_id: Id | None = None,
    is_active: bool = True,
    limit: Limit = queries.MOST,
) -> Response:
    """Active channels, or the others, newest first, with how many jobs are in which state."""
    demand(actor, "read", Channel.collection_name())
    query = {"is_active": is_active, **_in_workspace(workspace_id)}
    source = parts.reading[Channel.collection_name()]
    rows = await queries.channels_with_counts(source, SHARED.read(actor), query, limit)
    return Answer({"data": [public(each) for each in rows]})


@router.put(
    "/channels/{id}/youtube-refresh-token",
    operation_id="set_channel_refresh_token",
    status_code=204,
    response_model=None,
    responses=WRITING,
)
async def set_refresh_token(
    id: Id, body: RefreshToken, actor: CurrentActor, parts: CurrentParts
) -> Response:
    """Keeps what YouTube gave for the channel, encrypted; no answer ever shows it."""
    secret = Encryption.of(parts.settings).encrypt(body.refresh_token)
    await deeds.change(parts, actor, Channel, id, {"youtube_refresh_token": secret})
    return Response(status_code=204)


@router.delete(
    "/channels/{id}/youtube-refresh-token",
    operation_id="clear_channel_refresh_token",
    status_code=204,
    response_model=None,
    responses=READING,
)
async def clear_refresh_token(id: Id, actor: CurrentActor, parts: CurrentParts) -> Response:
    """Forgets it."""
    await deeds.change(parts, actor, Channel, id, {"youtube_refresh_token": None})
    return Response(status_code=204)


@router.get(
    "/video-jobs/ready",
    operation_id="list_ready_video_jobs",
    response_model=None,
    responses=LISTING,
)
async def list_ready(
    actor: CurrentActor,
    parts: CurrentParts,
    status: Waiting = "planned",
    workspace_id: Id | None = None,
    limit: Limit = queries.MOST,
) -> Response:
    """Jobs of active channels that wait for their next step and are claimed by nobody, oldest
    first."""
    demand(actor, "read", VideoJob.collection_name())
    query = {"status": status, **_in_workspace(workspace_id)}
    source = parts.reading[VideoJob.collection_name()]
    rows = await queries.ready_jobs(source, SHARED.read(actor), query, limit)
    return Answer({"data": [public(each) for each in rows]})


@router.post(
    "/video-jobs/claim-next",
    operation_id="claim_next_video_job",
    response_model=None,
    responses={
        200: {"model": read_schema(VideoJob)},
        204: {"description": "None waits."},
        **CLAIMING,
    },
)
async def claim_next(body: Claiming, actor: CurrentActor, parts: CurrentParts) -> Response:
    """The oldest job that waits, for a quarter of an hour this caller's alone."""
    demand(actor, "write", VideoJob.collection_name())
    query = {"status": body.status, **_in_workspace(body.workspace_id)}
    source = parts.reading[VideoJob.collection_name()]
    scope = SHARED.change(actor)
    job = await queries.claim_next(source, scope, query, actor.id, body.worker)
    return Response(status_code=204) if job is None else shown(job)


@router.get(
    "/video-jobs/{id}/assets",
    operation_id="read_video_job_assets",
    response_model=None,
    responses=READING,
)
async def read_assets(id: Id, actor: CurrentActor, parts: CurrentParts) -> Response:
    """The job with its tracks, images and renders, each in their order."""
    demand(actor, "read", VideoJob.collection_name())
    source = parts.reading[VideoJob.collection_name()]
    found = await queries.job_with_assets(source, SHARED.read(actor), id)
    if found is None:
        raise NotFound("There is no such record, or none that you may see.")
    for name in ("audio_tracks", "images", "render_tasks"):
        found[name] = [public(each) for each in found[name]]
    return Answer(public(found))


def _in_workspace(key: Id | None) -> StoredDocument:
    return {} if key is None else {"workspace_id": key}
