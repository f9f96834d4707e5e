"""What channels, their jobs and the material of a job promise by their declaration."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from documents.base import Record, Secret, ServerOwned, mark
from documents.channels import (
    AudioTrack,
    BackgroundImage,
    Channel,
    RenderTask,
    VideoAnalytics,
    VideoJob,
)
from documents.schema import indexes
from documents.values import Id
from tests.documents.referred import referred

pytestmark = pytest.mark.usefixtures("mock_store")

MODELS = (Channel, VideoJob, AudioTrack, BackgroundImage, RenderTask, VideoAnalytics)
IN_JOB = {"workspace_id": Id(), "video_job_id": Id()}
PROMPTS = {
    "music_prompts": [
        {"order_index": each, "prompt": "Elegant waltz", "duration_minutes": 3.5}
        for each in range(1, 21)
    ],
    "visual_prompts": [{"order_index": each, "prompt": "Ballroom"} for each in range(1, 21)],
}
VALID: dict[type[Record], dict[str, Any]] = {
    Channel: {
        "workspace_id": Id(),
        "created_by": Id(),
        "name": "Royal Court",
        "brand_niche": "Medieval Fantasy Ambience",
        "youtube_channel_id": "UC1234",
    },
    VideoJob: {
        "workspace_id": Id(),
        "channel_id": Id(),
        "niche_label": "Royal Court Ambience",
        "mood_keywords": "elegant, classical, serene",
        "target_duration_minutes": 60,
        "prompts_json": PROMPTS,
    },
    AudioTrack: {
        **IN_JOB,
        "provider": "mubert",
        "order_index": 1,
        "prompt_text": "Elegant waltz",
        "status": "completed",
        "duration_seconds": "215.25",
        "local_file_path": "w/1",
    },
    BackgroundImage: {
        "workspace_id": Id(),
        "provider": "dummy",
        "prompt_text": "Ballroom",
        "status": "completed",
        "local_file_path": "w/2",
    },
    RenderTask: {
        **IN_JOB,
        "status": "completed",
        "ffmpeg_command": "ffmpeg -i a.wav",
        "local_video_path": "w/3",
        "duration_seconds": "3600.50",
    },
    VideoAnalytics: {
        **IN_JOB,
        "youtube_video_id": "dQw4",
        "watch_time_hours": "12.50",
        "revenue_usd": "-0.02",
        "snapshot_date": "2024-03-01",
    },
}
COLUMNS = {
    Channel: """name youtube_channel_id brand_niche is_active created_at updated_at
        youtube_refresh_token""",
    VideoJob: """channel_id status niche_label mood_keywords target_duration_minutes prompts_json
        local_video_path output_directory error_message created_at updated_at upload_strategy
        scheduled_time youtube_video_id""",
    AudioTrack: """video_job_id provider provider_track_id order_index duration_seconds
        local_file_path license_document_url prompt_text created_at""",
    BackgroundImage: """video_job_id provider provider_image_id order_index local_file_path
        prompt_text created_at""",
    RenderTask: """video_job_id ffmpeg_command local_video_path resolution duration_seconds status
        error_message created_at completed_at""",
    VideoAnalytics: """video_job_id youtube_video_id views watch_time_hours revenue_usd
        snapshot_date created_at""",
}
WORKSPACE = ("workspace_id", "workspaces", "restrict")
JOB = ("video_job_id", "video_jobs", "cascade")
FILE = ("media_id", "media", "clear")
REFERENCES = {
    Channel: {WORKSPACE, ("created_by", "users", "restrict")},
    VideoJob: {
        WORKSPACE,
        ("channel_id", "channels", "cascade"),
        ("pipeline_id", "pipelines", "clear"),
        ("claim.by", "users", "clear"),
        ("thumbnail_media_id", "media", "clear"),
        ("description_media_id", "media", "clear"),
        FILE,
        ("hold.by", "users", "clear"),
        ("hold.budget_id", "budgets", "clear"),
    },
    AudioTrack: {WORKSPACE, JOB, FILE, ("license_media_id", "media", "clear")},
    BackgroundImage: {WORKSPACE, ("created_by", "users", "clear"), JOB, FILE},
    RenderTask: {WORKSPACE, JOB, FILE},
    VideoAnalytics: {WORKSPACE, JOB},
}


def made(model: type[Record], **changes: Any) -> Any:
    return model.model_validate({**VALID[model], **changes})


@pytest.mark.parametrize("model", MODELS)
def test_holds_every_column_of_the_specification(model: type[Record]) -> None:
    assert set(COLUMNS[model].split()) <= made(model).stored().keys()


@pytest.mark.parametrize("model", MODELS)
def test_declares_its_references(model: type[Record]) -> None:
    assert referred(model) == REFERENCES[model]


@pytest.mark.parametrize(
    ("model", "keys"),
    [
        (Channel, ("is_active",)),
        (Channel, ("created_at",)),
        (Channel, ("youtube_channel_id",)),
        (VideoJob, ("channel_id",)),
        (VideoJob, ("status",)),
        (VideoJob, ("created_at",)),
        (VideoJob, ("prompts_json.$**",)),
        (AudioTrack, ("video_job_id", "order_index")),
        (BackgroundImage, ("video_job_id", "order_index")),
        (RenderTask, ("video_job_id",)),
        (RenderTask, ("status",)),
        (RenderTask, ("created_at",)),
        (VideoAnalytics, ("video_job_id", "snapshot_date")),
    ],
)
def test_has_the_indexes_of_the_specification(model: type[Record], keys: tuple[str, ...]) -> None:
    declared = [tuple(each.document["key"]) for each in indexes(model)]
    wanted = (keys, ("workspace_id", *keys))
    assert any(each[: len(start)] == start for each in declared for start in wanted)


@pytest.mark.parametrize(
    ("model", "keys"),
    [
        (Channel, ("workspace_id", "youtube_channel_id")),
        (AudioTrack, ("workspace_id", "video_job_id", "order_index")),
        (BackgroundImage, ("workspace_id", "video_job_id", "order_index")),
        (VideoAnalytics, ("workspace_id", "video_job_id", "snapshot_date")),
    ],
)
def test_has_the_unique_keys_of_the_specification(
    model: type[Record], keys: tuple[str, ...]
) -> None:
    unique = [tuple(each.document["key"]) for each in indexes(model) if each.document.get("unique")]
    assert keys in unique


def test_what_is_new_has_the_defaults_of_the_specification() -> None:
    channel, job = made(Channel, youtube_channel_id=None), made(VideoJob)
    assert (channel.is_active, channel.youtube_channel_id) == (True, None)
    assert (job.status, job.upload_strategy) == ("planned", "manual")
    assert job.output_directory == f"{job.workspace_id}/video_jobs/{job.id}/"
    task = RenderTask(**IN_JOB)
    assert (task.status, task.resolution) == ("pending", "1920x1080")
    assert VideoAnalytics(**IN_JOB, youtube_video_id="a", snapshot_date=date(2024, 3, 1)).views == 0


@pytest.mark.parametrize(
    ("model", "changes"),
    [
        (Channel, {"name": ""}),
        (Channel, {"brand_niche": "x" * 256}),
        (Channel, {"youtube_channel_id": ""}),
        (Channel, {"youtube_channel_id": "x" * 101}),
        (VideoJob, {"target_duration_minutes": 59}),
        (VideoJob, {"target_duration_minutes": 91}),
        (VideoJob, {"status": "done"}),
        (VideoJob, {"status": "ready_for_export"}),
        (VideoJob, {"status": "completed"}),
        (VideoJob, {"mood_keywords": ""}),
        (VideoJob, {"niche_label": None}),
        (VideoJob, {"output_directory": ""}),
        (VideoJob, {"upload_strategy": "later"}),
        (VideoJob, {"upload_strategy": "scheduled"}),
        (VideoJob, {"prompts_json": {"music_prompts": PROMPTS["music_prompts"] * 2}}),
        (VideoJob, {"prompts_json": {"visual_prompts": [{"order_index": 1, "prompt": "a"}] * 2}}),
        (VideoJob, {"prompts_json": {"visual_prompts": [{"order_index": 21, "prompt": "a"}]}}),
        (AudioTrack, {"order_index": 0}),
        (AudioTrack, {"order_index": 21}),
        (AudioTrack, {"provider": "local"}),
        (AudioTrack, {"duration_seconds": "0"}),
        (AudioTrack, {"duration_seconds": "10000.00"}),
        (AudioTrack, {"duration_seconds": "1.005"}),
        (AudioTrack, {"duration_seconds": None}),
        (AudioTrack, {"local_file_path": None}),
        (AudioTrack, {"prompt_text": None}),
        (BackgroundImage, {"order_index": 0}),
        (BackgroundImage, {"order_index": 21}),
        (BackgroundImage, {"provider": "mubert"}),
        (BackgroundImage, {"local_file_path": None}),
        (RenderTask, {"status": "queued"}),
        (RenderTask, {"resolution": "full"}),
        (RenderTask, {"resolution": None}),
        (RenderTask, {"ffmpeg_command": None}),
        (RenderTask, {"duration_seconds": "100000000.00"}),
        (VideoAnalytics, {"views": -1}),
        (VideoAnalytics, {"youtube_video_id": None}),
        (VideoAnalytics, {"snapshot_date": None}),
        (VideoAnalytics, {"snapshot_date": "yesterday"}),
    ],
)
def test_refuses(model: type[Record], changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        made(model, **changes)


@pytest.mark.parametrize("minutes", [60, 90])
def test_a_video_lasts_from_60_to_90_minutes(minutes: int) -> None:
    assert made(VideoJob, target_duration_minutes=minutes).target_duration_minutes == minutes


@pytest.mark.parametrize("order_index", [1, 20])
@pytest.mark.parametrize("model", [AudioTrack, BackgroundImage])
def test_places_go_from_1_to_20(model: type[Record], order_index: int) -> None:
    assert made(model, order_index=order_index).order_index == order_index


@pytest.mark.parametrize("status", ["pending", "generating", "failed"])
def test_material_without_a_file_is_unfinished(status: str) -> None:
    track = made(AudioTrack, status=status, duration_seconds=None, local_file_path=None)
    image = made(BackgroundImage, status=status, local_file_path=None)
    assert track.status == image.status == status


def test_a_scheduled_upload_has_its_time() -> None:
    job = made(VideoJob, upload_strategy="scheduled", scheduled_time="2024-03-01T12:00:00Z")
    assert job.scheduled_time is not None


def test_an_image_may_stand_alone() -> None:
    image = made(BackgroundImage)
    assert (image.video_job_id, image.order_index) == (None, None)


def test_a_refresh_token_is_secret_and_the_servers() -> None:
    info = Channel.model_fields["youtube_refresh_token"]
    assert mark(info, Secret)
    assert mark(info, ServerOwned)


def test_amounts_keep_their_places() -> None:
    analytics = made(VideoAnalytics)
    assert analytics.revenue_usd == Decimal("-0.02")
    assert analytics.model_dump(mode="json")["watch_time_hours"] == "12.50"
    assert analytics.model_dump(mode="json")["snapshot_date"] == "2024-03-01"
