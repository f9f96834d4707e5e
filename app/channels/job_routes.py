"""What people do about a job: prompts, verbs, swaps, and how its video goes out."""

from collections.abc import Mapping
from datetime import date
from typing import Final

from fastapi import APIRouter, Response
from pymongo.asynchronous.client_session import AsyncClientSession

from app.channels import deeds, outgoing, service
from app.channels.deeds import Deed
from app.channels.errors import NoSuchTrack, NotComplete
from app.channels.schemas import (
    JobVerb,
    PromptsGiven,
    Publishing,
    Snapshot,
    Swaps,
    Uploaded,
)
from app.channels.snapshots import keep_snapshot
from app.core.access import SHARED
from app.core.actor import CurrentActor, ScopeMissing, demand
from app.core.bodies import StrictRoute
from app.core.errors import (
    Invalid,
    MalformedBody,
    NotFound,
    NotSignedIn,
    TooLarge,
    UnsupportedMediaType,
    WrongState,
    documented,
)
from app.core.parts import CurrentParts
from app.core.recording import Transaction, recorded
from app.core.revising import within_reach
from app.core.schemas import read_schema
from app.core.showing import shown
from documents.channels import VideoAnalytics, VideoJob
from documents.publishing import Publication
from documents.values import Id

router = APIRouter(prefix="/video-jobs", tags=["channels"], route_class=StrictRoute)
ACTING: Final = documented(
    *(NotFound, NotSignedIn, ScopeMissing, Invalid, WrongState, NotComplete, NoSuchTrack),
    *(MalformedBody, TooLarge, UnsupportedMediaType),
)
VERBS: Final[Mapping[JobVerb, Deed]] = {
    "plan": service.plan,
    "generate": service.generate,
    "retry": service.retry,
    "render": service.render,
    "export": service.export,
}


@router.put(
    "/{id}/prompts",
    operation_id="write_video_job_prompts",
    response_model=None,
    responses={200: {"model": read_schema(VideoJob)}, **ACTING},
)
async def write_prompts(
    id: Id, body: PromptsGiven, actor: CurrentActor, parts: CurrentParts
) -> Response:
    """Puts these prompts in the place of those before, until generation starts."""

    async def deed(job: VideoJob, _: Id, session: AsyncClientSession) -> VideoJob:
        return await service.write_prompts(job, body.prompts, session)

    return shown(await deeds.do(parts, actor, id, deed))


@router.post(
    "/{id}/swap",
    operation_id="swap_video_job_material",
    response_model=None,
    responses={200: {"model": read_schema(VideoJob)}, **ACTING},
)
async def swap(id: Id, body: Swaps, actor: CurrentActor, parts: CurrentParts) -> Response:
    """Has tracks and images made anew, or takes files of the library for them, and renders what
    changed."""
    swaps = [each.swap() for each in body.items]

    async def deed(job: VideoJob, by: Id, session: AsyncClientSession) -> VideoJob:
        return await service.swap(job, swaps, by, session)

    return shown(await deeds.do(parts, actor, id, deed))


@router.post(
    "/{id}/publish",
    operation_id="publish_video_job",
    response_model=None,
    responses={200: {"model": read_schema(Publication)}, **ACTING},
)
async def publish(id: Id, body: Publishing, actor: CurrentActor, parts: CurrentParts) -> Response:
    """Intends the exported video to be published; the same video is so once, however often this
    is asked."""
    demand(actor, "write", Publication.collection_name())

    async def together(transaction: Transaction) -> Publication:
        job = await within_reach(VideoJob, SHARED, actor, id, transaction.session)
        made = await outgoing.publish(job, actor.id, transaction.session, body.scheduled_at)
        await transaction.tell(Publication, None, made.stored())
        return made

    made = await recorded(parts, actor, together)
    await parts.wakeups.wake()
    return shown(made)


@router.put(
    "/{id}/youtube-video",
    operation_id="set_video_job_youtube_video",
    response_model=None,
    responses={200: {"model": read_schema(VideoJob)}, **ACTING},
)
async def set_youtube_video(
    id: Id, body: Uploaded, actor: CurrentActor, parts: CurrentParts
) -> Response:
    """Says under which id the exported video is on YouTube, where a person has uploaded it."""

    async def deed(job: VideoJob, _: Id, session: AsyncClientSession) -> VideoJob:
        return await service.set_youtube_video(job, body.youtube_video_id, session)

    return shown(await deeds.do(parts, actor, id, deed))


@router.put(
    "/{id}/analytics/{day}",
    operation_id="write_video_analytics",
    response_model=None,
    responses={200: {"model": read_schema(VideoAnalytics)}, **ACTING},
)
async def write_analytics(
    id: Id, day: date, body: Snapshot, actor: CurrentActor, parts: CurrentParts
) -> Response:
    """Keeps what the platform counted up to this day; of each day there is one snapshot."""
    demand(actor, "write", VideoAnalytics.collection_name())

    async def together(transaction: Transaction) -> VideoAnalytics:
        job = await within_reach(VideoJob, SHARED, actor, id, transaction.session)
        return await keep_snapshot(job, day, body, transaction)

    return shown(await recorded(parts, actor, together))


@router.post(
    "/{id}/{verb}",
    operation_id="act_on_video_job",
    response_model=None,
    responses={200: {"model": read_schema(VideoJob)}, **ACTING},
)
async def act(id: Id, verb: JobVerb, actor: CurrentActor, parts: CurrentParts) -> Response:
    """Plan its prompts, generate it, try it again where it failed, render it again, or export
    it; answers the job as it is then."""
    return shown(await deeds.do(parts, actor, id, VERBS[verb]))
