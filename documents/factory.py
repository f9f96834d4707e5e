"""The content factory: from a product's dossier to posts, their numbers, and what wins."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated, ClassVar, Final, Literal, Self, TypeAlias

from pydantic import Field, model_validator
from pymongo import IndexModel

from documents.base import (
    Computed,
    Fixed,
    Flexible,
    Inherited,
    Record,
    Reference,
    ServerOwned,
    index,
    unique_among_living,
    unique_where_given,
)
from documents.publishing import Hashtag, Platform, Slug, WebAddress, slug_of
from documents.rules import InOrder, RequiredUnless, Rule, SumsTo
from documents.values import Count, Day, FreeMap, Id, Label, Line, Moment, Title, decimal, now

DossierStatus = Literal["draft", "active", "archived"]
ImageType = Literal["before", "after", "product", "lifestyle"]
VideoType = Literal["reveal", "demo", "transition", "testimonial"]
VideoRatio = Literal["9:16", "16:9", "1:1", "4:5"]
GenerationStatus = Literal["pending", "generating", "completed", "failed"]
AssemblyStatus = Literal["draft", "rendering", "ready", "published", "failed"]
PromotionStatus = Literal["none", "pending", "active", "completed", "failed"]
TestStatus = Literal["draft", "running", "completed", "cancelled"]
UNMADE: Final = ("draft", "rendering", "failed")
UNFINISHED: Final = ("pending", "generating", "failed")
"""The states in which there may be no file yet."""

FiveLevels = Annotated[int, Field(ge=1, le=5)]
Prompt = Annotated[str, Field(min_length=1, max_length=20_000)]
ScriptPart = Annotated[str, Field(max_length=100_000)]
Price: TypeAlias = decimal(10, 2, ge=0)  # type: ignore[valid-type]
Confidence: TypeAlias = decimal(3, 2, ge=0, le=1)  # type: ignore[valid-type]
Rate: TypeAlias = decimal(22, 4, ge=0)  # type: ignore[valid-type]
"""May be above 1: a viewer can like, comment, share and save."""

OfDossier: TypeAlias = Annotated[Id, Reference("cf_product_dossiers", on_delete="cascade"), Fixed()]
Tenant: TypeAlias = Annotated[Id, Reference("workspaces"), ServerOwned(), Inherited("dossier_id")]
FileMedia: TypeAlias = Annotated[Id | None, Reference("media", on_delete="clear"), ServerOwned()]
SourceImage: TypeAlias = Annotated[Id | None, Reference("cf_generated_images", on_delete="clear")]
ComparedPost: TypeAlias = Annotated[
    Id | None,
    Reference("cf_published_content", on_delete="clear", restrict_while={"status": "running"}),
]


def rate(part: int, whole: int) -> Decimal:
    """The ratio, rounded half-up to 4 places; 0 of nothing."""
    ratio = Decimal(part) / whole if whole > 0 else Decimal(0)
    return ratio.quantize(Decimal("0.0001"), ROUND_HALF_UP)


class ProductDossier(Record):
    """What is known about a product: all its content starts here."""

    workspace_id: Annotated[Id, Reference("workspaces"), Fixed()]
    created_by: Annotated[Id, Reference("users"), ServerOwned()]
    name: Title
    slug: Slug = Field(default_factory=lambda fields: slug_of(fields["name"]))
    benefits: Annotated[list[Line], Field(max_length=100)] = []
    pain_points: Annotated[list[Line], Field(max_length=100)] = []
    proof_types: Annotated[list[Label], Field(max_length=20)] = ["before_after"]
    """Such as `before_after`, `testimonial` or `demo`."""
    target_audience: Line | None = None
    category: Label | None = None
    niche: Label | None = None
    price: Price | None = None
    """US dollars."""
    tiktok_shop_url: WebAddress | None = None
    affiliate_link: WebAddress | None = None
    status: DossierStatus = "draft"

    class Settings:
        name = "cf_product_dossiers"
        indexes: ClassVar[list[IndexModel]] = [
            unique_among_living("workspace_id", "slug"),
            index("workspace_id", "status", "_id"),
            index("workspace_id", "category", "_id"),
            index("workspace_id", "-created_at", "_id"),
            index("workspace_id", "_id"),
            index("created_by", "_id"),
        ]


class FileMetadata(Flexible):
    """What is known of a generated file; `file_size` in bytes."""

    width: Count | None = None
    height: Count | None = None
    file_size: Count | None = None


class ImageMetadata(FileMetadata):
    """`generation_time` in seconds."""

    format: Label | None = None
    remotion_version: Label | None = None
    generation_time: Annotated[float, Field(ge=0)] | None = None


class VideoMetadata(FileMetadata):
    """`duration` in seconds, as measured; `bitrate` such as `5000k`."""

    fps: Annotated[float, Field(gt=0)] | None = None
    codec: Label | None = None
    bitrate: Label | None = None
    duration: Annotated[float, Field(ge=0)] | None = None


class Generated(Record):
    """What an image and a clip share: the order to the provider, and where it stands."""

    dossier_id: OfDossier
    workspace_id: Tenant
    prompt: Prompt
    remotion_job_id: Annotated[Label | None, ServerOwned()] = None
    media_id: FileMedia = None
    status: Annotated[GenerationStatus, ServerOwned()] = "pending"


GENERATED_INDEXES: Final = [
    index("dossier_id", "type", "_id"),
    index("workspace_id", "type", "_id"),
    index("workspace_id", "status", "_id"),
    index("workspace_id", "_id"),
    index("remotion_job_id", where={"remotion_job_id": {"$gt": ""}}),
    index("created_at", where={"status": "pending"}),
]


class GeneratedImage(Generated):
    """A picture of the product, or of the time before and after it."""

    type: ImageType
    model: Title = "nano-banana"
    image_url: Annotated[WebAddress | None, ServerOwned()] = None
    metadata: Annotated[ImageMetadata, ServerOwned()] = ImageMetadata()

    rules: ClassVar[tuple[Rule, ...]] = (RequiredUnless(("image_url",), "status", UNFINISHED),)

    class Settings:
        name = "cf_generated_images"
        indexes: ClassVar[list[IndexModel]] = GENERATED_INDEXES


class GeneratedVideo(Generated):
    """A short clip, often begun from a generated image."""

    source_image_id: SourceImage = None
    type: VideoType
    model: Title = "veo-3.1"
    duration: Annotated[int, Field(gt=0, le=86_400)] | None = None
    """Seconds, as wished."""
    aspect_ratio: VideoRatio = "9:16"
    video_url: Annotated[WebAddress | None, ServerOwned()] = None
    metadata: Annotated[VideoMetadata, ServerOwned()] = VideoMetadata()

    rules: ClassVar[tuple[Rule, ...]] = (RequiredUnless(("video_url",), "status", UNFINISHED),)

    class Settings:
        name = "cf_generated_videos"
        indexes: ClassVar[list[IndexModel]] = GENERATED_INDEXES


class Script(Record):
    """What is said, for one of Eugene Schwartz's five levels of awareness."""

    dossier_id: OfDossier
    workspace_id: Tenant
    awareness_level: FiveLevels
    """1 unaware, 2 of the problem, 3 of solutions, 4 of the product, 5 of everything."""
    market_sophistication: FiveLevels | None = None
    hook: ScriptPart
    body: ScriptPart
    cta: ScriptPart
    full_script: Annotated[str, Computed()] = ""
    estimated_duration: Annotated[int, Field(ge=0, le=86_400)] | None = None
    """Seconds to read it aloud."""

    @model_validator(mode="after")
    def _join_parts(self) -> Self:
        self.full_script = f"{self.hook}\n\n{self.body}\n\n{self.cta}"
        return self

    class Settings:
        name = "cf_scripts"
        indexes: ClassVar[list[IndexModel]] = [
            unique_where_given(
                "workspace_id",
                "dossier_id",
                "awareness_level",
                "market_sophistication",
                given="market_sophistication",
                kind="number",
            ),
            index("dossier_id", "awareness_level", "_id"),
            index("workspace_id", "awareness_level", "_id"),
            index("workspace_id", "_id"),
        ]


class AssemblyMetadata(Flexible):
    """How the parts are put together."""

    template: Label | None = None
    caption_style: Label | None = None
    font_family: Label | None = None
    music_track: Label | None = None
    render_settings: FreeMap = {}


class AssembledContent(Record):
    """Clips, images and script made into one video for one platform."""

    dossier_id: OfDossier
    workspace_id: Tenant
    script_id: Annotated[Id | None, Reference("cf_scripts", on_delete="clear")] = None
    video_ids: Annotated[
        list[Id], Reference("cf_generated_videos", on_delete="clear"), Field(max_length=200)
    ] = []
    image_ids: Annotated[
        list[Id], Reference("cf_generated_images", on_delete="clear"), Field(max_length=200)
    ] = []
    platform: Platform
    caption: Annotated[str, Field(max_length=10_000)] | None = None
    hashtags: Annotated[list[Hashtag], Field(max_length=100)] = []
    compliance_disclosure: Line | None = None
    remotion_render_id: Annotated[Label | None, ServerOwned()] = None
    final_video_url: Annotated[WebAddress | None, ServerOwned()] = None
    media_id: FileMedia = None
    status: Annotated[AssemblyStatus, ServerOwned()] = "draft"
    metadata: AssemblyMetadata = AssemblyMetadata()

    rules: ClassVar[tuple[Rule, ...]] = (RequiredUnless(("final_video_url",), "status", UNMADE),)

    class Settings:
        name = "cf_assembled_content"
        indexes: ClassVar[list[IndexModel]] = [
            index("dossier_id", "_id"),
            index("workspace_id", "status", "_id"),
            index("workspace_id", "platform", "_id"),
            index("workspace_id", "_id"),
            index("remotion_render_id", where={"remotion_render_id": {"$gt": ""}}),
        ]


class PublishedContent(Record):
    """A post that exists, and its paid promotion."""

    assembled_content_id: Annotated[
        Id, Reference("cf_assembled_content", on_delete="cascade"), Fixed()
    ]
    workspace_id: Annotated[
        Id, Reference("workspaces"), ServerOwned(), Inherited("assembled_content_id")
    ]
    publication_id: Annotated[
        Id | None, Reference("publications", on_delete="clear"), ServerOwned()
    ] = None
    platform: Annotated[Platform, Fixed()]
    platform_post_id: Label | None = None
    platform_url: WebAddress | None = None
    promotion_budget: Price | None = None
    promotion_status: PromotionStatus | None = None
    promotion_started_at: Moment | None = None
    promotion_ended_at: Moment | None = None
    published_at: Moment = Field(default_factory=now)

    rules: ClassVar[tuple[Rule, ...]] = (InOrder("promotion_started_at", "promotion_ended_at"),)

    class Settings:
        name = "cf_published_content"
        indexes: ClassVar[list[IndexModel]] = [
            unique_where_given(
                "workspace_id", "publication_id", given="publication_id", kind="objectId"
            ),
            index("assembled_content_id", "_id"),
            index("workspace_id", "platform", "platform_post_id"),
            index("workspace_id", "promotion_status", "_id"),
            index("workspace_id", "-published_at", "_id"),
            index("workspace_id", "_id"),
        ]


class PerformanceMetric(Record):
    """What the platform counted for one post on one day."""

    published_content_id: Annotated[
        Id, Reference("cf_published_content", on_delete="cascade"), Fixed()
    ]
    workspace_id: Annotated[
        Id, Reference("workspaces"), ServerOwned(), Inherited("published_content_id")
    ]
    date: Annotated[Day, Fixed()]
    views: Count = 0
    likes: Count = 0
    comments: Count = 0
    shares: Count = 0
    saves: Count = 0
    clicks: Count = 0
    conversions: Count = 0
    spend: Price = Decimal("0")
    engagement_rate: Annotated[Rate, Computed()] = Decimal("0.0000")
    """Likes, comments, shares and saves for each view."""
    ctr: Annotated[Rate, Computed()] = Decimal("0.0000")
    """Clicks for each view."""

    @model_validator(mode="after")
    def _compute_rates(self) -> Self:
        engaged = self.likes + self.comments + self.shares + self.saves
        self.engagement_rate = rate(engaged, self.views)
        self.ctr = rate(self.clicks, self.views)
        return self

    class Settings:
        name = "cf_performance_metrics"
        indexes: ClassVar[list[IndexModel]] = [
            unique_among_living("workspace_id", "published_content_id", "date"),
            index("published_content_id", "-date"),
            index("workspace_id", "-date", "_id"),
            index("workspace_id", "-engagement_rate", where={"views": {"$gt": 1_000}}),
            index("workspace_id", "-ctr", where={"views": {"$gt": 1_000}}),
            index("workspace_id", "_id"),
        ]


Weight = Annotated[float, Field(ge=0, le=1)]


class Weights(Flexible):
    """How much each number counts; together they are 1."""

    __pydantic_extra__: dict[str, Weight]

    engagement: Weight = 0
    ctr: Weight = 0
    conversions: Weight = 0


class ScoringConfig(Record):
    """How winners are found. One of a workspace's is active."""

    workspace_id: Annotated[Id, Reference("workspaces"), Fixed()]
    created_by: Annotated[Id, Reference("users"), ServerOwned()]
    name: Title
    weights: Annotated[
        Weights, Field(examples=[{"engagement": 0.4, "ctr": 0.3, "conversions": 0.3}])
    ]
    min_views_threshold: Count = 1_000
    active: Annotated[bool, ServerOwned()] = False

    rules: ClassVar[tuple[Rule, ...]] = (SumsTo("weights", Decimal(1)),)

    class Settings:
        name = "cf_scoring_config"
        indexes: ClassVar[list[IndexModel]] = [
            index("workspace_id", unique=True, where={"active": True, "deleted_at": None}),
            index("workspace_id", "_id"),
        ]


class Variant(Flexible):
    """One of the posts that a test compares."""

    label: Title
    assembled_content_id: Annotated[
        Id,
        Reference("cf_assembled_content", on_delete="clear", restrict_while={"status": "running"}),
    ]
    published_content_id: ComparedPost = None
    budget: Price | None = None


class ABTest(Record):
    """A comparison of variants of one piece of content."""

    workspace_id: Annotated[Id, Reference("workspaces"), Fixed()]
    created_by: Annotated[Id, Reference("users"), ServerOwned()]
    name: Title
    variants: Annotated[list[Variant], Field(max_length=20)]
    status: Annotated[TestStatus, ServerOwned()] = "draft"
    winner_id: Annotated[ComparedPost, ServerOwned()] = None
    confidence: Annotated[Confidence | None, ServerOwned()] = None
    started_at: Annotated[Moment | None, ServerOwned()] = None
    completed_at: Annotated[Moment | None, ServerOwned()] = None

    rules: ClassVar[tuple[Rule, ...]] = (InOrder("started_at", "completed_at"),)

    class Settings:
        name = "cf_ab_tests"
        indexes: ClassVar[list[IndexModel]] = [
            index("workspace_id", "status", "_id"),
            index("workspace_id", "_id"),
        ]
