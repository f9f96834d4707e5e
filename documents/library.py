"""The library: every stored file, for all production lines."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field
from pymongo import IndexModel

from documents.base import (
    Embedded,
    Fixed,
    OnRequest,
    Record,
    Reference,
    ServerOwned,
    index,
    text_index,
)
from documents.values import (
    Count,
    Id,
    Label,
    Line,
    Moment,
    Money,
    Seconds,
    Text,
    Title,
    Vector,
)

MediaKind = Literal["image", "video", "audio", "document"]
MediaType = Literal[
    "style_reference",
    "character_design",
    "environment_design",
    "concept_art",
    "storyboard",
    "video_segment",
    "audio_clip",
    "voice_profile",
    "music_track",
    "sound_effect",
    "final_video",
    "product_image",
    "background_image",
    "video_clip",
    "thumbnail",
    "caption",
    "license_document",
    "upload",
    "other",
]
MediaStatus = Literal["active", "draft", "archived", "processing", "failed"]
MediaProvider = Literal["fal", "openrouter", "elevenlabs", "custom", "local"]


class GenerationMetadata(Embedded):
    """How a generated file came about."""

    agent_id: Label | None = None
    prompt_used: Text | None = None
    model_version: Label | None = None
    generation_time: Moment | None = None
    task_id: Annotated[Id | None, Reference("tasks", on_delete="clear")] = None
    execution_id: Annotated[Id | None, Reference("prompts_executed", on_delete="clear")] = None
    provider: MediaProvider | None = None
    cost: Money | None = None
    seed: Count | None = None


class RelatedElements(Embedded):
    character_ids: Annotated[list[Id], Reference("characters", on_delete="clear")] = []
    episode: Count | None = None
    scene: Label | None = None
    timestamp: Seconds | None = None


class TechnicalData(Embedded):
    """Read from the file itself."""

    duration: Seconds | None = None
    """Seconds."""
    resolution: Label | None = None
    """Such as `1920x1080`."""
    fps: Annotated[float, Field(gt=0)] | None = None
    sample_rate: Count | None = None
    """Hertz."""
    bitrate: Count | None = None
    """Bits a second."""
    codec: Label | None = None


class Media(Record):
    """One stored file and what is known about it."""

    workspace_id: Annotated[Id, Reference("workspaces"), Fixed()]
    created_by: Annotated[Id | None, Reference("users", on_delete="clear"), ServerOwned()] = None
    project_id: Annotated[Id | None, Reference("projects", on_delete="cascade"), Fixed()] = None
    episode_id: Annotated[Id | None, Reference("episodes", on_delete="cascade")] = None
    scene_id: Annotated[Id | None, Reference("scenes", on_delete="cascade")] = None
    character_id: Annotated[Id | None, Reference("characters", on_delete="clear")] = None

    filename: Title
    mime_type: Annotated[Label, ServerOwned()]
    filesize: Annotated[Count, ServerOwned()]
    """Bytes."""
    width: Annotated[Count | None, ServerOwned()] = None
    height: Annotated[Count | None, ServerOwned()] = None
    url: Annotated[str, ServerOwned()]
    thumbnail_url: Annotated[str | None, ServerOwned()] = None
    storage_key: Annotated[str, ServerOwned(), Field(max_length=1024)]
    thumbnail_key: Annotated[str | None, ServerOwned(), Field(max_length=1024)] = None
    sha256: Annotated[str, ServerOwned(), Field(pattern=r"^[0-9a-f]{64}$")]

    kind: Annotated[MediaKind, ServerOwned()]
    media_type: MediaType
    alt: Line = ""
    description: Text = ""
    tags: Annotated[list[Label], Field(max_length=200)] = []
    agent_generated: Annotated[bool, ServerOwned()] = False
    generation_metadata: Annotated[GenerationMetadata | None, ServerOwned()] = None
    related_elements: RelatedElements = RelatedElements()
    technical_data: Annotated[TechnicalData, ServerOwned()] = TechnicalData()

    embedding: Annotated[Vector | None, ServerOwned(), OnRequest()] = None
    embedding_model: Annotated[Label | None, ServerOwned()] = None
    embedding_next: Annotated[Vector | None, ServerOwned(), OnRequest()] = None
    embedding_next_model: Annotated[Label | None, ServerOwned()] = None

    version: Annotated[int, Field(ge=1), ServerOwned()] = 1
    status: MediaStatus = "active"

    class Settings:
        name = "media"
        indexes: ClassVar[list[IndexModel]] = [
            index("project_id", "media_type", "_id"),
            index("project_id", "_id"),
            index("episode_id", "media_type"),
            index("scene_id"),
            index("workspace_id", "sha256", "_id"),
            index("workspace_id", "-created_at", "_id"),
            index("workspace_id", "_id"),
            index("workspace_id", "media_type", "_id"),
            index("media_type"),
            index("status"),
            index("storage_key"),
            index("thumbnail_key"),
            index("embedding_model", "project_id"),
            text_index("description", "tags", "filename"),
        ]


EMBEDDING_INDEX = "media_embedding_index"
"""The name of the vector index, where the server has one."""
