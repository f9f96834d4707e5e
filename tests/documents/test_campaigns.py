"""What campaigns, videos and stories promise by their declaration."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from documents.base import Record, ServerOwned, mark
from documents.campaigns import (
    MAX_INDEX,
    MAX_ITEMS,
    MODE_OF_CAMPAIGN,
    Story,
    StoryCampaign,
    Video,
    VideoCampaign,
)
from documents.references import references
from documents.schema import indexes
from documents.values import Id
from tests.documents.referred import referred

pytestmark = pytest.mark.usefixtures("mock_store")

MODELS = (VideoCampaign, StoryCampaign, Video, Story)
OWNED = {"workspace_id": Id(), "created_by": Id()}
VALID: dict[type[Record], dict[str, Any]] = {
    VideoCampaign: {
        **OWNED,
        "name": "Morning habits",
        "video_mode": "narrative",
        "video_ideas": [{"idea": "5 Morning Habits for Success", "index": 0}],
        "item_statuses": {
            "0": {"status": "completed", "video_id": Id(), "completed_at": "2024-01-15T10:30:00Z"}
        },
        "item_schedules": {
            "0": {"scheduled_date": "2024-01-20T09:00:00Z", "platforms": ["youtube", "tiktok"]}
        },
        "campaign_settings": {"duration": 60, "aspect_ratio": "16:9", "fog": {"density": 3}},
    },
    StoryCampaign: {
        **OWNED,
        "name": "Before and after",
        "template": "problem-solution",
        "story_topics": [{"topic": "A tidy desk", "index": 4}],
        "campaign_settings": {"pacing": "medium", "text_overlay_enabled": True},
    },
    Video: {**OWNED, "title": "Habits", "mode": "vlog", "step1_data": {"concept": "calm"}},
    Story: {
        **OWNED,
        "project_name": "A tidy desk",
        "story_mode": "tease-reveal",
        "published_platforms": {"tiktok": {"status": "published", "note": "kept"}},
    },
}
COLUMNS = {
    VideoCampaign: """workspace_id created_by name status video_ideas item_statuses item_schedules
        generated_video_ids video_mode campaign_settings automation_mode schedule_start_date
        schedule_end_date preferred_publish_hours max_videos_per_day selected_platforms created_at
        updated_at""",
    StoryCampaign: """workspace_id created_by name status story_topics item_statuses item_schedules
        generated_story_ids template campaign_settings automation_mode schedule_start_date
        schedule_end_date preferred_publish_hours max_stories_per_day selected_platforms created_at
        updated_at""",
    Video: """workspace_id title mode status step1_data step2_data step3_data step4_data step5_data
        step6_data step7_data export_url thumbnail_url""",
    Story: """created_by workspace_id project_name project_folder story_mode video_url thumbnail_url
        duration aspect_ratio published_platforms""",
}
TENANT = {("workspace_id", "workspaces", "restrict"), ("created_by", "users", "restrict")}
FILES = {("media_id", "media", "clear"), ("thumbnail_media_id", "media", "clear")}
REFERENCES = {
    VideoCampaign: {
        *TENANT,
        ("hold.by", "users", "clear"),
        ("hold.budget_id", "budgets", "clear"),
        ("item_statuses.video_id", "videos", "clear"),
        ("generated_video_ids", "videos", "clear"),
    },
    StoryCampaign: {
        *TENANT,
        ("hold.by", "users", "clear"),
        ("hold.budget_id", "budgets", "clear"),
        ("item_statuses.story_id", "stories", "clear"),
        ("generated_story_ids", "stories", "clear"),
    },
    Video: {*TENANT, *FILES},
    Story: {*TENANT, *FILES},
}


def made(model: type[Record], **changes: Any) -> Any:
    return model.model_validate({**VALID[model], **changes})


@pytest.mark.parametrize("model", MODELS)
def test_holds_every_column_of_the_specification(model: type[Record]) -> None:
    assert set(COLUMNS[model].split()) <= made(model).stored().keys()


@pytest.mark.parametrize("model", MODELS)
def test_declares_its_references(model: type[Record]) -> None:
    assert referred(model) == REFERENCES[model]


@pytest.mark.parametrize("model", [VideoCampaign, StoryCampaign])
@pytest.mark.parametrize(
    "keys", [("created_by",), ("workspace_id",), ("status",), ("next_due_at",)]
)
def test_has_the_indexes_of_the_specification(model: type[Record], keys: tuple[str, ...]) -> None:
    declared = [tuple(each.document["key"]) for each in indexes(model)]
    assert any(each[: len(keys)] == keys for each in declared)


def test_a_new_campaign_has_the_defaults_of_the_specification() -> None:
    campaign = VideoCampaign(name="New", video_mode="ambient_visual", **OWNED)
    assert (campaign.status, campaign.automation_mode) == ("draft", "manual")
    assert campaign.max_videos_per_day == 1
    assert (campaign.item_statuses, campaign.generated_video_ids) == ({}, [])


@pytest.mark.parametrize(
    ("model", "changes"),
    [
        (VideoCampaign, {"status": "running"}),
        (VideoCampaign, {"video_mode": "vlog"}),
        (VideoCampaign, {"name": ""}),
        (VideoCampaign, {"automation_mode": "sometimes"}),
        (VideoCampaign, {"max_videos_per_day": 0}),
        (VideoCampaign, {"preferred_publish_hours": [24]}),
        (VideoCampaign, {"selected_platforms": ["showroom"]}),
        (VideoCampaign, {"item_statuses": {"0": {"status": "done"}}}),
        (VideoCampaign, {"item_statuses": {"01": {}}}),
        (VideoCampaign, {"item_statuses": {"-1": {}}}),
        (VideoCampaign, {"item_statuses": {"12345": {}}}),
        (VideoCampaign, {"item_schedules": {"0": {"platforms": ["myspace"]}}}),
        (VideoCampaign, {"item_schedules": {"0": {"scheduled_date": "2024-01-20T09:00:00"}}}),
        (VideoCampaign, {"video_ideas": [{"idea": "a", "index": 0}, {"idea": "b", "index": 0}]}),
        (VideoCampaign, {"video_ideas": [{"idea": "a", "index": MAX_INDEX + 1}]}),
        (VideoCampaign, {"video_ideas": [{"idea": "", "index": -1}]}),
        (VideoCampaign, {"campaign_settings": {"voice_volume": 101}}),
        (VideoCampaign, {"campaign_settings": {"$where": 1}}),
        (
            VideoCampaign,
            {
                "schedule_start_date": "2024-02-01T00:00:00Z",
                "schedule_end_date": "2024-01-01T00:00:00Z",
            },
        ),
        (StoryCampaign, {"template": "rags-to-riches"}),
        (StoryCampaign, {"max_stories_per_day": 0}),
        (StoryCampaign, {"story_topics": [{"topic": "a", "index": 1}] * 2}),
        (Video, {"mode": "ambient_visual"}),
        (Video, {"status": "done"}),
        (Video, {"status": "ready"}),
        (Video, {"step1_data": {"a.b": 1}}),
        (Video, {"export_url": "javascript:alert(1)"}),
        (Story, {"story_mode": "vlog"}),
        (Story, {"status": "published"}),
        (Story, {"duration": -1}),
        (Story, {"aspect_ratio": "wide"}),
        (Story, {"published_platforms": {"myspace": {"status": "published"}}}),
        (Story, {"published_platforms": {"tiktok": {"status": "sent"}}}),
    ],
)
def test_refuses(model: type[Record], changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        made(model, **changes)


@pytest.mark.parametrize("changes", [{"status": "published"}, {"status": "ready"}])
def test_finished_content_has_an_address(changes: dict[str, Any]) -> None:
    assert made(Video, **changes, export_url="/api/v1/media/1/content").status == changes["status"]
    assert made(Story, **changes, video_url="https://cdn.example/a.mp4").status == changes["status"]


def test_a_campaign_holds_no_more_than_its_limit() -> None:
    items: dict[str, Any] = {str(index): {} for index in range(MAX_ITEMS)}
    assert len(made(VideoCampaign, item_statuses=items).item_statuses) == MAX_ITEMS
    with pytest.raises(ValidationError):
        made(VideoCampaign, item_statuses={**items, str(MAX_ITEMS): {}})


@given(
    before=st.integers(0, MAX_INDEX + 1),
    indexes=st.lists(st.integers(0, MAX_INDEX), max_size=20, unique=True),
)
def test_an_index_is_never_given_twice(before: int, indexes: list[int]) -> None:
    topics = [{"topic": "one", "index": each} for each in indexes]
    campaign = made(StoryCampaign, story_topics=topics, next_index=before)
    assert campaign.next_index >= before
    assert all(campaign.next_index > each for each in indexes)


def test_keys_that_the_specification_does_not_know_are_kept() -> None:
    settings = made(VideoCampaign).stored()["campaign_settings"]
    assert settings["fog"] == {"density": 3}
    assert made(Story).stored()["published_platforms"]["tiktok"]["note"] == "kept"


def test_a_deleted_video_leaves_its_campaign() -> None:
    stored = made(VideoCampaign).stored()
    video = stored["item_statuses"]["0"]["video_id"]
    stored["generated_video_ids"] = [video]
    for path in references(VideoCampaign):
        path.without(stored, {video})
    assert stored["generated_video_ids"] == []
    assert stored["item_statuses"]["0"]["video_id"] is None
    assert stored["item_statuses"]["0"]["status"] == "completed"


def test_videos_of_a_campaign_have_a_mode_that_videos_know() -> None:
    for mode, expected in MODE_OF_CAMPAIGN.items():
        assert made(VideoCampaign, video_mode=mode).video_mode == mode
        assert made(Video, mode=expected).mode == expected


@pytest.mark.parametrize(
    "field", ["status", "item_statuses", "generated_video_ids", "next_due_at", "next_index", "hold"]
)
def test_progress_is_the_servers(field: str) -> None:
    assert mark(VideoCampaign.model_fields[field], ServerOwned)
