"""The plain routes of channels, and of what their jobs make."""

from typing import Final

from app.core.access import SHARED
from app.core.resource import PLAIN, Resource
from documents.channels import (
    AudioTrack,
    BackgroundImage,
    Channel,
    RenderTask,
    VideoAnalytics,
    VideoJob,
)

LINE: Final = "channels"
RESOURCES: Final = (
    Resource(
        Channel,
        path="channels",
        line=LINE,
        access=SHARED,
        filters=("workspace_id", "is_active"),
        sorts=("created_at",),
        verbs=PLAIN,
    ),
    Resource(
        VideoJob,
        path="video-jobs",
        line=LINE,
        access=SHARED,
        filters=("workspace_id", "channel_id", "status"),
        sorts=("created_at",),
        verbs=PLAIN,
    ),
    Resource(
        AudioTrack,
        path="audio-tracks",
        line=LINE,
        access=SHARED,
        filters=("workspace_id", "video_job_id"),
        sorts=("order_index",),
    ),
    Resource(
        BackgroundImage,
        path="images",
        line=LINE,
        access=SHARED,
        filters=("workspace_id",),
    ),
    Resource(
        RenderTask,
        path="render-tasks",
        line=LINE,
        access=SHARED,
        filters=("workspace_id", "video_job_id", "status"),
        sorts=("created_at",),
    ),
    Resource(
        VideoAnalytics,
        path="video-analytics",
        line=LINE,
        access=SHARED,
        filters=("workspace_id", "video_job_id"),
        sorts=("snapshot_date",),
    ),
)
