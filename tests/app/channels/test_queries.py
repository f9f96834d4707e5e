"""The questions of the specification: their answers, each in one round trip."""

import asyncio
from datetime import timedelta

import httpx
import pytest
from pymongo import AsyncMongoClient
from pymongo.monitoring import (
    CommandFailedEvent,
    CommandListener,
    CommandStartedEvent,
    CommandSucceededEvent,
)

from app.channels import queries
from app.core.parts import Parts
from documents.base import StoredDocument
from documents.channels import AudioTrack, BackgroundImage, Channel, RenderTask, VideoJob
from documents.identity import User
from documents.values import now
from tests.app.channels.conftest import channel_in
from tests.app.support import API, World, as_, codes
from tests.factories.channels import make_job
from tests.factories.records import valid


async def test_channels_come_with_their_numbers_of_jobs(
    http: httpx.AsyncClient, world: World, channel: Channel
) -> None:
    await make_job(channel)
    await make_job(channel, status="completed", local_video_path="w/v")
    await make_job(channel, status="completed", local_video_path="w/v")
    await make_job(channel, status="failed", deleted_at=now())
    idle = await channel_in(world.workspace.id, world.owner.id, name="Idle")
    await channel_in(world.workspace.id, world.owner.id, is_active=False)
    await channel_in(world.elsewhere.id, world.stranger.id)
    answer = await http.get(f"{API}/channels/with-job-counts", headers=as_(world.viewer))
    assert answer.status_code == 200
    rows = answer.json()["data"]
    assert [row["id"] for row in rows] == [str(idle.id), str(channel.id)]
    counted = rows[1]
    assert (counted["total_jobs"], counted["completed_jobs"]) == (3, 2)
    assert counted["jobs_by_status"] == {
        **dict.fromkeys(queries.STATUSES, 0),
        "planned": 1,
        "completed": 2,
    }
    assert rows[0]["total_jobs"] == 0


async def test_a_job_comes_with_its_assets_in_order(
    http: httpx.AsyncClient, world: World, job: VideoJob
) -> None:
    place = {"video_job_id": job.id, "workspace_id": job.workspace_id}
    for number in (3, 1, 2):
        await valid(AudioTrack, **place, order_index=number, sound_print="AAAA").insert()
        await valid(BackgroundImage, **place, order_index=number).insert()
    await valid(RenderTask, **place).insert()
    answer = await http.get(f"{API}/video-jobs/{job.id}/assets", headers=as_(world.viewer))
    found = answer.json()
    assert found["id"] == str(job.id)
    for name in ("audio_tracks", "images"):
        assert [each["order_index"] for each in found[name]] == [1, 2, 3]
    assert "sound_print" not in found["audio_tracks"][0]
    assert len(found["render_tasks"]) == 1
    refused = await http.get(f"{API}/video-jobs/{job.id}/assets", headers=as_(world.stranger))
    assert codes(refused) == (404, "not_found")


async def test_ready_jobs_are_the_oldest_of_active_channels(
    http: httpx.AsyncClient, world: World, channel: Channel
) -> None:
    newer = await make_job(channel)
    older = await make_job(channel, created_at=now() - timedelta(days=1))
    claim = {"until": now() + timedelta(minutes=5)}
    await make_job(channel, claim=claim)
    lapsed = await make_job(channel, claim={"until": now() - timedelta(minutes=5)})
    await make_job(channel, hold={"reason": "paused", "since": now()})
    await make_job(channel, status="rendering")
    resting = await channel_in(world.workspace.id, world.owner.id, is_active=False)
    await make_job(resting)
    answer = await http.get(f"{API}/video-jobs/ready", headers=as_(world.viewer))
    ids = [each["id"] for each in answer.json()["data"]]
    assert ids == [str(older.id), str(newer.id), str(lapsed.id)]
    done = await http.get(
        f"{API}/video-jobs/ready", params={"status": "completed"}, headers=as_(world.viewer)
    )
    assert done.status_code == 422


async def claim(http: httpx.AsyncClient, user: User, **body: object) -> httpx.Response:
    return await http.post(f"{API}/video-jobs/claim-next", json=body, headers=as_(user))


async def test_no_two_workers_get_the_same_job(
    http: httpx.AsyncClient, world: World, channel: Channel
) -> None:
    jobs = [await make_job(channel) for _ in range(5)]
    answers = await asyncio.gather(
        *(claim(http, world.editor, worker=f"w{number}") for number in range(12))
    )
    taken = [each.json()["id"] for each in answers if each.status_code == 200]
    assert sorted(taken) == sorted(str(job.id) for job in jobs)
    assert [each.status_code for each in answers].count(204) == 7
    stored = await VideoJob.all_in(True, {})
    assert all(each.claim and each.claim.by == world.editor.id for each in stored)


@pytest.mark.parametrize("who", ["viewer", "stranger"])
async def test_only_editors_claim(
    http: httpx.AsyncClient, world: World, job: VideoJob, who: str
) -> None:
    assert (await claim(http, getattr(world, who))).status_code == 204
    stored = await VideoJob.one_in(True, job.id)
    assert stored is not None
    assert stored.claim is None


class _Counter(CommandListener):
    """Counts the commands of a client."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def started(self, event: CommandStartedEvent) -> None:
        self.names.append(event.command_name)

    def succeeded(self, event: CommandSucceededEvent) -> None: ...

    def failed(self, event: CommandFailedEvent) -> None: ...


async def test_each_question_is_one_round_trip(parts: Parts, job: VideoJob) -> None:
    counter = _Counter()
    client: AsyncMongoClient[StoredDocument] = AsyncMongoClient(
        parts.settings.mongo_uri, event_listeners=[counter]
    )
    async with client:
        await client.admin.command("ping")
        counter.names.clear()
        database = client[parts.store.database.name]
        assert await queries.channels_with_counts(database["channels"], True, {"is_active": True})
        assert await queries.job_with_assets(database["video_jobs"], True, job.id)
        assert await queries.ready_jobs(database["video_jobs"], True, {"status": "planned"}, 10)
    asked = [name for name in counter.names if name != "endSessions"]
    assert asked == ["aggregate"] * 3
