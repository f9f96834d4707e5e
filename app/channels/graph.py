"""The graph of tasks that makes a job's video: only what is not there yet is in it."""

from collections.abc import Iterable, Mapping, Sequence

from app.channels.kinds import (
    EXPORT,
    FINISH_MUSIC,
    MAKE_IMAGE,
    MAKE_TRACK,
    MASTER,
    PLAN_PROMPTS,
    RENDER,
    UPLOAD,
    OfJob,
    OfMaterial,
    PlanPrompts,
)
from app.production.tasks import Ownership, add, new_task, start_pipeline
from documents.base import Session, Subject, touched
from documents.channels import AudioTrack, BackgroundImage, VideoJob
from documents.production import Pipeline, Task
from documents.values import Id

TakeOvers = Mapping[Id, Id]
"""Files of the library that take the place of materials: media by the material's id."""


def new_pipeline(job: VideoJob, created_by: Id | None) -> Pipeline:
    """A pipeline of the job, not written yet."""
    return Pipeline(
        workspace_id=job.workspace_id,
        created_by=created_by,
        kind="channels.make_video",
        subject=Subject(collection=VideoJob.collection_name(), id=job.id),
    )


def owner_of(job: VideoJob, pipeline: Pipeline) -> Ownership:
    """To whom the tasks of a job's pipeline belong."""
    return Ownership(
        workspace_id=job.workspace_id,
        pipeline_id=pipeline.id,
        created_by=pipeline.created_by,
        subject=pipeline.subject,
    )


async def start(pipeline: Pipeline, tasks: Sequence[Task], session: Session) -> None:
    """Write the pipeline with its tasks."""
    counted = pipeline.model_copy(update={"task_count": len(tasks)})
    await start_pipeline(counted, tasks, session)


async def grow(pipeline: Pipeline, tasks: Sequence[Task], session: Session) -> None:
    """Add tasks to a pipeline that is there."""
    await add(tasks, session)
    more = touched({"$inc": {"task_count": len(tasks)}})
    await Pipeline.collection().update_one({"_id": pipeline.id}, more, session=session)


def planning(job: VideoJob, owner: Ownership, *, and_go_on: bool) -> list[Task]:
    """The prompts alone; with `and_go_on` the planner adds the rest when it has them."""
    return [new_task(PLAN_PROMPTS, PlanPrompts(job_id=job.id, and_go_on=and_go_on), owner)]


def making(
    job: VideoJob,
    owner: Ownership,
    tracks: Iterable[AudioTrack],
    images: Iterable[BackgroundImage],
    *,
    onward: bool,
    take_overs: TakeOvers | None = None,
) -> list[Task]:
    """From the material that is missing to the render; `onward` to export and upload as well."""
    taken = take_overs or {}
    music = [
        new_task(MAKE_TRACK, _material(job, each, taken), owner)
        for each in tracks
        if each.status != "completed"
    ]
    pictures = [
        new_task(MAKE_IMAGE, _material(job, each, taken), owner)
        for each in images
        if each.status != "completed"
    ]
    about = OfJob(job_id=job.id)
    made: list[Task] = []
    if job.status == "generating_music":
        made.append(new_task(FINISH_MUSIC, about, owner, after=music))
    master = new_task(MASTER, about, owner, after=[*music, *pictures, *made])
    render = new_task(RENDER, about, owner, after=[master])
    tasks = [*music, *pictures, *made, master, render]
    return [*tasks, *(exporting(job, owner, after=[render]) if onward else ())]


def exporting(job: VideoJob, owner: Ownership, after: Iterable[Task] = ()) -> list[Task]:
    """The export; and the upload, where the job's strategy is not a person's."""
    about = OfJob(job_id=job.id)
    export = new_task(EXPORT, about, owner, after=after)
    if job.upload_strategy == "manual":
        return [export]
    return [export, new_task(UPLOAD, about, owner, after=[export])]


def _material(
    job: VideoJob, material: AudioTrack | BackgroundImage, taken: TakeOvers
) -> OfMaterial:
    assert material.order_index is not None  # a job's material has its place
    return OfMaterial(
        job_id=job.id,
        order_index=material.order_index,
        take=material.take,
        media_id=taken.get(material.id),
    )
