"""What an edit of a job makes out of date, and making it again."""

from decimal import Decimal
from typing import Any

import httpx

from app.channels import recipes, service
from app.core.parts import Parts
from documents.channels import AudioTrack, BackgroundImage, VideoJob
from documents.library import GenerationMetadata, Media
from documents.production import Task
from documents.values import Id
from tests.app.library.lineage.support import asked
from tests.app.support import API, World, as_, codes
from tests.factories.channels import begin_short
from tests.factories.records import valid


async def kept(job: VideoJob, recipe: str | None, *inputs: Id | None, **given: Any) -> Id:
    """A file of the job, as a task would have made it."""
    how = GenerationMetadata(recipe=recipe, input_ids=[each for each in inputs if each])
    media = valid(
        Media,
        workspace_id=job.workspace_id,
        video_job_id=job.id,
        generation_metadata=how,
        **given,
    )
    return (await media.insert()).id


async def rendered(parts: Parts, job: VideoJob) -> VideoJob:
    """The job with all its files, as they are after a render."""
    job = await begin_short(parts.store, job)
    tracks, images = await service.materials_of(job.id)
    for track in tracks:
        key = await kept(job, recipes.of_track(job, track), media_type="music_track")
        values = {"media_id": key, "duration_seconds": Decimal(3), "local_file_path": "w/x"}
        await AudioTrack.advance_one({"_id": track.id}, {"$set": {**values, "status": "completed"}})
    for image in images:
        key = await kept(job, recipes.of_image(job, image), media_type="background_image")
        values = {"media_id": key, "local_file_path": "w/x", "status": "completed"}
        await BackgroundImage.advance_one({"_id": image.id}, {"$set": values})
    tracks, images = await service.materials_of(job.id)
    heard, seen = [each.media_id for each in tracks], [each.media_id for each in images]
    values = {
        "status": "ready_for_export",
        "local_video_path": "w/video",
        "media_id": await kept(
            job, recipes.of_video(job, tracks, images), *heard, *seen, media_type="final_video"
        ),
        "thumbnail_media_id": await kept(
            job, recipes.of_thumbnail(images), seen[0], media_type="thumbnail"
        ),
        "description_media_id": await kept(
            job, recipes.of_description(job, "Royal Court", tracks), *heard
        ),
    }
    changed = await VideoJob.advance_one({"_id": job.id}, {"$set": values})
    assert changed is not None
    return changed


async def stale(http: httpx.AsyncClient, world: World, key: Id | None) -> dict[str, str]:
    """Which files are out of date, each with why."""
    media = await Media.one_in(True, key or Id())
    assert media is not None
    found = await asked(http, world.viewer, media, "stale", limit=100)
    return {each["media_id"]: each["reason"] for each in found["data"]}


async def test_an_option_of_the_render_makes_the_film_stale(
    http: httpx.AsyncClient, world: World, parts: Parts, job: VideoJob
) -> None:
    job = await rendered(parts, job)
    tracks, _ = await service.materials_of(job.id)
    track = tracks[2].media_id
    assert await stale(http, world, track) == {}
    path = f"{API}/video-jobs/{job.id}"
    body = {"visualizer": "slow_move"}
    changed = await http.patch(path, json=body, headers=as_(world.editor))
    assert changed.status_code == 200, changed.text
    assert [*await stale(http, world, track)] == [str(job.media_id)]
    refresh = f"{API}/media/{track}/refresh"
    chosen = {"media_ids": [str(job.media_id)]}
    answer = await http.post(refresh, json=chosen, headers=as_(world.editor))
    assert answer.status_code == 202, answer.text
    [pipeline] = answer.json()["pipeline_ids"]
    kinds = {each.kind for each in await Task.all_in(True, {"pipeline_id": Id(pipeline)})}
    assert kinds == {"channels.master", "channels.render"}
    again = await http.post(refresh, json=chosen, headers=as_(world.editor))
    assert codes(again) == (409, "wrong_state")


async def test_another_crossfade_asks_for_longer_tracks(
    http: httpx.AsyncClient, world: World, parts: Parts, job: VideoJob
) -> None:
    job = await rendered(parts, job)
    tracks, _ = await service.materials_of(job.id)
    await VideoJob.advance_one({"_id": job.id}, {"$set": {"crossfade_seconds": 4}})
    first, last = tracks[0].media_id, tracks[-1].media_id
    found = await stale(http, world, first)
    # The last track is not heard into a following one.
    assert found.keys() == {str(first), str(job.media_id), str(job.description_media_id)}
    assert (await stale(http, world, last)).keys() == {str(job.media_id)}
    answer = await http.post(
        f"{API}/media/{first}/refresh",
        json={"media_ids": [str(first)]},
        headers=as_(world.editor),
    )
    assert answer.status_code == 202, answer.text
    takes = [each.take for each in (await service.materials_of(job.id))[0]]
    assert takes == [2] + [1] * 19


async def test_a_new_take_makes_the_film_stale_that_was_made_of_the_one_before(
    http: httpx.AsyncClient, world: World, parts: Parts, job: VideoJob
) -> None:
    job = await rendered(parts, job)
    _, images = await service.materials_of(job.id)
    key = await kept(job, recipes.of_image(job, images[0]), media_type="background_image")
    await BackgroundImage.advance_one({"_id": images[0].id}, {"$set": {"media_id": key}})
    made = {str(job.media_id), str(job.thumbnail_media_id)}
    assert (await stale(http, world, key)).keys() == made
    assert (await stale(http, world, images[0].media_id)).keys() == made
