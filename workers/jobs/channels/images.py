"""Pictures: the twenty backgrounds of a job."""

import re
from pathlib import Path
from typing import Final

from pymongo.asynchronous.client_session import AsyncClientSession

from app.channels import recipes
from app.channels.kinds import MAKE_IMAGE, OfMaterial
from documents.base import Subject
from documents.channels import BackgroundImage, PictureCheck, VideoJob
from documents.library import Media
from documents.production import TaskOutput
from workers.jobs.channels.materials import (
    complete,
    copy_for,
    from_library,
    note_failure,
    of_job,
    take_up,
)
from workers.jobs.channels.steps import guarded, outcome, step
from workers.jobs.films.subjects import seed_for
from workers.jobs.intake import take_in
from workers.providers.image import ImageRequest, ImageResult
from workers.providers.outside import painter
from workers.render.errors import Unreadable
from workers.render.facts import TechnicalData
from workers.render.probe import probe
from workers.runtime import calls
from workers.runtime.calls import Call
from workers.runtime.context import Context
from workers.runtime.handlers import GiveUp, Outcome

LEAST_WIDTH: Final = 640
LEAST_HEIGHT: Final = 360
TIMES_OF_DAY: Final = ("night", "dusk", "dawn", "evening", "morning", "noon", "day")


@step(MAKE_IMAGE)
async def make_image(context: Context, job: VideoJob, parameters: OfMaterial) -> Outcome:
    """Have one picture drawn, or take it from the library, and look at it."""
    image = await take_up(BackgroundImage, parameters)
    if image is None:
        return Outcome(TaskOutput(result={"skipped": "it is there, or another take is wanted"}))
    work = _made(context, job, image, parameters)
    media, check, provider_id = await guarded(work, lambda exc: note_failure(context, image, exc))
    values = {"check": check.model_dump(), "provider_image_id": provider_id}

    async def write(session: AsyncClientSession) -> None:
        await complete(image, media, values, session)

    return outcome(context, job, [media], write, media_id=media.id)


async def _made(
    context: Context, job: VideoJob, image: BackgroundImage, parameters: OfMaterial
) -> tuple[Media, PictureCheck, str | None]:
    place = image.order_index or 0
    path = context.folder / f"image-{place:02}"
    if parameters.media_id is not None:
        found = await from_library(context, parameters.media_id, path)
        return await copy_for(context, found, job), seen(await _facts(path)), None
    width, height = (int(side) for side in job.resolution.split("x"))
    seed = seed_for(job.seed, f"{job.id}/image/{place}/{image.take}")
    request = ImageRequest(
        prompt=image.prompt_text,
        width=width,
        height=height,
        time_of_day=time_of_day(image.prompt_text),
        mood=job.mood_keywords.partition(",")[0].strip(),
        seed=seed,
    )
    provider = painter(image.provider, context.providers.image, context.resources.settings)
    call = Call(
        provider,
        request,
        category="image_generation",
        feature="channels",
        stage="background",
        prompt=image.prompt_text,
        subject=Subject(collection=VideoJob.collection_name(), id=job.id),
        take=image.take,
        prefix=job.prefix,
    )
    made = await calls.make_file(
        context, call, lambda into: provider.draw(request, into), path, ImageResult
    )
    check = seen(await _facts(path))
    media = await take_in(
        context,
        path,
        "background_image",
        description=image.prompt_text,
        tags=["background", job.niche_label],
        made=made,
        seed=seed,
        take=image.take,
        recipe=recipes.of_image(job, image),
        prefix=job.prefix,
    )
    return of_job(media, job), check, made.result.usage.provider_job_id


def time_of_day(prompt: str) -> str:
    """The time of day that the prompt speaks of."""
    words = set(re.findall(r"[a-z]+", prompt.lower()))
    return next((each for each in TIMES_OF_DAY if each in words), "day")


def seen(facts: TechnicalData) -> PictureCheck:
    """What is wrong with a picture, if something is."""
    width, height = facts.width or 0, facts.height or 0
    problems = []
    if facts.kind != "image":
        problems.append("It is no picture.")
    elif width < LEAST_WIDTH or height < LEAST_HEIGHT:
        problems.append(
            f"It has {width}x{height} pixels: a video needs {LEAST_WIDTH}x{LEAST_HEIGHT} at least."
        )
    return PictureCheck(width=width, height=height, problems=problems)


async def _facts(path: Path) -> TechnicalData:
    try:
        return await probe(path)
    except Unreadable as exc:
        raise GiveUp(str(exc), code="unreadable_file") from exc
