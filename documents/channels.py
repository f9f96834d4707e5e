"""Channels: background-music channels and their long videos of twenty tracks and twenty images."""

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Final, Literal, Self, TypeAlias

from pydantic import Field, model_validator
from pymongo import IndexModel

from documents.base import (
    Embedded,
    Fixed,
    Flexible,
    Hold,
    Inherited,
    OnRequest,
    Record,
    Reference,
    ServerOwned,
    index,
    unique_among_living,
    unique_where_given,
    wildcard_index,
)
from documents.publishing import WebAddress
from documents.rules import RequiredUnless, Rule
from documents.secrets import CiphertextOrNone
from documents.values import Count, Day, FreeMap, Id, Label, Line, Moment, Text, Title, decimal

VideoJobStatus = Literal[
    "planned",
    "generating_music",
    "generating_image",
    "rendering",
    "ready_for_export",
    "completed",
    "failed",
]
MusicProvider = Literal["dummy", "mubert", "beatoven", "elevenlabs"]
"""`dummy` is the local provider."""
VisualProvider = Literal["dummy", "leonardo", "gemini", "fal"]
"""`dummy` is the local provider."""
MaterialStatus = Literal["pending", "generating", "completed", "failed"]
UNFINISHED: Final = ("pending", "generating", "failed")
"""The states of a material in which there may be no file yet."""
RenderStatus = Literal["pending", "in_progress", "completed", "failed"]
UploadStrategy = Literal["manual", "immediate", "scheduled"]
"""`manual`: a person exports and publishes; else it follows the render, `scheduled` at its time."""
VideoSize = Literal["1920x1080", "3840x2160"]
Visualizer = Literal["none", "slow_move", "bars"]
"""What moves while a track plays: nothing, the picture, slowly, or bars with the track's sound."""

TRACKS_PER_VIDEO: Final = 20
"""As many tracks as images; the image of a track has its `order_index`."""

OrderIndex = Annotated[int, Field(ge=1, le=TRACKS_PER_VIDEO)]
FilePath = Annotated[str, Field(min_length=1, max_length=1_024)]
"""A key in the object store."""
Keywords = Annotated[str, Field(min_length=1, max_length=2_000)]
PromptText = Annotated[str, Field(min_length=1, max_length=20_000)]
YoutubeId = Annotated[str, Field(min_length=1, max_length=100)]
TrackSeconds: TypeAlias = decimal(6, 2, gt=0)  # type: ignore[valid-type]
VideoSeconds: TypeAlias = decimal(10, 2, ge=0)  # type: ignore[valid-type]
Hours: TypeAlias = decimal(10, 2, ge=0)  # type: ignore[valid-type]
Dollars: TypeAlias = decimal(10, 2)  # type: ignore[valid-type]
"""May be negative: revenue is corrected afterwards."""

InJob: TypeAlias = Annotated[Id, Reference("video_jobs", on_delete="cascade"), Fixed()]
OfJobsWorkspace: TypeAlias = Annotated[
    Id, Reference("workspaces"), ServerOwned(), Inherited("video_job_id")
]
FileMedia: TypeAlias = Annotated[Id | None, Reference("media", on_delete="clear"), ServerOwned()]


class Channel(Record):
    """A YouTube channel with its niche."""

    workspace_id: Annotated[Id, Reference("workspaces"), Fixed()]
    created_by: Annotated[Id, Reference("users"), ServerOwned()]
    name: Title
    youtube_channel_id: YoutubeId | None = None
    brand_niche: Title
    is_active: bool = True
    youtube_refresh_token: Annotated[CiphertextOrNone, ServerOwned()] = None

    class Settings:
        name = "channels"
        indexes: ClassVar[list[IndexModel]] = [
            unique_where_given("workspace_id", "youtube_channel_id", given="youtube_channel_id"),
            index("workspace_id", "is_active", "_id"),
            index("workspace_id", "-created_at", "_id"),
            index("workspace_id", "_id"),
            index("created_by", "_id"),
        ]


class MusicPrompt(Flexible):
    order_index: OrderIndex
    prompt: PromptText
    duration_minutes: Annotated[float, Field(gt=0, le=90)]
    tempo: Annotated[int, Field(ge=30, le=240)] | None = None
    """Beats a minute; None leaves it to the composer."""
    title: Title | None = None
    """What the track is called in the chapters."""


class VisualPrompt(Flexible):
    order_index: OrderIndex
    prompt: PromptText


class JobPrompts(Flexible):
    """What to ask the providers for: a track and an image for every `order_index`."""

    music_prompts: Annotated[list[MusicPrompt], Field(max_length=TRACKS_PER_VIDEO)] = []
    visual_prompts: Annotated[list[VisualPrompt], Field(max_length=TRACKS_PER_VIDEO)] = []

    @model_validator(mode="after")
    def _one_of_each(self) -> Self:
        kinds: Sequence[Sequence[MusicPrompt | VisualPrompt]] = (
            self.music_prompts,
            self.visual_prompts,
        )
        for prompts in kinds:
            if len({each.order_index for each in prompts}) != len(prompts):
                raise ValueError("two prompts have the same order_index")
        return self


class JobClaim(Embedded):
    """Who has taken the job up, so that nobody else does: until then, or until it is started."""

    by: Annotated[Id | None, Reference("users", on_delete="clear")] = None
    worker: Label = ""
    """What the one who took it calls itself."""
    until: Moment


def _own_directory(fields: dict[str, Any]) -> str:
    return f"{fields['workspace_id']}/video_jobs/{fields['id']}/"


class VideoJob(Record):
    """One long video, from its prompts to its upload."""

    channel_id: Annotated[Id, Reference("channels", on_delete="cascade"), Fixed()]
    workspace_id: Annotated[Id, Reference("workspaces"), ServerOwned(), Inherited("channel_id")]
    status: Annotated[VideoJobStatus, ServerOwned()] = "planned"
    hold: Annotated[Hold | None, ServerOwned()] = None
    failed_step: Annotated[VideoJobStatus | None, ServerOwned()] = None
    """The status in which it failed, and to which a retry goes back."""
    pipeline_id: Annotated[Id | None, Reference("pipelines", on_delete="clear"), ServerOwned()] = (
        None
    )
    """The graph of tasks that makes it now, or made it last."""
    claim: Annotated[JobClaim | None, ServerOwned()] = None
    niche_label: Title
    mood_keywords: Keywords
    """Comma-separated."""
    target_duration_minutes: Annotated[int, Field(ge=60, le=90)]
    prompts_json: Annotated[JobPrompts | None, Fixed()] = None
    """Given at once, planned, or written by its own route until generation starts."""
    music_provider: MusicProvider = "dummy"
    visual_provider: VisualProvider = "dummy"
    resolution: VideoSize = "1920x1080"
    crossfade_seconds: Annotated[float, Field(ge=0, le=10)] = 2
    """How long a track and its picture blend into the next ones."""
    visualizer: Visualizer = "none"
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    """Another seed plans and makes another video of the same words."""
    local_video_path: Annotated[FilePath | None, ServerOwned()] = None
    media_id: FileMedia = None
    output_directory: Annotated[FilePath, ServerOwned()] = Field(default_factory=_own_directory)
    """The prefix of all files of the job in the object store, each below it by its content."""
    thumbnail_media_id: FileMedia = None
    description: Annotated[Text, ServerOwned()] = ""
    """The text below the video, with its chapters; made with the render."""
    description_media_id: FileMedia = None
    error_message: Annotated[Text | None, ServerOwned()] = None
    upload_strategy: UploadStrategy = "manual"
    scheduled_time: Moment | None = None
    youtube_video_id: Annotated[YoutubeId | None, ServerOwned()] = None

    rules: ClassVar[tuple[Rule, ...]] = (
        RequiredUnless(
            ("local_video_path",),
            "status",
            ("planned", "generating_music", "generating_image", "rendering", "failed"),
        ),
        RequiredUnless(("scheduled_time",), "upload_strategy", ("manual", "immediate")),
    )

    class Settings:
        name = "video_jobs"
        pre_images = True
        indexes: ClassVar[list[IndexModel]] = [
            index("channel_id", "status", "_id"),
            index("channel_id", "_id"),
            index("workspace_id", "status", "_id"),
            index("workspace_id", "-created_at", "_id"),
            index("workspace_id", "_id"),
            index("workspace_id", "status", "created_at"),
            index("status", "created_at"),
            wildcard_index("prompts_json"),
        ]

    @property
    def prefix(self) -> str:
        """`output_directory` without its slash, as the file store wants it."""
        return self.output_directory.rstrip("/")


Take: TypeAlias = Annotated[int, ServerOwned(), Field(ge=1)]
"""Raised by every swap: what an earlier take makes is not wanted any more."""


class TrackCheck(Embedded):
    """What the master desk found when it listened to a track."""

    loudness_lufs: float | None = None
    """Integrated (EBU R 128); None for silence."""
    peak_db: float | None = None
    """The highest sample, in dBFS."""
    silence_seconds: Annotated[float, Field(ge=0)] = 0
    """Stretches of at least a second below -60 dBFS."""
    clipped_samples: Count = 0
    """How often a sample lies at full scale."""
    twin_of: OrderIndex | None = None
    """The earlier track that sounds nearly the same."""
    problems: Annotated[list[Line], Field(max_length=20)] = []
    """Why the track cannot stay as it is; empty for a good one."""


class PictureCheck(Embedded):
    """What the master desk found when it looked at a picture."""

    width: Count = 0
    height: Count = 0
    problems: Annotated[list[Line], Field(max_length=20)] = []


class AudioTrack(Record):
    """One of the twenty pieces of music of a job."""

    video_job_id: InJob
    workspace_id: OfJobsWorkspace
    provider: MusicProvider
    provider_track_id: Annotated[Label | None, ServerOwned()] = None
    order_index: Annotated[OrderIndex, Fixed()]
    status: Annotated[MaterialStatus, ServerOwned()] = "pending"
    duration_seconds: Annotated[TrackSeconds | None, ServerOwned()] = None
    local_file_path: Annotated[FilePath | None, ServerOwned()] = None
    media_id: FileMedia = None
    license_document_url: Annotated[WebAddress | None, ServerOwned()] = None
    license_media_id: FileMedia = None
    prompt_text: PromptText
    title: Annotated[Title | None, ServerOwned()] = None
    tempo: Annotated[int, ServerOwned(), Field(ge=30, le=240)] | None = None
    planned_seconds: Annotated[float | None, ServerOwned(), Field(gt=0)] = None
    """How long it is to be heard; with its crossfade it lasts a little longer."""
    take: Take = 1
    error_message: Annotated[Text | None, ServerOwned()] = None
    check: Annotated[TrackCheck | None, ServerOwned()] = None
    sound_print: Annotated[str | None, ServerOwned(), OnRequest(), Field(max_length=100_000)] = None
    """Chromaprint's fingerprint (Base64 of 32-bit words, about eight a second)."""

    rules: ClassVar[tuple[Rule, ...]] = (
        RequiredUnless(("duration_seconds", "local_file_path"), "status", UNFINISHED),
    )

    class Settings:
        name = "audio_tracks"
        indexes: ClassVar[list[IndexModel]] = [
            unique_among_living("workspace_id", "video_job_id", "order_index"),
            index("video_job_id", "order_index"),
            index("workspace_id", "_id"),
        ]


class BackgroundImage(Record):
    """One of the twenty pictures of a job, or one that no job needs yet."""

    workspace_id: Annotated[Id, Reference("workspaces"), Fixed()]
    created_by: Annotated[Id | None, Reference("users", on_delete="clear"), ServerOwned()] = None
    video_job_id: Annotated[Id | None, Reference("video_jobs", on_delete="cascade"), Fixed()] = None
    provider: VisualProvider
    provider_image_id: Annotated[Label | None, ServerOwned()] = None
    order_index: Annotated[OrderIndex | None, Fixed()] = None
    status: Annotated[MaterialStatus, ServerOwned()] = "pending"
    local_file_path: Annotated[FilePath | None, ServerOwned()] = None
    media_id: FileMedia = None
    prompt_text: PromptText
    take: Take = 1
    error_message: Annotated[Text | None, ServerOwned()] = None
    check: Annotated[PictureCheck | None, ServerOwned()] = None

    rules: ClassVar[tuple[Rule, ...]] = (
        RequiredUnless(("local_file_path",), "status", UNFINISHED),
    )

    class Settings:
        name = "images"
        indexes: ClassVar[list[IndexModel]] = [
            index(
                "workspace_id",
                "video_job_id",
                "order_index",
                unique=True,
                where={
                    "video_job_id": {"$type": "objectId"},
                    "order_index": {"$type": "number"},
                    "deleted_at": None,
                },
            ),
            index("video_job_id", "order_index"),
            index("workspace_id", "_id"),
        ]


class RenderTask(Record):
    """One render of a job's video: the commands of ffmpeg that ran, and what came of them."""

    video_job_id: InJob
    workspace_id: OfJobsWorkspace
    ffmpeg_command: Annotated[Text | None, ServerOwned()] = None
    local_video_path: Annotated[FilePath | None, ServerOwned()] = None
    media_id: FileMedia = None
    resolution: Annotated[str, Field(max_length=20, pattern=r"^[1-9][0-9]*x[1-9][0-9]*$")] = (
        "1920x1080"
    )
    duration_seconds: Annotated[VideoSeconds | None, ServerOwned()] = None
    status: Annotated[RenderStatus, ServerOwned()] = "pending"
    error_message: Annotated[Text | None, ServerOwned()] = None
    report: Annotated[FreeMap, ServerOwned()] = {}
    """What the renderer tells of the file: size, segments encoded and reused, findings."""
    completed_at: Annotated[Moment | None, ServerOwned()] = None

    rules: ClassVar[tuple[Rule, ...]] = (
        RequiredUnless(
            ("ffmpeg_command", "local_video_path"), "status", ("pending", "in_progress", "failed")
        ),
    )

    class Settings:
        name = "render_tasks"
        indexes: ClassVar[list[IndexModel]] = [
            index("video_job_id", "_id"),
            index("workspace_id", "status", "_id"),
            index("workspace_id", "-created_at", "_id"),
            index("workspace_id", "_id"),
        ]


class VideoAnalytics(Record):
    """What the platform counted for a job's video up to one day."""

    video_job_id: InJob
    workspace_id: OfJobsWorkspace
    youtube_video_id: YoutubeId
    views: Count = 0
    watch_time_hours: Hours | None = None
    revenue_usd: Dollars | None = None
    snapshot_date: Day

    class Settings:
        name = "video_analytics"
        indexes: ClassVar[list[IndexModel]] = [
            unique_among_living("workspace_id", "video_job_id", "snapshot_date"),
            index("video_job_id", "-snapshot_date"),
            index("workspace_id", "-snapshot_date", "_id"),
            index("workspace_id", "_id"),
        ]
