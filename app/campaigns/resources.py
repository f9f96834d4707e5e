"""The plain routes of campaigns and what they make."""

from typing import Final

from app.core.access import SHARED
from app.core.resource import PLAIN, Resource
from documents.campaigns import Story, StoryCampaign, Video, VideoCampaign

LINE: Final = "campaigns"
RESOURCES: Final = (
    Resource(
        VideoCampaign,
        path="video-campaigns",
        line=LINE,
        access=SHARED,
        filters=("workspace_id", "status"),
        verbs=PLAIN,
    ),
    Resource(
        StoryCampaign,
        path="story-campaigns",
        line=LINE,
        access=SHARED,
        filters=("workspace_id", "status"),
        verbs=PLAIN,
    ),
    Resource(
        Video,
        path="videos",
        line=LINE,
        access=SHARED,
        filters=("workspace_id", "status", "mode"),
        verbs=PLAIN,
    ),
    Resource(
        Story,
        path="stories",
        line=LINE,
        access=SHARED,
        filters=("workspace_id", "status", "story_mode"),
        verbs=PLAIN,
    ),
)
