"""What goes wrong: a clear state and reason, nothing half-done, and a retry that goes on."""

import asyncio
import base64
import errno
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pymongo.asynchronous.client_session import AsyncClientSession

from app.channels import deeds, service
from app.core.deletion import delete
from app.production import holds, tasks
from documents.channels import (
    AudioTrack,
    BackgroundImage,
    Channel,
    RenderTask,
    TrackCheck,
    VideoJob,
)
from documents.ledger import GenerationCost
from documents.library import Media
from documents.production import Task
from documents.store import Store
from tests.workers.conftest import Working, until
from tests.workers.jobs.channels.conftest import (
    Composer,
    Painter,
    Renders,
    comes_to,
    now_,
    resume,
    stored,
)
from workers.jobs.channels import rendering
from workers.providers.image import ImageRequest
from workers.providers.music import MusicRequest
from workers.render.errors import RenderError
from workers.runtime.context import Resources


async def retried(store: Store, job: VideoJob) -> VideoJob:
    before = await now_(job)

    async def together(session: AsyncClientSession) -> VideoJob:
        return await service.retry(await now_(job), None, session)

    after = await store.in_transaction(together)
    await service.abandon(before, after)
    return after


async def swapped(store: Store, job: VideoJob, *swaps: service.Swap) -> VideoJob:
    async def together(session: AsyncClientSession) -> VideoJob:
        return await service.swap(await now_(job), swaps, None, session)

    return await store.in_transaction(together)


async def without_retries() -> None:
    """A render that fails has failed."""
    renders = {"kind": "channels.render"}
    await Task.collection().update_many(renders, {"$set": {"max_retries": 0}})


async def remake(job: VideoJob, model: type[Any], place: int) -> None:
    """Let one track or image be made anew."""
    query = {"video_job_id": job.id, "order_index": place}
    await model.collection().update_one(query, {"$set": {"status": "pending"}})


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("silent", "Track 7: It is silent."),
        ("clipped", "Track 7: It is cut off at full scale"),
        ("short", "Track 7: It lasts 2.4 seconds and should last 3.4."),
    ],
)
async def test_a_bad_track_stops_the_job_and_a_swap_lets_it_go_on(
    made: VideoJob,
    renders: Renders,
    composer: Composer,
    working: Working,
    resources: Resources,
    fault: str,
    said: str,
) -> None:
    composer.faults = {"number 7 ": fault}
    await remake(made, AudioTrack, 7)
    await resume(resources, made)
    async with working():
        failed = await comes_to(made, "failed")
        assert failed.error_message is not None
        assert said in failed.error_message
        assert failed.failed_step == "generating_image"
        assert renders.timelines == []
        composer.faults = {}
        await swapped(resources.store, made, service.Swap("track", 7))
        assert (await comes_to(made, "ready_for_export")).error_message is None
    assert len(composer.composed) == 2
    tracks, _ = await service.materials_of(made.id)
    assert [each.take for each in tracks if each.take != 1] == [2]


async def test_a_track_that_is_nearly_another_one_is_named(
    made: VideoJob, renders: Renders, working: Working, resources: Resources
) -> None:
    words = np.random.default_rng(3).integers(0, 2**32, 400, dtype=np.uint32)
    text = base64.b64encode(words.tobytes()).decode()
    query = {"video_job_id": made.id, "order_index": {"$in": [4, 9]}}
    values = {"check": TrackCheck().model_dump(), "sound_print": text}
    await AudioTrack.collection().update_many(query, {"$set": values})
    async with working():
        failed = await comes_to(made, "failed")
    assert failed.error_message is not None
    assert "Track 9: It is nearly the same as 4." in failed.error_message
    tracks, _ = await service.materials_of(made.id)
    assert [each.order_index for each in tracks if each.check and each.check.twin_of] == [9]


async def test_a_provider_that_is_not_set_up_says_so(
    made: VideoJob, renders: Renders, working: Working, resources: Resources
) -> None:
    await remake(made, AudioTrack, 2)
    query = {"video_job_id": made.id, "order_index": 2}
    await AudioTrack.collection().update_one(query, {"$set": {"provider": "mubert"}})
    await resume(resources, made)
    async with working():
        failed = await comes_to(made, "failed")
    wanted = "Mubert is not set up: set BACKLOT_MUBERT_COMPANY_ID and BACKLOT_MUBERT_LICENSE_TOKEN"
    assert failed.error_message is not None
    assert failed.error_message.startswith(wanted)
    track = await AudioTrack.first_in(True, query)
    assert track is not None
    assert (track.status, track.error_message) == ("failed", failed.error_message)
    assert await GenerationCost.collection().count_documents({}) == 0


@pytest.mark.parametrize(
    ("kind", "content", "said"),
    [
        ("audio", b"RIFF0000WAVEfmt not really", "track-05"),
        ("image", b"\x89PNG\r\n\x1a\n broken", "image-05"),
    ],
)
async def test_a_corrupt_file_of_the_library_is_no_track_and_no_image(
    made: VideoJob,
    renders: Renders,
    working: Working,
    resources: Resources,
    tmp_path: Path,
    kind: str,
    content: bytes,
    said: str,
) -> None:
    path = tmp_path / "corrupt.bin"
    path.write_bytes(content)
    media = await stored(resources, made, path, kind=kind)
    await VideoJob.advance_one(
        {"_id": made.id}, {"$set": {"status": "failed", "failed_step": "generating_image"}}
    )
    wanted = service.Swap("track" if kind == "audio" else "image", 5, media_id=media.id)
    await swapped(resources.store, made, wanted)
    async with working():
        failed = await comes_to(made, "failed")
    assert failed.error_message is not None
    assert said in failed.error_message
    model = AudioTrack if kind == "audio" else BackgroundImage
    material = await model.first_in(True, {"video_job_id": made.id, "order_index": 5})
    assert material is not None
    assert (material.status, material.error_message) == ("failed", failed.error_message)


async def test_files_of_the_library_take_the_places_of_a_track_and_an_image(
    made: VideoJob, renders: Renders, working: Working, resources: Resources, tmp_path: Path
) -> None:
    sound, picture = tmp_path / "mine.wav", tmp_path / "mine.png"
    await Composer().compose(MusicRequest(seconds=3.4, prompt="", seed=99), sound)
    await Painter().draw(ImageRequest(prompt="", seed=99), picture)
    mine = [
        await stored(resources, made, sound, kind="audio"),
        await stored(resources, made, picture, kind="image"),
    ]
    async with working():
        await comes_to(made, "ready_for_export")
        await swapped(
            resources.store,
            made,
            service.Swap("track", 5, media_id=mine[0].id),
            service.Swap("image", 5, media_id=mine[1].id),
        )
        await comes_to(made, "rendering")
        await comes_to(made, "ready_for_export")
    tracks, images = await service.materials_of(made.id)
    for taken, media in ((tracks[4], mine[0]), (images[4], mine[1])):
        assert taken.local_file_path == f"{made.output_directory}{media.sha256}"
    await delete(resources.store, Channel, made.channel_id)
    left = {each.id for each in await Media.all_in(True, {})}
    assert left == {each.id for each in mine}


@pytest.mark.parametrize(
    ("mode", "size", "said"),
    [
        ("RGB", (1, 1), "Image 3: It has 1x1 pixels"),
        ("1", (20_000, 5_000), "has more than 64 million pixels; scale it down"),
        ("CMYK", (1280, 720), None),
    ],
    ids=["a pixel", "100 million pixels", "CMYK"],
)
async def test_odd_pictures_of_the_library_are_taken_or_refused(
    made: VideoJob,
    renders: Renders,
    working: Working,
    resources: Resources,
    tmp_path: Path,
    mode: str,
    size: tuple[int, int],
    said: str | None,
) -> None:
    path = tmp_path / ("odd.jpg" if mode == "CMYK" else "odd.png")
    Image.new(mode, size).save(path)
    media = await stored(resources, made, path, kind="image")
    async with working():
        await comes_to(made, "ready_for_export")
        await swapped(resources.store, made, service.Swap("image", 3, media_id=media.id))
        await comes_to(made, "rendering")
        job = await comes_to(made, "failed", "ready_for_export")
    if said is None:
        assert job.error_message is None
        return
    assert job.error_message is not None
    assert said in job.error_message
    assert job.failed_step == "rendering"


async def test_nineteen_tracks_are_not_rendered(
    made: VideoJob, renders: Renders, working: Working
) -> None:
    await AudioTrack.collection().delete_one({"video_job_id": made.id, "order_index": 20})
    async with working():
        failed = await comes_to(made, "failed")
    assert failed.error_message == "There are 19 tracks and not 20: 20 is missing."
    assert renders.timelines == []


@pytest.mark.parametrize(
    ("failure", "said"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "The disk is full"),
        (RenderError("ffmpeg failed: it was ended from outside."), "ended from outside"),
    ],
)
async def test_a_render_that_fails_for_good_leaves_nothing_and_is_tried_again(
    made: VideoJob,
    renders: Renders,
    working: Working,
    resources: Resources,
    failure: Exception,
    said: str,
) -> None:
    await without_retries()
    renders.failures = [failure]
    async with working():
        failed = await comes_to(made, "failed")
        assert (failed.failed_step, failed.media_id, failed.local_video_path) == (
            "rendering",
            None,
            None,
        )
        assert failed.error_message is not None
        assert said in failed.error_message
        [record] = await RenderTask.all_in(True, {"video_job_id": made.id})
        assert record.status == "failed"
        assert record.error_message is not None
        query = {"video_job_id": made.id, "media_type": "final_video"}
        assert await Media.collection().count_documents(query) == 0
        await retried(resources.store, made)
        assert (await comes_to(made, "ready_for_export")).error_message is None
    records = await RenderTask.all_in(True, {"video_job_id": made.id}, sort=[("_id", 1)])
    assert [each.status for each in records] == ["failed", "completed"]
    assert records[1].ffmpeg_command == "ffmpeg -i one\nffmpeg -i two"


async def test_a_killed_ffmpeg_is_started_again_by_itself(
    made: VideoJob, renders: Renders, working: Working
) -> None:
    renders.failures = [RenderError("ffmpeg failed: it was ended from outside.")]
    async with working():
        assert (await comes_to(made, "ready_for_export", "failed")).status == "ready_for_export"
    assert len(renders.timelines) == 2


async def test_a_step_retried_in_the_failure_desk_takes_its_job_along(
    made: VideoJob, renders: Renders, working: Working, resources: Resources
) -> None:
    await without_retries()
    renders.failures = [RenderError("ffmpeg failed: it was ended from outside.")]
    async with working():
        failed = await comes_to(made, "failed")
        assert await tasks.retry(True, {"pipeline_id": failed.pipeline_id}) == 1
        await resources.wakeups.wake()
        assert (await comes_to(made, "ready_for_export")).error_message is None


async def test_a_channel_deleted_in_the_middle_of_a_render_leaves_nothing(
    made: VideoJob, renders: Renders, working: Working, resources: Resources
) -> None:
    renders.waiting = asyncio.Event()
    async with working():
        await asyncio.wait_for(renders.begun.wait(), 60)
        await delete(resources.store, Channel, made.channel_id)

        ended = {"kind": "channels.render", "status": "failed"}

        async def over() -> bool:
            return await Task.first_in(True, ended) is not None

        await until(over, 60)
    task = await Task.first_in(True, ended)
    assert task is not None
    assert task.error is not None
    assert task.error.code == "subject_gone"
    for model in (VideoJob, AudioTrack, BackgroundImage, RenderTask, Media):
        assert await model.collection().count_documents({}) == 0


async def test_a_job_deleted_while_its_file_was_taken_in_loses_the_file(
    made: VideoJob, renders: Renders, working: Working, resources: Resources
) -> None:
    """The very last moment: the files are in the store, their records are not written yet."""
    prefix = str(made.workspace_id)

    async def files() -> int:
        return len([each async for each in resources.storage.list(prefix)])

    taken_in = rendering._taken_in

    async def deleted_meanwhile(*given: Any) -> list[Media]:
        media = await taken_in(*given)
        await VideoJob.collection().delete_one({"_id": made.id})
        return media

    before = await files()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rendering, "_taken_in", deleted_meanwhile)
        async with working():

            async def removed() -> bool:
                query = {"kind": "maintenance.remove_objects", "status": "completed"}
                return await Task.collection().count_documents(query) > 0

            await until(removed, 60)
    assert await files() <= before + 6  # small pictures of the film, whose records nobody has
    assert await Media.collection().count_documents({"media_type": "final_video"}) == 0


async def test_a_cancelled_step_fails_the_job_within_a_watch(
    made: VideoJob, renders: Renders, working: Working, resources: Resources
) -> None:
    renders.waiting = asyncio.Event()
    async with working():
        await asyncio.wait_for(renders.begun.wait(), 60)
        await tasks.cancel(True, {"pipeline_id": made.pipeline_id})

        async def ended() -> bool:
            return await Task.first_in(True, {"status": "cancelled"}) is not None

        await until(ended, 60)
        await deeds.watch_jobs()
        await resources.wakeups.wake()
        failed = await comes_to(made, "failed")
        assert failed.error_message == "A step was cancelled: retry the job to go on."
        assert failed.failed_step == "rendering"
        renders.waiting = None
        await retried(resources.store, made)
        await comes_to(made, "ready_for_export")


async def test_a_pause_is_shown_at_the_job(
    made: VideoJob, renders: Renders, working: Working, resources: Resources
) -> None:
    await holds.hold_pipeline(True, made.pipeline_id or made.id, None)
    async with working():
        await deeds.watch_jobs()
        await resources.wakeups.wake()

        async def shown() -> bool:
            hold = (await now_(made)).hold
            return hold is not None and hold.reason == "paused"

        await until(shown, 60)
