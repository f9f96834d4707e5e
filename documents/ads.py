"""Ads: sessions that lead from a product to an approved video ad, and the material they make."""

from decimal import Decimal
from typing import Annotated, ClassVar, Literal, TypeAlias

from pydantic import Field
from pymongo import IndexModel

from documents.base import (
    Fixed,
    Hold,
    Inherited,
    Record,
    Reference,
    ServerOwned,
    index,
    wildcard_index,
)
from documents.publishing import WebAddress
from documents.rules import RequiredUnless, Rule
from documents.values import Count, FreeMap, HexColor, Id, Label, Moment, Text, decimal

AdSessionStatus = Literal[
    "created",
    "prompting",
    "generating_images",
    "reviewing_images",
    "generating_videos",
    "reviewing_videos",
    "composing",
    "completed",
    "failed",
    "cancelled",
]
ProductCategory = Literal[
    "footwear", "accessories", "electronics", "beauty", "apparel", "home", "other"
]
AssetType = Literal["image", "video_clip", "final_video", "audio"]
AssetSource = Literal[
    "flux-pro",
    "sdxl",
    "stable-video-diffusion",
    "runway-gen2",
    "musicgen",
    "ffmpeg",
    "user-upload",
    "local",
    "fal",
    "replicate",
    "runway",
    "elevenlabs",
]
AssetStatus = Literal["generating", "completed", "failed", "approved", "rejected"]

Words = Annotated[str, Field(max_length=100)]
ShortWord = Annotated[str, Field(max_length=50)]
WholeNumber = Annotated[int, Field(ge=-(2**53), le=2**53)]
Cost: TypeAlias = decimal(10, 4, ge=0)  # type: ignore[valid-type]
ClipSeconds: TypeAlias = decimal(4, 2, gt=0)  # type: ignore[valid-type]
AssetSeconds: TypeAlias = decimal(6, 3, ge=0)  # type: ignore[valid-type]
WorkSeconds: TypeAlias = decimal(8, 2, ge=0)  # type: ignore[valid-type]
GuidanceScale: TypeAlias = decimal(4, 2)  # type: ignore[valid-type]
MotionIntensity: TypeAlias = decimal(3, 2)  # type: ignore[valid-type]
AssetIds: TypeAlias = Annotated[
    list[Id], Reference("assets", on_delete="clear"), ServerOwned(), Field(max_length=1_000)
]


class AdSession(Record):
    """The way of one ad: prompts, images, choice, clips, choice, final video."""

    workspace_id: Annotated[Id, Reference("workspaces"), Fixed()]
    created_by: Annotated[Id, Reference("users", on_delete="cascade"), ServerOwned()]

    status: Annotated[AdSessionStatus, ServerOwned()] = "created"
    current_stage: Annotated[ShortWord | None, ServerOwned()] = None
    """Such as `prompt_parsing`, `image_gen`, `video_gen` or `composition`."""
    progress_percentage: Annotated[int, ServerOwned(), Field(ge=0, le=100)] = 0
    hold: Annotated[Hold | None, ServerOwned()] = None

    product_category: ProductCategory | None = None
    user_product_prompt: Text | None = None
    user_video_prompt: Text | None = None

    consistency_seed: WholeNumber | None = None
    style_keywords: Annotated[list[Label], Field(max_length=100)] = []

    generated_image_ids: AssetIds = []
    approved_image_ids: AssetIds = []
    generated_clip_ids: AssetIds = []
    approved_clip_ids: AssetIds = []
    final_video_id: Annotated[Id | None, Reference("assets", on_delete="clear"), ServerOwned()] = (
        None
    )

    product_name: Words | None = None
    call_to_action: Words | None = None
    text_color: HexColor | None = None
    text_font: ShortWord | None = None

    background_music_enabled: bool = False
    music_genre: ShortWord | None = None
    music_url: Annotated[WebAddress | None, ServerOwned()] = None
    music_media_id: Annotated[Id | None, Reference("media", on_delete="clear"), ServerOwned()] = (
        None
    )

    total_cost: Annotated[Cost, ServerOwned()] = Decimal("0.00")
    """What the ledger says, rounded to 4 places."""
    estimated_cost: Annotated[Cost | None, ServerOwned()] = None

    num_images_requested: Annotated[int, Field(ge=1, le=100)] = 6
    clip_duration_seconds: ClipSeconds = Decimal("3.0")

    error_message: Annotated[Text | None, ServerOwned()] = None
    retry_count: Annotated[Count, ServerOwned()] = 0
    completed_at: Annotated[Moment | None, ServerOwned()] = None
    metadata: FreeMap = {}

    class Settings:
        name = "ad_sessions"
        pre_images = True
        indexes: ClassVar[list[IndexModel]] = [
            index("created_by", "-updated_at", "_id"),
            index("workspace_id", "status", "_id", where={"deleted_at": None}),
            index("workspace_id", "-created_at", "_id"),
            index("workspace_id", "-updated_at", "_id"),
            index("workspace_id", "product_category", "_id"),
            index("workspace_id", "_id"),
            index("style_keywords"),
            wildcard_index("metadata"),
        ]


class AdAsset(Record):
    """An image, clip, final video or piece of music of an ad session."""

    session_id: Annotated[Id, Reference("ad_sessions", on_delete="cascade"), Fixed()]
    workspace_id: Annotated[Id, Reference("workspaces"), ServerOwned(), Inherited("session_id")]

    type: Annotated[AssetType, Fixed()]
    source: Annotated[AssetSource, Fixed()]
    status: Annotated[AssetStatus, ServerOwned()] = "generating"

    url: Annotated[WebAddress | None, ServerOwned()] = None
    media_id: Annotated[Id | None, Reference("media", on_delete="clear"), ServerOwned()] = None
    storage_path: Annotated[str | None, ServerOwned(), Field(max_length=1_024)] = None
    file_size_bytes: Annotated[Count | None, ServerOwned()] = None
    mime_type: Annotated[Words | None, ServerOwned()] = None

    resolution: Annotated[str | None, ServerOwned(), Field(max_length=20)] = None
    """Such as `1024x1024`."""
    duration_seconds: Annotated[AssetSeconds | None, ServerOwned()] = None
    fps: Annotated[int | None, ServerOwned(), Field(ge=1, le=1_000)] = None

    generation_cost: Annotated[Cost, ServerOwned()] = Decimal("0.00")
    generation_time_seconds: Annotated[WorkSeconds | None, ServerOwned()] = None
    model_version: Annotated[Words | None, ServerOwned()] = None

    view_type: ShortWord | None = None
    """Such as `front`, `side`, `back`, `detail` or `lifestyle`."""
    seed: WholeNumber | None = None
    guidance_scale: GuidanceScale | None = None

    source_image_id: Annotated[Id | None, Reference("assets", on_delete="clear")] = None
    """The image that a clip was made from."""
    scene_prompt: Text | None = None
    camera_movement: ShortWord | None = None
    motion_intensity: MotionIntensity | None = None

    generation_prompt: Text | None = None
    negative_prompt: Text | None = None

    user_selected: Annotated[bool, ServerOwned()] = False
    """On the mood board; changes together with the session's list of what was approved."""
    selection_order: Annotated[Count | None, ServerOwned()] = None
    metadata: FreeMap = {}

    rules: ClassVar[tuple[Rule, ...]] = (
        RequiredUnless(("url",), "status", ("generating", "failed")),
    )

    class Settings:
        name = "assets"
        indexes: ClassVar[list[IndexModel]] = [
            index("session_id", "type", "_id"),
            index("session_id", "selection_order", "_id", where={"user_selected": True}),
            index("workspace_id", "user_selected", "_id", where={"user_selected": True}),
            index("workspace_id", "type", "_id", where={"deleted_at": None}),
            index("workspace_id", "status", "_id"),
            index("workspace_id", "source", "_id"),
            index("workspace_id", "-created_at", "_id"),
            index("workspace_id", "_id"),
            wildcard_index("metadata"),
        ]
