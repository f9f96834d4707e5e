"""Publishing: one record for every post that is meant to exist, written before anything leaves."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2s
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field
from pymongo import IndexModel

from documents.base import (
    Embedded,
    Fixed,
    Record,
    Reference,
    ServerOwned,
    index,
    unique_among_living,
)
from documents.rules import RequiredUnless, Rule
from documents.secrets import CiphertextOrNone
from documents.values import Count, Id, Label, Line, Moment

Platform = Literal["youtube", "tiktok", "instagram", "facebook"]
Publisher = Literal["youtube", "tiktok", "instagram", "facebook", "showroom", "export"]
"""Who posts. The showroom is a page of our own; it stands in for the intended platform. `export`
puts all that a post needs into a folder, from which a person uploads it."""
PublicationStatus = Literal["intended", "posting", "processing", "published", "failed", "unknown"]

WebAddress = Annotated[str, Field(max_length=2_048, pattern=r"^(https?://|/)[^\s]*$")]
"""An address that a page may link to: on the web, or ours from the root (never a script)."""


def _without_sign(value: Any) -> Any:
    return value.removeprefix("#") if isinstance(value, str) else value


Hashtag = Annotated[
    str, Field(pattern=r"^[^#\s]+$", max_length=150), BeforeValidator(_without_sign)
]
"""One word, kept without its `#`."""

Slug = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=255)]
"""A name as part of an address."""


def slug_of(name: str) -> str:
    """The name as a slug: its ASCII words joined by hyphens.

    A name without any gets a hash of itself, so that it has a stable slug as well.
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = "-".join(re.findall(r"[a-z0-9]+", plain))[:200].rstrip("-")
    return slug or blake2s(name.encode(), digest_size=6).hexdigest()


@dataclass(frozen=True, slots=True)
class AtMostOneOf:
    """No more than one of these ids is given."""

    fields: tuple[str, ...]

    def problem(self, record: Any) -> str | None:
        given = [each for each in self.fields if getattr(record, each) is not None]
        return f"only one may be given of {', '.join(given)}" if len(given) > 1 else None

    def query(self) -> dict[str, Any]:
        ids: Sequence[str] = [f"${each}" for each in self.fields]
        given = {"$setDifference": [ids, [None]]}
        return {"$expr": {"$lte": [{"$size": given}, 1]}}


class PublicationLease(Embedded):
    """Who may speak to the platform now; `fence` grows with every lease."""

    worker_id: Label
    until: Moment
    fence: Count


class PublicationError(Embedded):
    """Why the last try did not end in a post."""

    code: Label
    message: Line
    permanent: bool = False
    """Another try would end the same way."""


class PublicationTry(Embedded):
    """One step that was tried, for people who look into a failure."""

    at: Moment
    attempt: Count
    step: Literal["upload", "post", "check", "reconcile"]
    outcome: Literal["done", "failed", "unknown"]
    detail: Line = ""


class Publication(Record):
    """One intended post, from the intent to its address on the platform.

    What it shows and what it was meant for stay as long as the intent is open; afterwards they may
    be deleted, and the record that something was posted remains.
    """

    workspace_id: Annotated[Id, Reference("workspaces"), Fixed()]
    created_by: Annotated[Id, Reference("users"), ServerOwned()]

    episode_id: Annotated[
        Id | None,
        Reference("episodes", on_delete="clear", restrict_while={"status": "intended"}),
        Fixed(),
    ] = None
    video_id: Annotated[
        Id | None,
        Reference("videos", on_delete="clear", restrict_while={"status": "intended"}),
        Fixed(),
    ] = None
    story_id: Annotated[
        Id | None,
        Reference("stories", on_delete="clear", restrict_while={"status": "intended"}),
        Fixed(),
    ] = None
    video_job_id: Annotated[
        Id | None,
        Reference("video_jobs", on_delete="clear", restrict_while={"status": "intended"}),
        Fixed(),
    ] = None
    asset_id: Annotated[
        Id | None,
        Reference("assets", on_delete="clear", restrict_while={"status": "intended"}),
        Fixed(),
    ] = None
    assembled_content_id: Annotated[
        Id | None,
        Reference("cf_assembled_content", on_delete="clear", restrict_while={"status": "intended"}),
        Fixed(),
    ] = None
    media_id: Annotated[
        Id | None,
        Reference("media", on_delete="clear", restrict_while={"status": "intended"}),
        Fixed(),
    ]
    """The file that is posted."""

    video_campaign_id: Annotated[
        Id | None, Reference("video_campaigns", on_delete="clear"), ServerOwned()
    ] = None
    story_campaign_id: Annotated[
        Id | None, Reference("story_campaigns", on_delete="clear"), ServerOwned()
    ] = None
    item_index: Annotated[Count | None, ServerOwned()] = None
    """The campaign's item that this post is for."""

    publisher: Annotated[Publisher, Fixed()]
    platform: Annotated[Platform, Fixed()]
    channel_id: Annotated[Id | None, Reference("channels", on_delete="clear"), Fixed()] = None
    """The channel whose credentials serve; without it `account_id` says which connection."""
    account_id: Annotated[Label | None, Fixed()] = None
    idempotency_key: Annotated[str, ServerOwned(), Field(min_length=1, max_length=255)]
    title: Label = ""
    caption: Annotated[str, Field(max_length=10_000)] = ""
    hashtags: Annotated[list[Hashtag], Field(max_length=100)] = []
    scheduled_at: Moment | None = None
    """None: as soon as a worker is free."""

    status: Annotated[PublicationStatus, ServerOwned()] = "intended"
    attempts: Annotated[Count, ServerOwned()] = 0
    lease: Annotated[PublicationLease | None, ServerOwned()] = None
    fence: Annotated[Count, ServerOwned()] = 0
    """How often a lease was given."""
    upload_session_url: Annotated[CiphertextOrNone, ServerOwned()] = None
    """Where an interrupted upload goes on; whoever knows it may upload."""
    platform_upload_id: Annotated[Label | None, ServerOwned()] = None
    """What the platform calls the upload before there is a post; a lost post is found by it."""
    platform_post_id: Annotated[Label | None, ServerOwned()] = None
    platform_url: Annotated[WebAddress | None, ServerOwned()] = None
    published_at: Annotated[Moment | None, ServerOwned()] = None
    error: Annotated[PublicationError | None, ServerOwned()] = None
    log: Annotated[list[PublicationTry], ServerOwned(), Field(max_length=50)] = []

    rules: ClassVar[tuple[Rule, ...]] = (
        AtMostOneOf(
            (
                "episode_id",
                "video_id",
                "story_id",
                "video_job_id",
                "asset_id",
                "assembled_content_id",
            )
        ),
        AtMostOneOf(("video_campaign_id", "story_campaign_id")),
        RequiredUnless(
            ("media_id",), "status", ("posting", "processing", "published", "failed", "unknown")
        ),
        RequiredUnless(
            ("published_at",), "status", ("intended", "posting", "processing", "failed", "unknown")
        ),
    )

    class Settings:
        name = "publications"
        pre_images = True
        indexes: ClassVar[list[IndexModel]] = [
            unique_among_living("workspace_id", "idempotency_key"),
            index("workspace_id", "status", "_id"),
            index("workspace_id", "scheduled_at", "_id"),
            index("workspace_id", "_id"),
            index("workspace_id", "platform", "platform_post_id"),
            index("scheduled_at", where={"status": "intended"}),
            index("lease.until", where={"status": "posting"}),
            index("updated_at", where={"status": {"$in": ["processing", "unknown"]}}),
        ]
