"""What people do about jobs: prompts, verbs, swaps, and how a video goes out."""

from decimal import Decimal
from typing import Any

import httpx
import pytest

from app.channels import service
from app.core.encryption import Encryption
from app.core.parts import Parts
from documents.channels import AudioTrack, BackgroundImage, Channel, VideoAnalytics, VideoJob
from documents.identity import AuditEntry, User
from documents.production import Pipeline, Task
from documents.publishing import Publication
from tests.app.support import API, World, as_, codes
from tests.factories.channels import begin_short, make_job, short_prompts
from tests.factories.records import valid

HOUR = short_prompts(180).model_dump(mode="json")
RENDERED: dict[str, Any] = {"local_video_path": "w/video"}


async def act(http: httpx.AsyncClient, user: User, job: VideoJob, verb: str) -> httpx.Response:
    return await http.post(f"{API}/video-jobs/{job.id}/{verb}", headers=as_(user))


async def current(job: VideoJob) -> VideoJob:
    found = await VideoJob.one_in(True, job.id)
    assert found is not None
    return found


async def kinds(job: VideoJob) -> list[str]:
    tasks = await Task.all_in(True, {"pipeline_id": (await current(job)).pipeline_id})
    return sorted({task.kind.removeprefix("channels.") for task in tasks})


async def made(job: VideoJob) -> None:
    """As if all tracks and images were there."""
    for model in (AudioTrack, BackgroundImage):
        values = {"status": "completed", "local_file_path": "w/x", "duration_seconds": Decimal(3)}
        await model.collection().update_many({"video_job_id": job.id}, {"$set": values})


async def test_a_job_is_made_with_its_prompts_and_they_are_changed_until_generation(
    http: httpx.AsyncClient, world: World, channel: Channel
) -> None:
    body = {
        "channel_id": str(channel.id),
        "niche_label": "Court",
        "mood_keywords": "serene",
        "target_duration_minutes": 60,
        "prompts_json": HOUR,
    }
    answer = await http.post(f"{API}/video-jobs", json=body, headers=as_(world.editor))
    assert answer.status_code == 201, answer.text
    path = f"{API}/video-jobs/{answer.json()['id']}"
    changed = {
        **HOUR,
        "visual_prompts": [
            {**each, "prompt": f"New {each['order_index']}"} for each in HOUR["visual_prompts"]
        ],
    }
    answer = await http.put(f"{path}/prompts", json={"prompts": changed}, headers=as_(world.editor))
    assert answer.json()["prompts_json"]["visual_prompts"][0]["prompt"] == "New 1"
    answer = await http.post(f"{path}/generate", headers=as_(world.editor))
    assert (answer.status_code, answer.json()["status"]) == (200, "generating_music"), answer.text
    refused = await http.put(f"{path}/prompts", json={"prompts": HOUR}, headers=as_(world.editor))
    assert codes(refused) == (409, "wrong_state")
    refused = await http.patch(path, json={"prompts_json": HOUR}, headers=as_(world.editor))
    assert codes(refused) == (422, "invalid")


async def test_generation_makes_twenty_pairs_and_one_graph(
    http: httpx.AsyncClient, world: World, channel: Channel
) -> None:
    job = await make_job(channel, prompts_json=HOUR)
    assert (await act(http, world.editor, job, "generate")).status_code == 200
    tracks, images = await service.materials_of(job.id)
    assert [each.order_index for each in tracks] == [each.order_index for each in images]
    assert [each.order_index for each in tracks] == [*range(1, 21)]
    assert {each.status for each in (*tracks, *images)} == {"pending"}
    assert sum(each.planned_seconds or 0 for each in tracks) == 3600
    pipeline = await Pipeline.one_in(True, (await current(job)).pipeline_id or job.id)
    tasks = await Task.all_in(True, {"pipeline_id": pipeline and pipeline.id})
    assert pipeline is not None
    assert pipeline.task_count == len(tasks) == 43
    by_kind = {
        kind: [t for t in tasks if t.kind == f"channels.{kind}"] for kind in await kinds(job)
    }
    assert {kind: len(found) for kind, found in by_kind.items()} == {
        "make_track": 20,
        "make_image": 20,
        "finish_music": 1,
        "master": 1,
        "render": 1,
    }
    assert all(task.ready for task in (*by_kind["make_track"], *by_kind["make_image"]))
    assert len(by_kind["master"][0].waiting_for) == 41


async def test_a_job_that_nobody_uploads_by_hand_goes_on_by_itself(
    http: httpx.AsyncClient, world: World, channel: Channel
) -> None:
    job = await make_job(channel, prompts_json=HOUR, upload_strategy="immediate")
    await act(http, world.editor, job, "generate")
    assert {"export", "upload"} <= {*await kinds(job)}


async def test_a_job_without_prompts_is_planned_first(
    http: httpx.AsyncClient, world: World, job: VideoJob
) -> None:
    answer = await act(http, world.editor, job, "generate")
    assert answer.json()["status"] == "planned"
    assert await kinds(job) == ["plan_prompts"]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"music_prompts": HOUR["music_prompts"][:19]}, "19 music prompts"),
        ({"visual_prompts": HOUR["visual_prompts"][1:]}, "19 visual prompts"),
        ({"music_prompts": short_prompts(175).model_dump()["music_prompts"]}, "58.3 minutes"),
    ],
)
async def test_prompts_that_make_no_album_are_refused_at_the_door(
    http: httpx.AsyncClient, world: World, channel: Channel, wrong: dict[str, Any], said: str
) -> None:
    job = await make_job(channel, prompts_json={**HOUR, **wrong})
    refused = await act(http, world.editor, job, "generate")
    assert codes(refused) == (422, "not_complete")
    assert said in refused.json()["detail"]
    assert (await current(job)).status == "planned"
    assert await AudioTrack.collection().count_documents({}) == 0
    assert await Task.collection().count_documents({"kind": {"$regex": "^channels.make"}}) == 0


async def test_two_prompts_with_one_place_are_refused_at_once(
    http: httpx.AsyncClient, world: World, job: VideoJob
) -> None:
    twice = {**HOUR, "music_prompts": [HOUR["music_prompts"][0], *HOUR["music_prompts"][:19]]}
    refused = await http.put(
        f"{API}/video-jobs/{job.id}/prompts", json={"prompts": twice}, headers=as_(world.editor)
    )
    assert codes(refused) == (422, "invalid")


@pytest.mark.parametrize(
    ("status", "verbs"),
    [
        ("planned", {"plan", "generate"}),
        ("generating_music", set()),
        ("generating_image", set()),
        ("rendering", set()),
        ("ready_for_export", {"render", "export", "swap"}),
        ("completed", {"render", "publish", "swap"}),
        ("failed", {"retry", "swap"}),
    ],
)
async def test_each_state_has_its_verbs(
    http: httpx.AsyncClient, world: World, channel: Channel, status: str, verbs: set[str]
) -> None:
    for verb in ("plan", "generate", "retry", "render", "export", "swap", "publish"):
        media_id = world.media.id
        job = await make_job(
            channel, status=status, prompts_json=HOUR, media_id=media_id, **RENDERED
        )
        if status == "failed":
            await VideoJob.advance_one({"_id": job.id}, {"$set": {"failed_step": "rendering"}})
        place = {"video_job_id": job.id, "workspace_id": job.workspace_id, "order_index": 1}
        if status != "planned":
            await valid(AudioTrack, **place).insert()
        body: Any = {"items": [{"kind": "track", "order_index": 1}]} if verb == "swap" else None
        body = {} if verb == "publish" else body
        answer = await http.post(
            f"{API}/video-jobs/{job.id}/{verb}", json=body, headers=as_(world.editor)
        )
        assert (answer.status_code == 200) == (verb in verbs), f"{verb}: {answer.text}"
        if verb not in verbs:
            assert codes(answer) == (409, "wrong_state")
            assert (await current(job)).status == status


async def test_a_status_cannot_be_written(
    http: httpx.AsyncClient, world: World, job: VideoJob
) -> None:
    refused = await http.patch(
        f"{API}/video-jobs/{job.id}", json={"status": "planned"}, headers=as_(world.owner)
    )
    assert codes(refused) == (422, "invalid")


@pytest.mark.parametrize(("who", "status"), [("editor", 200), ("viewer", 404), ("stranger", 404)])
async def test_editors_act(
    http: httpx.AsyncClient, world: World, job: VideoJob, who: str, status: int
) -> None:
    assert (await act(http, getattr(world, who), job, "plan")).status_code == status


async def test_a_swap_makes_a_new_take_and_only_what_follows_from_it(
    http: httpx.AsyncClient, world: World, parts: Parts, channel: Channel
) -> None:
    job = await begin_short(parts.store, await make_job(channel))
    await made(job)
    await VideoJob.advance_one({"_id": job.id}, {"$set": {"status": "completed", **RENDERED}})
    items = [
        {"kind": "track", "order_index": 7},
        {"kind": "image", "order_index": 2, "prompt": "a quieter garden"},
    ]
    answer = await http.post(
        f"{API}/video-jobs/{job.id}/swap", json={"items": items}, headers=as_(world.editor)
    )
    assert (answer.status_code, answer.json()["status"]) == (200, "rendering"), answer.text
    tracks, images = await service.materials_of(job.id)
    assert [each.order_index for each in tracks if each.status == "pending"] == [7]
    assert (tracks[6].take, images[1].take, images[1].prompt_text) == (2, 2, "a quieter garden")
    tasks = await Task.all_in(True, {"pipeline_id": (await current(job)).pipeline_id})
    counted = sorted(task.kind.removeprefix("channels.") for task in tasks)
    assert counted == ["make_image", "make_track", "master", "render"]
    entry = await AuditEntry.first_in(True, {"subject.id": job.id, "action": "change"})
    assert entry is not None


@pytest.mark.parametrize(
    ("items", "refusal"),
    [
        ([{"kind": "track", "order_index": 20}], (422, "no_such_track")),
        ([{"kind": "track", "order_index": 1}] * 2, (422, "no_such_track")),
        ([{"kind": "track", "order_index": 21}], (422, "invalid")),
        ([], (422, "invalid")),
    ],
)
async def test_a_swap_of_what_is_not_there_changes_nothing(
    http: httpx.AsyncClient,
    world: World,
    channel: Channel,
    items: list[dict[str, Any]],
    refusal: tuple[int, str],
) -> None:
    job = await make_job(channel, status="completed", **RENDERED)
    place = {"video_job_id": job.id, "workspace_id": job.workspace_id, "order_index": 1}
    await valid(AudioTrack, **place).insert()
    answer = await http.post(
        f"{API}/video-jobs/{job.id}/swap", json={"items": items}, headers=as_(world.editor)
    )
    assert codes(answer) == refusal
    assert (await current(job)).status == "completed"
    [track] = await AudioTrack.all_in(True, {})
    assert track.take == 1


async def test_a_swap_takes_files_of_the_own_library_only(
    http: httpx.AsyncClient, world: World, channel: Channel
) -> None:
    job = await make_job(channel, status="completed", **RENDERED)
    place = {"video_job_id": job.id, "workspace_id": job.workspace_id, "order_index": 1}
    await valid(AudioTrack, **place).insert()
    item = {"kind": "track", "order_index": 1, "media_id": str(world.media.id)}  # a picture
    answer = await http.post(
        f"{API}/video-jobs/{job.id}/swap", json={"items": [item]}, headers=as_(world.editor)
    )
    assert codes(answer) == (404, "not_found")


async def test_a_retry_asks_only_for_what_is_missing(
    http: httpx.AsyncClient, world: World, parts: Parts, channel: Channel
) -> None:
    job = await begin_short(parts.store, await make_job(channel))
    before = (await current(job)).pipeline_id
    await made(job)
    track = {"video_job_id": job.id, "order_index": 3}
    await AudioTrack.collection().update_one(track, {"$set": {"status": "failed"}})
    failed = {"status": "failed", "failed_step": "generating_music", "error_message": "x"}
    await VideoJob.advance_one({"_id": job.id}, {"$set": failed})
    answer = await act(http, world.editor, job, "retry")
    assert answer.json()["status"] == "generating_music"
    assert await kinds(job) == ["finish_music", "make_track", "master", "render"]
    left = await Task.all_in(True, {"pipeline_id": before})
    assert {task.status for task in left} == {"cancelled"}


async def test_a_video_is_published_once(
    http: httpx.AsyncClient, world: World, channel: Channel
) -> None:
    job = await make_job(channel, status="completed", media_id=world.media.id, **RENDERED)
    path = f"{API}/video-jobs/{job.id}/publish"
    answers = [await http.post(path, json={}, headers=as_(world.editor)) for _ in range(2)]
    assert [each.status_code for each in answers] == [200, 200], answers[0].text
    assert answers[0].json()["id"] == answers[1].json()["id"]
    [publication] = await Publication.all_in(True, {})
    assert (publication.status, publication.publisher) == ("intended", "export")
    assert publication.video_job_id == job.id
    assert await Task.collection().count_documents({"kind": "publishing.publish"}) == 1


async def test_a_scheduled_video_waits_for_its_time(
    http: httpx.AsyncClient, world: World, channel: Channel
) -> None:
    given = {"upload_strategy": "scheduled", "scheduled_time": "2030-01-01T12:00:00Z"}
    job = await make_job(channel, status="completed", media_id=world.media.id, **given, **RENDERED)
    await http.post(f"{API}/video-jobs/{job.id}/publish", json={}, headers=as_(world.editor))
    task = await Task.first_in(True, {"kind": "publishing.publish"})
    assert task is not None
    assert task.run_after.isoformat() == "2030-01-01T12:00:00+00:00"


async def test_snapshots_are_kept_once_a_day(
    http: httpx.AsyncClient, world: World, channel: Channel
) -> None:
    job = await make_job(channel, status="completed", **RENDERED)
    path, headers = f"{API}/video-jobs/{job.id}", as_(world.editor)
    day = f"{path}/analytics/2026-03-04"
    assert codes(await http.put(day, json={"views": 1}, headers=headers)) == (409, "wrong_state")
    answer = await http.put(
        f"{path}/youtube-video", json={"youtube_video_id": "dQw4"}, headers=headers
    )
    assert answer.json()["youtube_video_id"] == "dQw4"
    for views in (10, 25):
        counts = {"views": views, "watch_time_hours": "1.50", "revenue_usd": "-0.02"}
        answer = await http.put(day, json=counts, headers=headers)
        assert answer.status_code == 200, answer.text
    [snapshot] = await VideoAnalytics.all_in(True, {})
    assert (snapshot.views, snapshot.youtube_video_id) == (25, "dQw4")
    assert answer.json()["snapshot_date"] == "2026-03-04"
    assert (answer.json()["watch_time_hours"], answer.json()["revenue_usd"]) == ("1.50", "-0.02")


async def test_a_refresh_token_is_kept_encrypted_and_shown_to_nobody(
    http: httpx.AsyncClient, world: World, parts: Parts, channel: Channel
) -> None:
    path = f"{API}/channels/{channel.id}/youtube-refresh-token"
    answer = await http.put(path, json={"refresh_token": "1//secret"}, headers=as_(world.editor))
    assert answer.status_code == 204, answer.text
    stored = await Channel.one_in(True, channel.id)
    assert stored is not None
    assert stored.youtube_refresh_token is not None
    assert "secret" not in stored.youtube_refresh_token
    assert Encryption.of(parts.settings).decrypt(stored.youtube_refresh_token) == "1//secret"
    shown = await http.get(f"{API}/channels/{channel.id}", headers=as_(world.owner))
    assert "youtube_refresh_token" not in shown.json()
    for entry in await AuditEntry.all_in(True, {}):
        assert "secret" not in str(entry.stored())
        assert stored.youtube_refresh_token not in str(entry.stored())
    assert (await http.delete(path, headers=as_(world.editor))).status_code == 204
    assert (await Channel.one_in(True, channel.id) or stored).youtube_refresh_token is None


async def test_deleting_a_channel_deletes_its_jobs_and_what_they_hold(
    http: httpx.AsyncClient, world: World, parts: Parts, channel: Channel
) -> None:
    await begin_short(parts.store, await make_job(channel))
    answer = await http.delete(f"{API}/channels/{channel.id}", headers=as_(world.owner))
    assert answer.status_code == 204
    for model in (Channel, VideoJob, AudioTrack, BackgroundImage):
        assert await model.collection().count_documents({}) == 0
