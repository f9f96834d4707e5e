"""Campaigns: lists of ideas that become videos or stories, and the videos and stories themselves.

What happens to an item is kept in maps whose keys are the items' indexes: a JSON key is a string,
so idea 7 is found under "7".
"""

from collections.abc import Iterable, Mapping
from typing import Annotated, ClassVar, Final, Literal, Self, TypeAlias

from pydantic import Field, model_validator
from pymongo import IndexModel

from documents.base import Fixed, Flexible, Hold, Record, Reference, ServerOwned, index
from documents.publishing import Platform, PublicationStatus, WebAddress
from documents.rules import InOrder, RequiredUnless, Rule
from documents.values import FreeMap, Id, Label, Line, Moment, Title

CampaignStatus = Literal["draft", "generating", "paused", "review", "completed", "cancelled"]
ItemState = Literal["pending", "generating", "completed", "failed", "cancelled"]
AutomationMode = Literal["manual", "scheduled", "continuous"]
CampaignVideoMode = Literal["narrative", "character_vlog", "ambient_visual"]
VideoMode = Literal["ambient", "narrative", "commerce", "vlog", "logo"]
StoryTemplate = Literal["problem-solution", "tease-reveal", "before-after", "myth-busting"]
ContentStatus = Literal["draft", "generating", "ready", "published", "failed", "archived"]

MODE_OF_CAMPAIGN: Final[Mapping[CampaignVideoMode, VideoMode]] = {
    "narrative": "narrative",
    "character_vlog": "vlog",
    "ambient_visual": "ambient",
}
"""The mode of the videos that a campaign of this mode makes."""
MAX_ITEMS: Final = 5_000
MAX_INDEX: Final = 9_999

ItemIndex = Annotated[int, Field(ge=0, le=MAX_INDEX)]
ItemKey = Annotated[str, Field(pattern=r"^(0|[1-9][0-9]{0,3})$")]
PlatformKey = Annotated[str, Field(pattern=r"^(youtube|tiktok|instagram|facebook)$")]
Ratio = Annotated[str, Field(pattern=r"^[1-9][0-9]{0,3}:[1-9][0-9]{0,3}$")]
"""Width to height, such as `16:9`."""
Volume = Annotated[int, Field(ge=0, le=100)]
Hour = Annotated[int, Field(ge=0, le=23)]

VideoIds: TypeAlias = Annotated[
    list[Id],
    Reference("videos", on_delete="clear"),
    ServerOwned(),
    Field(max_length=MAX_ITEMS),
]
StoryIds: TypeAlias = Annotated[
    list[Id],
    Reference("stories", on_delete="clear"),
    ServerOwned(),
    Field(max_length=MAX_ITEMS),
]


class VideoIdea(Flexible):
    """What one video should be about. Its index names it for life."""

    idea: Line
    index: ItemIndex


class StoryTopic(Flexible):
    """What one story should be about. Its index names it for life."""

    topic: Line
    index: ItemIndex


class ItemStatus(Flexible):
    """How far one item is."""

    status: ItemState = "pending"
    error: Annotated[str, Field(max_length=500)] | None = None
    started_at: Moment | None = None
    completed_at: Moment | None = None
    failed_at: Moment | None = None


class VideoItemStatus(ItemStatus):
    video_id: Annotated[
        Id | None, Reference("videos", on_delete="clear", found_by="generated_video_ids")
    ] = None


class StoryItemStatus(ItemStatus):
    story_id: Annotated[
        Id | None, Reference("stories", on_delete="clear", found_by="generated_story_ids")
    ] = None


class ItemSchedule(Flexible):
    """When one item should appear, and when it did."""

    scheduled_date: Moment | None = None
    published_date: Moment | None = None
    platforms: Annotated[list[Platform], Field(max_length=10)] = []
    """Empty: the platforms of the campaign."""


class CampaignSettings(Flexible):
    """What every item of a campaign inherits; each mode and template adds keys of its own."""

    duration: Annotated[float, Field(gt=0)] | None = None
    """Seconds."""
    aspect_ratio: Ratio | None = None
    language: Label | None = None
    image_style: Label | None = None
    image_model: Label | None = None
    voice_profile: Label | None = None
    voice_volume: Volume | None = None
    background_music: Label | None = None
    music_volume: Volume | None = None


class StoryCampaignSettings(CampaignSettings):
    pacing: Label | None = None
    text_overlay_enabled: bool | None = None
    text_overlay_style: Label | None = None
    media_type: Label | None = None
    transition_style: Label | None = None
    has_voiceover: bool | None = None


class Campaign(Record):
    """What both kinds of campaign share."""

    workspace_id: Annotated[Id, Reference("workspaces"), Fixed()]
    created_by: Annotated[Id, Reference("users"), ServerOwned()]
    name: Title
    status: Annotated[CampaignStatus, ServerOwned()] = "draft"
    hold: Annotated[Hold | None, ServerOwned()] = None
    item_schedules: Annotated[
        dict[ItemKey, ItemSchedule], ServerOwned(), Field(max_length=MAX_ITEMS)
    ] = {}
    next_index: Annotated[int, ServerOwned(), Field(ge=0, le=MAX_INDEX + 1)] = 0
    """The index of the next new item: larger than any that was ever given."""
    automation_mode: AutomationMode = "manual"
    schedule_start_date: Moment | None = None
    schedule_end_date: Moment | None = None
    preferred_publish_hours: Annotated[list[Hour], Field(max_length=24)] = []
    """Hours of the day in UTC."""
    selected_platforms: Annotated[list[Platform], Field(max_length=10)] = []
    next_due_at: Annotated[Moment | None, ServerOwned()] = None
    """When the scheduler has to look at this campaign again."""

    rules: ClassVar[tuple[Rule, ...]] = (InOrder("schedule_start_date", "schedule_end_date"),)

    def _name_items(self, indexes: Iterable[int]) -> None:
        """See that every index names one item, and that no later item can get it again."""
        given = list(indexes)
        if len(set(given)) != len(given):
            raise ValueError("two items have the same index")
        self.next_index = max([self.next_index, *(each + 1 for each in given)])


class VideoCampaign(Campaign):
    """A list of ideas, the videos made of them, and when those appear."""

    video_mode: CampaignVideoMode
    video_ideas: Annotated[list[VideoIdea], Field(max_length=MAX_ITEMS)] = []
    item_statuses: Annotated[
        dict[ItemKey, VideoItemStatus], ServerOwned(), Field(max_length=MAX_ITEMS)
    ] = {}
    generated_video_ids: VideoIds = []
    campaign_settings: CampaignSettings = CampaignSettings()
    max_videos_per_day: Annotated[int, Field(ge=1, le=1_000)] = 1

    @model_validator(mode="after")
    def _ideas_have_names(self) -> Self:
        self._name_items(each.index for each in self.video_ideas)
        return self

    class Settings:
        name = "video_campaigns"
        pre_images = True
        indexes: ClassVar[list[IndexModel]] = [
            index("workspace_id", "status", "_id"),
            index("workspace_id", "_id"),
            index("created_by", "status", "_id"),
            index("status"),
            index("next_due_at"),
        ]


class StoryCampaign(Campaign):
    """A list of topics, the stories made of them, and when those appear."""

    template: StoryTemplate
    story_topics: Annotated[list[StoryTopic], Field(max_length=MAX_ITEMS)] = []
    item_statuses: Annotated[
        dict[ItemKey, StoryItemStatus], ServerOwned(), Field(max_length=MAX_ITEMS)
    ] = {}
    generated_story_ids: StoryIds = []
    campaign_settings: StoryCampaignSettings = StoryCampaignSettings()
    max_stories_per_day: Annotated[int, Field(ge=1, le=1_000)] = 1

    @model_validator(mode="after")
    def _topics_have_names(self) -> Self:
        self._name_items(each.index for each in self.story_topics)
        return self

    class Settings:
        name = "story_campaigns"
        pre_images = True
        indexes: ClassVar[list[IndexModel]] = [
            index("workspace_id", "status", "_id"),
            index("workspace_id", "_id"),
            index("created_by", "status", "_id"),
            index("status"),
            index("next_due_at"),
        ]


class Video(Record):
    """One video with the data of its seven steps; a campaign's, or made by hand."""

    workspace_id: Annotated[Id, Reference("workspaces"), Fixed()]
    created_by: Annotated[Id, Reference("users"), ServerOwned()]
    title: Title
    mode: VideoMode
    status: Annotated[ContentStatus, ServerOwned()] = "draft"
    step1_data: FreeMap = {}
    """Concept."""
    step2_data: FreeMap = {}
    """World building."""
    step3_data: FreeMap = {}
    """Scene flow."""
    step4_data: FreeMap = {}
    """Storyboard."""
    step5_data: FreeMap = {}
    """Preview."""
    step6_data: FreeMap = {}
    """Timeline."""
    step7_data: FreeMap = {}
    """Export."""
    export_url: Annotated[WebAddress | None, ServerOwned()] = None
    media_id: Annotated[Id | None, Reference("media", on_delete="clear"), ServerOwned()] = None
    thumbnail_url: Annotated[WebAddress | None, ServerOwned()] = None
    thumbnail_media_id: Annotated[
        Id | None, Reference("media", on_delete="clear"), ServerOwned()
    ] = None

    rules: ClassVar[tuple[Rule, ...]] = (
        RequiredUnless(("export_url",), "status", ("draft", "generating", "failed", "archived")),
    )

    class Settings:
        name = "videos"
        indexes: ClassVar[list[IndexModel]] = [
            index("workspace_id", "status", "_id"),
            index("workspace_id", "mode", "_id"),
            index("workspace_id", "_id"),
            index("created_by", "status", "_id"),
        ]


class PlatformState(Flexible):
    """Where a story stands on one platform."""

    status: PublicationStatus
    platform_post_id: Label | None = None
    platform_url: WebAddress | None = None
    published_at: Moment | None = None
    error: Line | None = None


class Story(Record):
    """One short story video; a campaign's, or made by hand."""

    workspace_id: Annotated[Id, Reference("workspaces"), Fixed()]
    created_by: Annotated[Id, Reference("users"), ServerOwned()]
    project_name: Title
    project_folder: Annotated[str | None, ServerOwned(), Field(max_length=1_024)] = None
    """The prefix of its files in the object store."""
    story_mode: StoryTemplate
    status: Annotated[ContentStatus, ServerOwned()] = "draft"
    video_url: Annotated[WebAddress | None, ServerOwned()] = None
    media_id: Annotated[Id | None, Reference("media", on_delete="clear"), ServerOwned()] = None
    thumbnail_url: Annotated[WebAddress | None, ServerOwned()] = None
    thumbnail_media_id: Annotated[
        Id | None, Reference("media", on_delete="clear"), ServerOwned()
    ] = None
    duration: Annotated[int, Field(ge=0, le=86_400)] | None = None
    """Seconds."""
    aspect_ratio: Ratio = "9:16"
    published_platforms: Annotated[dict[PlatformKey, PlatformState], ServerOwned()] = {}

    rules: ClassVar[tuple[Rule, ...]] = (
        RequiredUnless(("video_url",), "status", ("draft", "generating", "failed", "archived")),
    )

    class Settings:
        name = "stories"
        indexes: ClassVar[list[IndexModel]] = [
            index("workspace_id", "status", "_id"),
            index("workspace_id", "story_mode", "_id"),
            index("workspace_id", "_id"),
            index("created_by", "status", "_id"),
        ]
