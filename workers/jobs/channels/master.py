"""The master desk: is the album whole, and is every track and picture fit to be seen and heard?"""

import asyncio
from collections.abc import Sequence
from functools import partial

from pymongo.asynchronous.client_session import AsyncClientSession

from app.channels import states
from app.channels.album import material_problems
from app.channels.kinds import MASTER, OfJob
from app.channels.service import materials_of
from documents.channels import AudioTrack, BackgroundImage, VideoJob
from workers.jobs.channels.listening import twins
from workers.jobs.channels.steps import outcome, step
from workers.runtime.context import Context
from workers.runtime.handlers import GiveUp, Outcome


@step(MASTER)
async def master(context: Context, job: VideoJob, parameters: OfJob) -> Outcome:
    """Let the material through to the render, or name what has to be swapped.

    Raises GiveUp with all that is wrong: then the job fails where it stands, and goes on from here
    once those tracks and images are swapped.
    """
    tracks, images = await materials_of(job.id)
    if problems := material_problems(tracks, images):
        raise GiveUp(" ".join(problems), code="not_complete")
    await _mark_twins(tracks)
    if problems := _found(tracks, images):
        told = " ".join(problems)
        raise GiveUp(f"{told} Swap what is named, and the job goes on.", code="not_fit")

    async def write(session: AsyncClientSession) -> None:
        if job.status != "rendering":
            await states.move(job.id, "rendering", session, only=("generating_image",))

    seconds = sum(float(each.duration_seconds or 0) for each in tracks)
    return outcome(context, job, [], write, seconds=round(seconds, 2))


async def _mark_twins(tracks: Sequence[AudioTrack]) -> None:
    """Note at each track which earlier one it is nearly like, where there is one."""
    prints = [(each.order_index, each.sound_print) for each in tracks if each.sound_print]
    found = await asyncio.to_thread(partial(twins, prints))
    for track in tracks:
        twin = found.get(track.order_index)
        if track.check is not None and track.check.twin_of != twin:
            track.check.twin_of = twin
            query = {"_id": track.id, "take": track.take}
            await AudioTrack.advance_one(query, {"$set": {"check.twin_of": twin}})


def _found(tracks: Sequence[AudioTrack], images: Sequence[BackgroundImage]) -> list[str]:
    """What is wrong with the material, named by its place."""
    found: list[str] = []
    for track in tracks:
        check = track.check
        found += [
            f"Track {track.order_index}: {each}" for each in (check.problems if check else ())
        ]
        if check is not None and check.twin_of is not None:
            found.append(f"Track {track.order_index}: It is nearly the same as {check.twin_of}.")
    for image in images:
        problems = image.check.problems if image.check else []
        found += [f"Image {image.order_index}: {each}" for each in problems]
    return found
