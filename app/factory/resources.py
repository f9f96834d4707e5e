"""The plain routes of the factory."""

from typing import Final

from app.core.access import SHARED
from app.core.resource import PLAIN, Resource
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

LINE: Final = "factory"
RESOURCES: Final = (
    Resource(
        ProductDossier,
        path="product-dossiers",
        line=LINE,
        access=SHARED,
        filters=("workspace_id", "status", "category"),
        sorts=("created_at",),
        verbs=PLAIN,
    ),
    Resource(
        GeneratedImage,
        path="generated-images",
        line=LINE,
        access=SHARED,
        filters=("workspace_id", "dossier_id", "type", "status"),
    ),
    Resource(
        GeneratedVideo,
        path="generated-videos",
        line=LINE,
        access=SHARED,
        filters=("workspace_id", "dossier_id", "type", "status"),
    ),
    Resource(
        Script,
        path="scripts",
        line=LINE,
        access=SHARED,
        filters=("workspace_id", "dossier_id", "awareness_level"),
        verbs=PLAIN,
    ),
    Resource(
        AssembledContent,
        path="assembled-content",
        line=LINE,
        access=SHARED,
        filters=("workspace_id", "dossier_id", "status", "platform"),
    ),
    Resource(
        PublishedContent,
        path="published-content",
        line=LINE,
        access=SHARED,
        filters=("workspace_id", "assembled_content_id", "promotion_status"),
    ),
    Resource(
        PerformanceMetric,
        path="performance-metrics",
        line=LINE,
        access=SHARED,
        filters=("workspace_id", "published_content_id"),
        sorts=("date",),
        verbs=PLAIN,
    ),
    Resource(
        ScoringConfig,
        path="scoring-configs",
        line=LINE,
        access=SHARED,
        filters=("workspace_id",),
        verbs=PLAIN,
    ),
    Resource(
        ABTest,
        path="ab-tests",
        line=LINE,
        access=SHARED,
        filters=("workspace_id", "status"),
        verbs=PLAIN,
    ),
)
