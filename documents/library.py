"""The library: every stored file, for all production lines."""

import hashlib
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator
from pymongo import IndexModel

from documents.base import (
    Computed,
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
Print = Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
SoundPrint = Annotated[str, Field(pattern=r"^[0-9a-f]{256}$")]
MediaProvider = Literal["fal", "openrouter", "elevenlabs", "custom", "local"]

DerivativeName = Literal[
    "thumbnail_small",
    "thumbnail_medium",
    "thumbnail_large",
    "poster",
    "preview",
    "waveform",
    "peaks",
]


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
    input_ids: Annotated[
        list[Id], Reference("media", on_delete="clear"), Field(max_length=1000)
    ] = []
    """The media that it was made of."""
    take: Annotated[int | None, Field(ge=1)] = None
    """Which try at the same thing it is."""
    recipe: Annotated[str | None, Field(max_length=64)] = None
    """Digest of all that decided what it shows or sounds like, but seed and take: another digest
    from the records of today means it is stale."""


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
    loudness: float | None = None
    """Of the whole sound, in LUFS (EBU R 128)."""
    loudness_range: Annotated[float, Field(ge=0)] | None = None
    """How far quiet and loud passages lie apart, in LU (EBU Tech 3342)."""
    true_peak: float | None = None
    """In dBTP."""
    language: Label | None = None
    """Of captions, such as `en` (BCP 47)."""
    cues: Count | None = None
    """How many captions there are."""


class Derivative(Embedded):
    """Something small that was made of the file, to be shown in its place."""

    name: DerivativeName
    key: Annotated[str | None, Field(max_length=1024)] = None
    """None where it could not be made."""
    mime_type: Label
    size: Count = 0
    """Bytes."""
    width: Count | None = None
    height: Count | None = None
    problem: Line | None = None
    """Why it could not be made."""


class Quarantine(Embedded):
    """The file is kept, but is not what it should be: nobody is shown it."""

    reason: Line
    since: Moment


class Media(Record):
    """One stored file and what is known about it."""

    workspace_id: Annotated[Id, Reference("workspaces"), Fixed()]
    created_by: Annotated[Id | None, Reference("users", on_delete="clear"), ServerOwned()] = None
    project_id: Annotated[Id | None, Reference("projects", on_delete="cascade"), Fixed()] = None
    episode_id: Annotated[Id | None, Reference("episodes", on_delete="cascade")] = None
    scene_id: Annotated[Id | None, Reference("scenes", on_delete="cascade")] = None
    character_id: Annotated[Id | None, Reference("characters", on_delete="clear")] = None
    video_job_id: Annotated[
        Id | None, Reference("video_jobs", on_delete="cascade"), ServerOwned()
    ] = None

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

    look_version: Annotated[Count, ServerOwned()] = 0
    """The way of looking (`app.library.looking`) by which it was looked at; 0: not yet."""
    looked_at: Annotated[Moment | None, ServerOwned()] = None
    play_version: Annotated[Count, ServerOwned()] = 0
    """The same for being played from its beginning to its end, where it lasts."""
    played_at: Annotated[Moment | None, ServerOwned()] = None
    quarantine: Annotated[Quarantine | None, ServerOwned()] = None
    derivatives: Annotated[list[Derivative], ServerOwned(), Field(max_length=20)] = []
    picture_prints: Annotated[list[Print], ServerOwned(), OnRequest(), Field(max_length=20)] = []
    """Perceptual hashes in hex: of the picture, or of some frames."""
    sound_print: Annotated[SoundPrint | None, ServerOwned(), OnRequest()] = None
    likeness: Annotated[list[Count], ServerOwned(), OnRequest(), Field(max_length=200)] = []
    """Pieces of the prints, by which files that look or sound alike are found."""

    embedding: Annotated[Vector | None, ServerOwned(), OnRequest()] = None
    embedding_model: Annotated[Label | None, ServerOwned()] = None
    embedding_version: Annotated[Label | None, ServerOwned()] = None
    embedding_dimensions: Annotated[Count | None, ServerOwned()] = None
    embedding_next: Annotated[Vector | None, ServerOwned(), OnRequest()] = None
    """The vector of the model that is going to be searched by, made beside the present one."""
    embedding_next_model: Annotated[Label | None, ServerOwned()] = None
    embedding_next_version: Annotated[Label | None, ServerOwned()] = None
    embedding_next_dimensions: Annotated[Count | None, ServerOwned()] = None
    embedding_digest: Annotated[str | None, ServerOwned(), OnRequest()] = None
    """Of the words that were embedded: `words_digest` as it was then."""
    embedding_scene_digest: Annotated[str | None, ServerOwned(), OnRequest()] = None
    """Of the scene's dialogue that was embedded with them."""
    embedding_due: Annotated[bool, Computed(), OnRequest()] = True
    """Whether the words were changed since they were embedded, or never were."""

    version: Annotated[int, Field(ge=1), ServerOwned()] = 1
    status: MediaStatus = "active"

    @property
    def own_words(self) -> str:
        """What the record itself says about the file, for finding it by meaning."""
        made = self.generation_metadata
        prompt = made.prompt_used if made else None
        return "\n".join(filter(None, [self.description, " ".join(self.tags), prompt]))

    @property
    def words_digest(self) -> str:
        """Tells these words, and the file that they are about, from others."""
        return digest_of(f"{self.sha256}\n{self.own_words}")

    @model_validator(mode="after")
    def _note_whether_embedding_is_due(self) -> Self:
        self.embedding_due = self.embedding_digest != self.words_digest
        return self

    class Settings:
        name = "media"
        pre_images = True
        indexes: ClassVar[list[IndexModel]] = [
            index("project_id", "media_type", "_id"),
            index("project_id", "_id"),
            index("episode_id", "media_type"),
            index("scene_id"),
            index("video_job_id"),
            index("workspace_id", "sha256", "_id"),
            index("workspace_id", "-created_at", "_id"),
            index("workspace_id", "_id"),
            index("workspace_id", "-deleted_at", "_id", where={"deleted_at": {"$type": "date"}}),
            index("workspace_id", "media_type", "_id"),
            index("media_type"),
            index("status"),
            index("storage_key"),
            index("thumbnail_key"),
            index("derivatives.key"),
            index("look_version", "created_at"),
            index("play_version", "created_at"),
            index("workspace_id", "likeness"),
            index("embedding_model", "project_id"),
            index("workspace_id", "_id", where={"embedding_due": True}),
            text_index("description", "tags", "filename"),
        ]


EMBEDDING_INDEX = "media_embedding_index"
"""The name of the vector index, where the server has one."""
EMBEDDING_NEXT_INDEX = "media_embedding_next_index"
"""Likewise of the one over the vectors of the next model."""
EmbeddingPlace = Literal["embedding", "embedding_next"]
"""The field of a media record that holds a model's vectors."""


class EmbeddingSpace(Record):
    """One model whose vectors the media carry. There is a current one and, at times, a next one.

    Searches use the current space; the switch to the next one is the write of a single record, made
    when every vector of it is there. Vectors of two spaces are never compared.
    """

    state: Annotated[Literal["current", "next"], ServerOwned()]
    model: Annotated[Label, ServerOwned()]
    version: Annotated[Label, ServerOwned()]
    dimensions: Annotated[int, Field(ge=1, le=8192), ServerOwned()]
    place: Annotated[EmbeddingPlace, ServerOwned()] = "embedding"

    class Settings:
        name = "embedding_spaces"
        indexes: ClassVar[list[IndexModel]] = [index("state", unique=True)]


def digest_of(words: str) -> str:
    """A short digest that tells one text from another."""
    return hashlib.blake2b(words.encode(), digest_size=16).hexdigest()
