"""What ad sessions and their assets promise by their declaration."""

from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from documents.ads import AdAsset, AdSession
from documents.base import Record, ServerOwned, mark
from documents.references import references
from documents.schema import indexes
from documents.values import Id
from tests.documents.referred import referred

pytestmark = pytest.mark.usefixtures("mock_store")

MODELS = (AdSession, AdAsset)
VALID: dict[type[Record], dict[str, Any]] = {
    AdSession: {
        "workspace_id": Id(),
        "created_by": Id(),
        "status": "reviewing_images",
        "product_category": "footwear",
        "user_product_prompt": "pink tennis shoes",
        "style_keywords": ["pastel", "sporty"],
        "text_color": "#FF00AA",
        "generated_image_ids": [Id(), Id()],
        "metadata": {"brief": {"tone": "warm"}},
    },
    AdAsset: {
        "workspace_id": Id(),
        "session_id": Id(),
        "type": "image",
        "source": "flux-pro",
        "status": "completed",
        "url": "/api/v1/media/1/content",
        "view_type": "front",
        "seed": 789456,
        "guidance_scale": "7.50",
        "duration_seconds": "12.125",
        "generation_cost": "0.0500",
    },
}
COLUMNS = {
    AdSession: """created_by status current_stage progress_percentage product_category
        user_product_prompt user_video_prompt consistency_seed style_keywords generated_image_ids
        approved_image_ids generated_clip_ids approved_clip_ids final_video_id product_name
        call_to_action text_color text_font background_music_enabled music_genre music_url
        total_cost estimated_cost num_images_requested clip_duration_seconds error_message
        retry_count created_at updated_at completed_at deleted_at metadata""",
    AdAsset: """session_id type source status url storage_path file_size_bytes mime_type resolution
        duration_seconds fps generation_cost generation_time_seconds model_version view_type seed
        guidance_scale source_image_id scene_prompt camera_movement motion_intensity
        generation_prompt negative_prompt user_selected selection_order created_at updated_at
        deleted_at metadata""",
}
WORKSPACE = ("workspace_id", "workspaces", "restrict")
REFERENCES = {
    AdSession: {
        WORKSPACE,
        ("created_by", "users", "cascade"),
        ("hold.by", "users", "clear"),
        ("hold.budget_id", "budgets", "clear"),
        ("generated_image_ids", "assets", "clear"),
        ("approved_image_ids", "assets", "clear"),
        ("generated_clip_ids", "assets", "clear"),
        ("approved_clip_ids", "assets", "clear"),
        ("final_video_id", "assets", "clear"),
        ("music_media_id", "media", "clear"),
    },
    AdAsset: {
        WORKSPACE,
        ("session_id", "ad_sessions", "cascade"),
        ("media_id", "media", "clear"),
        ("source_image_id", "assets", "clear"),
    },
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
        (AdSession, ("created_by",)),
        (AdSession, ("status",)),
        (AdSession, ("created_at",)),
        (AdSession, ("updated_at",)),
        (AdSession, ("product_category",)),
        (AdSession, ("approved_image_ids",)),
        (AdSession, ("approved_clip_ids",)),
        (AdSession, ("style_keywords",)),
        (AdSession, ("metadata.$**",)),
        (AdAsset, ("session_id",)),
        (AdAsset, ("type",)),
        (AdAsset, ("status",)),
        (AdAsset, ("source",)),
        (AdAsset, ("user_selected",)),
        (AdAsset, ("created_at",)),
        (AdAsset, ("source_image_id",)),
        (AdAsset, ("metadata.$**",)),
    ],
)
def test_has_the_indexes_of_the_specification(model: type[Record], keys: tuple[str, ...]) -> None:
    declared = [tuple(each.document["key"]) for each in indexes(model)]
    wanted = (keys, ("workspace_id", *keys))
    assert any(each[: len(start)] == start for each in declared for start in wanted)


def test_what_is_new_has_the_defaults_of_the_specification() -> None:
    session = AdSession(workspace_id=Id(), created_by=Id())
    assert (session.status, session.progress_percentage, session.retry_count) == ("created", 0, 0)
    assert (session.num_images_requested, session.clip_duration_seconds) == (6, Decimal("3.0"))
    assert (session.total_cost, session.estimated_cost) == (Decimal(0), None)
    assert (session.background_music_enabled, session.generated_image_ids) == (False, [])
    asset = AdAsset(workspace_id=Id(), session_id=Id(), type="audio", source="musicgen")
    assert (asset.status, asset.url, asset.user_selected) == ("generating", None, False)
    assert asset.generation_cost == 0


@pytest.mark.parametrize(
    ("model", "changes"),
    [
        (AdSession, {"status": "paused"}),
        (AdSession, {"product_category": "cars"}),
        (AdSession, {"progress_percentage": -1}),
        (AdSession, {"progress_percentage": 101}),
        (AdSession, {"current_stage": "x" * 51}),
        (AdSession, {"product_name": "x" * 101}),
        (AdSession, {"call_to_action": "x" * 101}),
        (AdSession, {"text_color": "pink"}),
        (AdSession, {"text_font": "x" * 51}),
        (AdSession, {"music_genre": "x" * 51}),
        (AdSession, {"total_cost": "1000000.0000"}),
        (AdSession, {"total_cost": "0.00001"}),
        (AdSession, {"estimated_cost": "-1"}),
        (AdSession, {"num_images_requested": 0}),
        (AdSession, {"clip_duration_seconds": "100.00"}),
        (AdSession, {"clip_duration_seconds": "0"}),
        (AdSession, {"retry_count": -1}),
        (AdSession, {"consistency_seed": 2**64}),
        (AdSession, {"metadata": {"$set": 1}}),
        (AdSession, {"created_by": None}),
        (AdAsset, {"type": "gif"}),
        (AdAsset, {"source": "midjourney"}),
        (AdAsset, {"status": "done"}),
        (AdAsset, {"url": None}),
        (AdAsset, {"url": None, "status": "approved"}),
        (AdAsset, {"mime_type": "x" * 101}),
        (AdAsset, {"resolution": "x" * 21}),
        (AdAsset, {"duration_seconds": "1000.000"}),
        (AdAsset, {"duration_seconds": "0.0001"}),
        (AdAsset, {"fps": 0}),
        (AdAsset, {"generation_time_seconds": "1000000.00"}),
        (AdAsset, {"guidance_scale": "100.00"}),
        (AdAsset, {"motion_intensity": "10.00"}),
        (AdAsset, {"camera_movement": "x" * 51}),
        (AdAsset, {"selection_order": -1}),
        (AdAsset, {"session_id": None}),
    ],
)
def test_refuses(model: type[Record], changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        made(model, **changes)


@pytest.mark.parametrize("status", ["generating", "failed"])
def test_an_asset_without_an_address_is_unfinished(status: str) -> None:
    assert made(AdAsset, url=None, status=status).url is None


@pytest.mark.parametrize("source", ["local", "ffmpeg", "user-upload"])
def test_assets_also_come_from_here(source: str) -> None:
    assert made(AdAsset, source=source).source == source


def test_a_deleted_asset_leaves_its_session() -> None:
    stored = made(AdSession).stored()
    gone, kept = stored["generated_image_ids"]
    stored["approved_image_ids"], stored["final_video_id"] = [gone, kept], gone
    for path in references(AdSession):
        path.without(stored, {gone})
    assert stored["generated_image_ids"] == stored["approved_image_ids"] == [kept]
    assert stored["final_video_id"] is None


@pytest.mark.parametrize(
    ("model", "field"),
    [
        (AdSession, "status"),
        (AdSession, "progress_percentage"),
        (AdSession, "total_cost"),
        (AdSession, "approved_image_ids"),
        (AdSession, "hold"),
        (AdAsset, "status"),
        (AdAsset, "url"),
        (AdAsset, "generation_cost"),
        (AdAsset, "user_selected"),
    ],
)
def test_progress_and_choices_are_the_servers(model: type[Record], field: str) -> None:
    assert mark(model.model_fields[field], ServerOwned)
