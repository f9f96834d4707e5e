"""What the verbs of channels and their jobs are asked with, and what they answer."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from app.channels.service import Swap
from documents.channels import (
    TRACKS_PER_VIDEO,
    JobPrompts,
    OrderIndex,
    PromptText,
    VideoJobStatus,
    YoutubeId,
)
from documents.values import Count, Id, Label, Moment

JobVerb: TypeAlias = Literal["plan", "generate", "retry", "render", "export"]
Waiting: TypeAlias = Literal["planned", "ready_for_export"]
"""The states in which a job waits for somebody."""


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class SwapItem(_Body):
    """One track or image to be made anew."""

    kind: Literal["track", "image"]
    order_index: OrderIndex
    prompt: PromptText | None = Field(None, description="Without it the words stay as they are.")
    media_id: Id | None = Field(None, description="A file of the library to take in its place.")

    def swap(self) -> Swap:
        """As the service takes it."""
        return Swap(self.kind, self.order_index, self.prompt, self.media_id)


class Swaps(_Body):
    """What to swap in one go."""

    items: Annotated[list[SwapItem], Field(min_length=1, max_length=2 * TRACKS_PER_VIDEO)]


class PromptsGiven(_Body):
    """The prompts of the whole album."""

    prompts: JobPrompts


class Claiming(_Body):
    """Which job to take up."""

    status: Waiting = "planned"
    workspace_id: Id | None = None
    worker: Label = Field("", description="What the one who takes it calls itself.")


class Publishing(_Body):
    """How the video goes out."""

    scheduled_at: Moment | None = Field(
        None, description="When; without it at the job's `scheduled_time`, or at once."
    )


class Uploaded(_Body):
    """A person has uploaded the video."""

    youtube_video_id: YoutubeId


class Snapshot(_Body):
    """What the platform counted up to one day."""

    views: Count = 0
    watch_time_hours: Annotated[Decimal, Field(ge=0, max_digits=10, decimal_places=2)] | None = None
    revenue_usd: Annotated[Decimal, Field(max_digits=10, decimal_places=2)] | None = None


class RefreshToken(_Body):
    """What YouTube gave us for the channel; kept encrypted and answered to nobody."""

    refresh_token: Annotated[str, Field(min_length=1, max_length=2_048)]


class ChannelWithCounts(BaseModel):
    """A channel and how many jobs it has."""

    id: Id
    workspace_id: Id
    name: str
    brand_niche: str
    is_active: bool
    created_at: datetime
    total_jobs: int
    completed_jobs: int
    jobs_by_status: dict[VideoJobStatus, int]


class ChannelsWithCounts(BaseModel):
    """Channels, newest first."""

    data: list[ChannelWithCounts]
