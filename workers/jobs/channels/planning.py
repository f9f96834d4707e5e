"""Prompts: twenty pieces of music and twenty pictures, from a niche and some moods."""

from pydantic import ValidationError
from pymongo.asynchronous.client_session import AsyncClientSession

from app.channels import service
from app.channels.album import keywords, prompt_problems
from app.channels.kinds import PLAN_PROMPTS, PlanPrompts
from documents.base import Subject
from documents.channels import TRACKS_PER_VIDEO, Channel, JobPrompts, VideoJob
from documents.production import Pipeline
from workers.jobs.channels.steps import outcome, step
from workers.jobs.films.subjects import seed_for
from workers.providers.text import TextRequest
from workers.runtime import calls
from workers.runtime.calls import Call
from workers.runtime.context import Context
from workers.runtime.handlers import GiveUp, Outcome

ASKED = (
    "Plan an album of {count} tracks and {count} pictures for “{niche}”. Moods: {moods}. "
    "Each track and picture is another one; the tracks last {minutes} minutes together."
)


@step(PLAN_PROMPTS)
async def plan_prompts(context: Context, job: VideoJob, parameters: PlanPrompts) -> Outcome:
    """Write the job's prompts; with `and_go_on` begin the generation with them."""
    prompts = await _planned(context, job)

    async def write(session: AsyncClientSession) -> None:
        planned = await VideoJob.advance_one(
            {"_id": job.id, "status": "planned"},
            {"$set": {"prompts_json": prompts.model_dump()}},
            session,
        )
        if planned is not None and parameters.and_go_on:
            pipeline = await Pipeline.first_in(True, {"_id": context.task.pipeline_id}, session)
            assert pipeline is not None  # its own task runs
            await service.begin(planned, prompts, pipeline, session)

    return outcome(context, job, [], write, prompts=2 * TRACKS_PER_VIDEO)


async def _planned(context: Context, job: VideoJob) -> JobPrompts:
    channel = await Channel.one_in(True, job.channel_id)
    moods = keywords(job)
    asked = ASKED.format(
        count=TRACKS_PER_VIDEO,
        niche=job.niche_label,
        moods=", ".join(moods),
        minutes=job.target_duration_minutes,
    )
    request = TextRequest(
        purpose="album_prompts",
        prompt=asked,
        inputs={
            "niche": job.niche_label,
            "channel": channel.brand_niche if channel else "",
            "moods": [*moods],
            "minutes": job.target_duration_minutes,
            "tracks": TRACKS_PER_VIDEO,
        },
        seed=seed_for(job.seed, str(job.id)),
    )
    call = Call(
        context.providers.text,
        request,
        category="llm",
        feature="channels",
        stage="album_prompts",
        prompt=asked,
        subject=Subject(collection=VideoJob.collection_name(), id=job.id),
    )
    answer = await calls.write_text(context, call, context.providers.text)
    try:
        prompts = JobPrompts.model_validate(answer.output)
    except ValidationError as exc:
        raise GiveUp(f"The planner's answer is no plan: {exc}", code="bad_output") from exc
    if problems := prompt_problems(prompts, job.target_duration_minutes):
        raise GiveUp(f"The planner's answer is no whole album: {problems[0]}", code="bad_output")
    return prompts
