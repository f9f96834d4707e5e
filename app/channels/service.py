"""What can be done with a job: plan, generate, swap, retry, render, export.

Each function writes with the session of a transaction and answers the job as it is then; whoever
calls ends the pipeline that was the job's before (`abandon`) and wakes a worker afterwards.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pymongo.asynchronous.client_session import AsyncClientSession

from app.channels import graph
from app.channels.album import prompt_problems
from app.channels.errors import NoSuchTrack, NotComplete
from app.channels.states import AT_WORK, JobGone, move, said
from app.core.errors import NotFound, WrongState
from app.production import tasks
from documents.base import Session
from documents.channels import AudioTrack, BackgroundImage, JobPrompts, VideoJob
from documents.library import Media
from documents.production import Pipeline
from documents.values import Id

Material = AudioTrack | BackgroundImage


@dataclass(frozen=True, slots=True)
class Swap:
    """A track or an image that shall be another one."""

    kind: Literal["track", "image"]
    order_index: int
    prompt: str | None = None
    """None: once more by the same words."""
    media_id: Id | None = None
    """A file of the workspace's library to take; None: the provider makes a new take."""


async def plan(job: VideoJob, by: Id | None, session: AsyncClientSession) -> VideoJob:
    """Have the prompts planned, anew if there are some. Raises WrongState."""
    pipeline = graph.new_pipeline(job, by)
    planned = await _back_to_planned(job, pipeline, session)
    owner = graph.owner_of(planned, pipeline)
    await graph.start(pipeline, graph.planning(planned, owner, and_go_on=False), session)
    return planned


async def write_prompts(
    job: VideoJob, prompts: JobPrompts, session: AsyncClientSession
) -> VideoJob:
    """Put these prompts in the place of those before. Raises WrongState once generation began."""
    values = {"$set": {"prompts_json": prompts.model_dump()}}
    open_still = {"_id": job.id, "status": "planned"}
    if changed := await VideoJob.write_one(open_still, values, session):
        return changed
    raise WrongState(
        f"The job is {said(job.status)}: prompts can be changed until generation starts. "
        "Swap single tracks and images instead."
    )


async def generate(job: VideoJob, by: Id | None, session: AsyncClientSession) -> VideoJob:
    """Begin to make the video; prompts that are not there are planned first.

    Raises WrongState, and NotComplete where the prompts make no whole album.
    """
    if job.status != "planned":
        raise WrongState(f"The job is {said(job.status)}: generation has begun already.")
    pipeline = graph.new_pipeline(job, by)
    if job.prompts_json is None:
        planned = await _back_to_planned(job, pipeline, session)
        owner = graph.owner_of(planned, pipeline)
        await graph.start(pipeline, graph.planning(planned, owner, and_go_on=True), session)
        return planned
    if problems := prompt_problems(job.prompts_json, job.target_duration_minutes):
        raise NotComplete(" ".join(problems))
    await graph.start(pipeline, [], session)
    return await begin(job, job.prompts_json, pipeline, session)


async def begin(
    job: VideoJob, prompts: JobPrompts, pipeline: Pipeline, session: AsyncClientSession
) -> VideoJob:
    """Write the twenty tracks and images that the prompts ask for, and the tasks that make them."""
    begun = await move(
        job.id,
        "generating_music",
        session,
        also={"pipeline_id": pipeline.id, "claim": None},
        only=("planned",),
    )
    tracks, images = _materials(begun, prompts)
    await AudioTrack.insert_all(tracks, session)
    await BackgroundImage.insert_all(images, session)
    onward = begun.upload_strategy != "manual"
    owner = graph.owner_of(begun, pipeline)
    work = graph.making(begun, owner, tracks, images, onward=onward)
    await graph.grow(pipeline, work, session)
    return begun


async def swap(
    job: VideoJob, swaps: Sequence[Swap], by: Id | None, session: AsyncClientSession
) -> VideoJob:
    """Have these tracks and images made anew and go on from there; the others stay as they are.

    Raises WrongState while the job is at work, NoSuchTrack, and NotFound for a file that is not
    in the workspace's library.
    """
    if job.status == "planned" or job.status in AT_WORK:
        raise WrongState(f"The job is {said(job.status)}: swap when it is rendered, or has failed.")
    if len({(each.kind, each.order_index) for each in swaps}) != len(swaps):
        raise NoSuchTrack("One of the places is named twice.")
    taken: dict[Id, Id] = {}
    for each in swaps:
        material = await _new_take(job, each, session)
        if each.media_id is not None:
            await _check_file(job, each, session)
            taken[material.id] = each.media_id
    if job.status == "failed":
        return await _resume(job, by, session, taken)
    return await _make_again(job, by, session, taken)


async def retry(job: VideoJob, by: Id | None, session: AsyncClientSession) -> VideoJob:
    """Go on at the step that failed, with all that is there already. Raises WrongState."""
    if job.status != "failed":
        raise WrongState(f"The job is {said(job.status)}: only failed ones are tried again.")
    return await _resume(job, by, session, {})


async def render(job: VideoJob, by: Id | None, session: AsyncClientSession) -> VideoJob:
    """Render a finished job once more, with the options that it has now. Raises WrongState."""
    return await _make_again(job, by, session, {})


async def export(job: VideoJob, by: Id | None, session: AsyncClientSession) -> VideoJob:
    """Put the package together that goes out. Raises WrongState where it is not rendered."""
    if job.status != "ready_for_export":
        raise WrongState(f"The job is {said(job.status)}: it is exported when it is rendered.")
    pipeline = graph.new_pipeline(job, by)
    changed = await _take_up(job, pipeline, session)
    await graph.start(pipeline, graph.exporting(job, graph.owner_of(job, pipeline)), session)
    return changed


async def set_youtube_video(
    job: VideoJob, youtube_video_id: str, session: AsyncClientSession
) -> VideoJob:
    """Note where a person has uploaded the video. Raises WrongState before it is completed."""
    query = {"_id": job.id, "status": "completed"}
    values = {"$set": {"youtube_video_id": youtube_video_id}}
    if changed := await VideoJob.write_one(query, values, session):
        return changed
    raise WrongState("Only the video of a completed job can be on YouTube.")


async def abandon(before: VideoJob, after: VideoJob) -> None:
    """End what the job's earlier pipeline has left to do, where it has another one now."""
    if before.pipeline_id is not None and before.pipeline_id != after.pipeline_id:
        await tasks.cancel(True, {"pipeline_id": before.pipeline_id})


async def materials_of(
    job_id: Id, session: Session = None
) -> tuple[list[AudioTrack], list[BackgroundImage]]:
    """The tracks and images of the job, each in their order."""
    query, order = {"video_job_id": job_id}, [("order_index", 1)]
    tracks = await AudioTrack.all_in(True, query, sort=order, session=session)
    images = await BackgroundImage.all_in(True, query, sort=order, session=session)
    return tracks, images


async def _resume(
    job: VideoJob, by: Id | None, session: AsyncClientSession, taken: graph.TakeOvers
) -> VideoJob:
    step = job.failed_step or "planned"
    pipeline = graph.new_pipeline(job, by)
    resumed = await move(job.id, step, session, also={"pipeline_id": pipeline.id}, only=("failed",))
    owner = graph.owner_of(resumed, pipeline)
    tracks, images = await materials_of(job.id, session)
    # A swap in a failed export asks for a render first.
    if step in ("ready_for_export", "completed") and not taken and _all_made(tracks, images):
        work = graph.exporting(resumed, owner)
    elif step == "planned":
        work = graph.planning(resumed, owner, and_go_on=True)
    else:
        if step in ("ready_for_export", "completed"):
            resumed = await move(job.id, "rendering", session)
        onward = resumed.upload_strategy != "manual" and resumed.media_id is None
        work = graph.making(resumed, owner, tracks, images, onward=onward, take_overs=taken)
    await graph.start(pipeline, work, session)
    return resumed


async def _make_again(
    job: VideoJob, by: Id | None, session: AsyncClientSession, taken: graph.TakeOvers
) -> VideoJob:
    """From rendered back to rendering. A person looks at it before it goes out once more."""
    pipeline = graph.new_pipeline(job, by)
    again = await move(
        job.id,
        "rendering",
        session,
        also={"pipeline_id": pipeline.id},
        only=("ready_for_export", "completed"),
    )
    tracks, images = await materials_of(job.id, session)
    owner = graph.owner_of(again, pipeline)
    work = graph.making(again, owner, tracks, images, onward=False, take_overs=taken)
    await graph.start(pipeline, work, session)
    return again


async def _back_to_planned(
    job: VideoJob, pipeline: Pipeline, session: AsyncClientSession
) -> VideoJob:
    if job.status == "failed" and (job.failed_step or "planned") == "planned":
        also = {"pipeline_id": pipeline.id}
        return await move(job.id, "planned", session, also=also, only=("failed",))
    if job.status != "planned":
        raise WrongState(f"The job is {said(job.status)}: prompts are planned before generation.")
    return await _take_up(job, pipeline, session)


async def _take_up(job: VideoJob, pipeline: Pipeline, session: AsyncClientSession) -> VideoJob:
    """The job with its new pipeline, in the state that it is in."""
    query = {"_id": job.id, "status": job.status}
    values = {"$set": {"pipeline_id": pipeline.id, "claim": None}}
    if changed := await VideoJob.advance_one(query, values, session):
        return changed
    raise JobGone("The job is not there any more.")


def _materials(
    job: VideoJob, prompts: JobPrompts
) -> tuple[list[AudioTrack], list[BackgroundImage]]:
    place = {"workspace_id": job.workspace_id, "video_job_id": job.id}
    tracks = [
        AudioTrack(
            **place,
            provider=job.music_provider,
            order_index=each.order_index,
            prompt_text=each.prompt,
            title=each.title,
            tempo=each.tempo,
            planned_seconds=round(each.duration_minutes * 60, 3),
        )
        for each in sorted(prompts.music_prompts, key=lambda each: each.order_index)
    ]
    images = [
        BackgroundImage(
            **place,
            provider=job.visual_provider,
            order_index=each.order_index,
            prompt_text=each.prompt,
        )
        for each in sorted(prompts.visual_prompts, key=lambda each: each.order_index)
    ]
    return tracks, images


def _all_made(tracks: Sequence[AudioTrack], images: Sequence[BackgroundImage]) -> bool:
    materials: list[Material] = [*tracks, *images]
    return all(each.status == "completed" for each in materials)


async def _new_take(job: VideoJob, wanted: Swap, session: AsyncClientSession) -> Material:
    """The material as it is asked for anew; what it was stays in the library."""
    query = {"video_job_id": job.id, "order_index": wanted.order_index}
    values = {"status": "pending", "check": None, "error_message": None}
    if wanted.prompt is not None:
        values["prompt_text"] = wanted.prompt
    changed: Material | None
    if wanted.kind == "track":
        values |= {"sound_print": None, "provider": job.music_provider}
        update = {"$set": values, "$inc": {"take": 1}}
        changed = await AudioTrack.advance_one(query, update, session)
    else:
        update = {"$set": values | {"provider": job.visual_provider}, "$inc": {"take": 1}}
        changed = await BackgroundImage.advance_one(query, update, session)
    if changed is None:
        raise NoSuchTrack(f"The job has no {wanted.kind} {wanted.order_index}.")
    return changed


async def _check_file(job: VideoJob, wanted: Swap, session: AsyncClientSession) -> None:
    assert wanted.media_id is not None
    kind = "audio" if wanted.kind == "track" else "image"
    query = {"_id": wanted.media_id, "kind": kind, "status": "active"}
    found = await Media.first_in({"workspace_id": job.workspace_id}, query, session)
    if found is None:
        raise NotFound(f"There is no such {kind} file in the library of the job's workspace.")
