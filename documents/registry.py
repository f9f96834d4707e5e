"""Every collection, once."""

from documents.ads import AdAsset, AdSession
from documents.assistant import MessageBucket, Session
from documents.base import Record
from documents.campaigns import Story, StoryCampaign, Video, VideoCampaign
from documents.channels import (
    AudioTrack,
    BackgroundImage,
    Channel,
    RenderTask,
    VideoAnalytics,
    VideoJob,
)
from documents.factory import (
    ABTest,
    AssembledContent,
    GeneratedImage,
    GeneratedVideo,
    PerformanceMetric,
    ProductDossier,
    PublishedContent,
    ScoringConfig,
    Script,
)
from documents.films import Character, Episode, Project
from documents.identity import (
    ApiKey,
    AuditChain,
    AuditEntry,
    Invitation,
    LoginSession,
    OneTimeToken,
    User,
    Workspace,
)
from documents.ledger import Budget, GenerationCost
from documents.library import EmbeddingSpace, Media
from documents.production import (
    ArchivedTask,
    Pipeline,
    PromptExecution,
    PromptTemplate,
    Task,
    WebsocketConnection,
)
from documents.publishing import Publication
from documents.requests import IdempotentRequest
from documents.reviews import ReviewComment, ReviewLink, ScriptVersion
from documents.scenes import Scene
from documents.telling import Notification, TellerPlace, Webhook, WebhookDelivery
from documents.uploads import MediaLink, ObjectRemoval, Upload, Usage

MODELS: tuple[type[Record], ...] = (
    # identity
    User,
    Workspace,
    ApiKey,
    LoginSession,
    OneTimeToken,
    Invitation,
    AuditEntry,
    AuditChain,
    # films
    Project,
    Episode,
    Character,
    Scene,
    ScriptVersion,
    ReviewLink,
    ReviewComment,
    # library
    Media,
    EmbeddingSpace,
    Upload,
    MediaLink,
    Usage,
    ObjectRemoval,
    # production
    Pipeline,
    Task,
    ArchivedTask,
    PromptTemplate,
    PromptExecution,
    GenerationCost,
    Budget,
    WebsocketConnection,
    # assistant
    Session,
    MessageBucket,
    # campaigns
    VideoCampaign,
    StoryCampaign,
    Video,
    Story,
    # channels
    Channel,
    VideoJob,
    AudioTrack,
    BackgroundImage,
    RenderTask,
    VideoAnalytics,
    # ads
    AdSession,
    AdAsset,
    # factory
    ProductDossier,
    GeneratedImage,
    GeneratedVideo,
    Script,
    AssembledContent,
    PublishedContent,
    PerformanceMetric,
    ScoringConfig,
    ABTest,
    # publishing
    Publication,
    # telling
    Webhook,
    WebhookDelivery,
    Notification,
    TellerPlace,
    # requests
    IdempotentRequest,
)

COLLECTIONS: dict[str, type[Record]] = {model.collection_name(): model for model in MODELS}
