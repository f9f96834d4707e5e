"""A video of a channel from its prompts to its export, and what a late swap leaves alone."""

from pathlib import Path

import av
import pytest
from pymongo.asynchronous.client_session import AsyncClientSession

from app.channels import outgoing, service
from app.channels.freshness import ChannelMaker
from app.core.deletion import delete
from documents.channels import Channel, RenderTask, VideoJob
from documents.library import Media
from documents.production import PromptExecution
from documents.publishing import Publication
from documents.values import Id
from tests.workers.conftest import Working, until
from tests.workers.jobs.channels.conftest import Composer, Renders, comes_to, now_, resume
from workers.publishers.export import folder_of
from workers.render.probe import probe
from workers.render.timeline import Bars, Still
from workers.runtime.context import Resources


@pytest.mark.slow
async def test_a_video_from_its_prompts_to_its_export(
    job: VideoJob, working: Working, resources: Resources, composer: Composer, tmp_path: Path
) -> None:
    async with working():
        done = await comes_to(job, "ready_for_export", "failed")
        assert done.error_message is None
        await _everything_is_described(done)
        await _files_say_what_they_were_made_of(done)
        await _the_file_is_as_planned(done, resources, tmp_path)
        await _all_files_lie_in_its_directory(done, resources)
        await _a_swap_renders_only_what_changed(done, resources, composer)


async def _everything_is_described(done: VideoJob) -> None:
    tracks, images = await service.materials_of(done.id)
    assert [each.order_index for each in tracks] == [each.order_index for each in images]
    assert {each.status for each in (*tracks, *images)} == {"completed"}
    assert all(each.check and not each.check.problems for each in (*tracks, *images))
    assert all(each.license_media_id and each.sound_print for each in tracks)
    assert [float(each.duration_seconds or 0) for each in tracks] == [3.4] * 19 + [3.0]
    assert "0:57 Piece 20" in done.description
    executions = await PromptExecution.all_in(True, {"subject.id": done.id})
    assert len(executions) == 40
    assert {each.status for each in executions} == {"success"}


async def _files_say_what_they_were_made_of(done: VideoJob) -> None:
    tracks, images = await service.materials_of(done.id)
    media = {each.id: each for each in await Media.all_in(True, {"video_job_id": done.id})}
    made = {key: each.generation_metadata for key, each in media.items()}
    film, thumbnail = made[done.media_id or Id()], made[done.thumbnail_media_id or Id()]
    assert film is not None
    assert thumbnail is not None
    assert film.input_ids == [each.media_id for each in (*tracks, *images)]
    assert thumbnail.input_ids == [images[0].media_id]
    licence = made[tracks[4].license_media_id or Id()]
    assert licence is not None
    assert licence.input_ids == [tracks[4].media_id]
    verdicts = await ChannelMaker().verdicts([*media.values()])
    assert len(verdicts) == 43
    assert {each.reason for each in verdicts.values()} == {None}


async def _the_file_is_as_planned(done: VideoJob, resources: Resources, folder: Path) -> None:
    video = folder / "video.mp4"
    media = await Media.one_in(True, done.media_id or Id())
    assert media is not None
    await resources.storage.get_file(media.storage_key, video)
    facts = await probe(video)
    assert (facts.width, facts.height, facts.codec) == (1920, 1080, "h264")
    assert facts.duration == pytest.approx(60, abs=0.04)
    with av.open(str(video)) as container:
        titles = [chapter["metadata"]["title"] for chapter in container.chapters()]
    assert titles == [f"Piece {place}" for place in range(1, 21)]
    [record] = await RenderTask.all_in(True, {"video_job_id": done.id})
    assert (record.status, record.resolution) == ("completed", "1920x1080")
    assert record.ffmpeg_command
    assert "libx264" in record.ffmpeg_command
    assert record.duration_seconds == 60
    assert record.completed_at
    thumbnail = await Media.one_in(True, done.thumbnail_media_id or Id())
    assert thumbnail is not None
    assert (thumbnail.width, thumbnail.height) == (1280, 720)


async def _all_files_lie_in_its_directory(done: VideoJob, resources: Resources) -> None:
    media = await Media.all_in(True, {"video_job_id": done.id})
    keys = {each.storage_key for each in media}
    assert keys == {head.key async for head in resources.storage.list(done.output_directory)}
    assert len(keys) == 20 + 20 + 20 + 3  # tracks, licences, images; video, thumbnail, description
    tracks, images = await service.materials_of(done.id)
    paths = {each.local_file_path for each in (*tracks, *images)} | {done.local_video_path}
    assert paths < keys


async def _a_swap_renders_only_what_changed(
    done: VideoJob, resources: Resources, composer: Composer
) -> None:
    composed = len(composer.composed)

    async def swap(session: AsyncClientSession) -> VideoJob:
        wanted = [service.Swap("track", 7), service.Swap("image", 7)]
        return await service.swap(await now_(done), wanted, None, session)

    await resources.store.in_transaction(swap)
    again = await comes_to(done, "ready_for_export", "failed")
    assert again.error_message is None
    assert len(composer.composed) == composed + 1
    assert again.media_id != done.media_id
    first, second = await RenderTask.all_in(True, {"video_job_id": done.id}, sort=[("_id", 1)])
    assert second.report["encoded"] < first.report["encoded"] / 2
    assert second.report["reused"] > second.report["encoded"]


async def test_a_rendered_job_goes_out_once(
    made: VideoJob, renders: Renders, working: Working, resources: Resources, tmp_path: Path
) -> None:
    async def export(session: AsyncClientSession) -> VideoJob:
        return await service.export(await now_(made), None, session)

    async def publish(session: AsyncClientSession) -> Publication:
        return await outgoing.publish(await now_(made), await _author(made), session)

    async with working(exports=tmp_path):
        await comes_to(made, "ready_for_export")
        await resources.store.in_transaction(export)
        await comes_to(made, "completed")
        publication = await resources.store.in_transaction(publish)
        await until(_published, 60)
    folder = folder_of(resources.settings.model_copy(update={"exports": tmp_path}), publication)
    names = sorted(each.name for each in folder.iterdir())
    assert names == ["description.txt", "licences", "post.json", "thumbnail.jpg", "video.mp4"]
    assert len([*(folder / "licences").iterdir()]) == 20
    assert "0:57 Piece 20" in (folder / "description.txt").read_text()
    assert [each.name for each in folder.parent.iterdir()] == [folder.name]
    assert (await resources.store.in_transaction(publish)).status == "published"


async def test_a_video_is_as_the_options_of_its_job_say(
    made: VideoJob, renders: Renders, working: Working, resources: Resources
) -> None:
    async def again(session: AsyncClientSession) -> VideoJob:
        options = {"visualizer": "bars", "resolution": "3840x2160", "crossfade_seconds": 0.0}
        await VideoJob.advance_one({"_id": made.id}, {"$set": options}, session)
        return await service.render(await now_(made), None, session)

    async with working():
        await comes_to(made, "ready_for_export")
        await resources.store.in_transaction(again)
        await comes_to(made, "rendering")
        await comes_to(made, "ready_for_export")
    plain, rich = renders.timelines
    assert (plain.bars, plain.format.resolution) == (None, "1920x1080")
    assert (rich.bars, rich.format.resolution) == (Bars(), "3840x2160")
    blends = [[shot.transition.seconds for shot in each.shots] for each in (plain, rich)]
    assert blends == [[0, *[0.4] * 19], [0] * 20]
    assert not any(shot.motion.moves for shot in rich.shots if isinstance(shot, Still))


async def test_a_job_for_immediate_upload_goes_out_by_itself(
    planned: VideoJob,
    made: VideoJob,
    renders: Renders,
    working: Working,
    resources: Resources,
    tmp_path: Path,
) -> None:
    await VideoJob.advance_one({"_id": made.id}, {"$set": {"upload_strategy": "immediate"}})
    await resume(resources, await now_(made))
    async with working(exports=tmp_path):
        await comes_to(made, "completed")
        await until(_published, 60)


async def test_deleting_a_channel_removes_the_files_of_its_jobs(
    made: VideoJob, renders: Renders, working: Working, resources: Resources
) -> None:
    async with working():
        await comes_to(made, "ready_for_export")
        keys = {each.storage_key for each in await Media.all_in(True, {"video_job_id": made.id})}
        assert len(keys) == 5
        await delete(resources.store, Channel, made.channel_id)
        assert await Media.collection().count_documents({"video_job_id": made.id}) == 0

        async def gone() -> bool:
            return not any([await resources.storage.exists(key) for key in keys])

        await until(gone, 60)


async def _published() -> bool:
    return await Publication.first_in(True, {"status": "published"}) is not None


async def _author(job: VideoJob) -> Id:
    channel = await Channel.one_in(True, job.channel_id)
    assert channel is not None
    return channel.created_by
