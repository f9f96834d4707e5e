"""`GET /media/{id}/duplicates`: the same file again, and files that look or sound alike."""

from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from app.core.actor import CurrentActor, ScopeMissing, demand
from app.core.errors import Invalid, NotFound, NotSignedIn, Unavailable, documented
from app.core.parts import CurrentParts
from app.library.duplicates_keys import FIELDS, Alike, By, Traits, alike, tolerance, wanted_keys
from app.library.resources import MEDIA
from documents.base import Scope, StoredDocument, within
from documents.library import Media, MediaKind
from documents.values import Id

router = APIRouter(prefix="/media", tags=["library"])
MOST: Final = 100
MOST_CANDIDATES: Final = 5_000
"""How many files that share a key are compared: beyond it most are of one series."""
SHOWN: Final = ("kind", "project_id", "filename", "mime_type", "filesize", "thumbnail_url")


class Duplicate(BaseModel):
    """A file that is the same, or looks or sounds alike."""

    media_id: Id
    match: Literal["exact", "near"]
    by: By = Field(description="What was compared.")
    distance: float = Field(ge=0, le=1, description="0 is the same.")
    kind: MediaKind
    project_id: Id | None
    filename: str
    mime_type: str
    filesize: int
    thumbnail_url: str | None


class Duplicates(BaseModel):
    """Nearest first."""

    data: list[Duplicate]


@router.get(
    "/{id}/duplicates",
    operation_id="list_media_duplicates",
    responses=documented(NotFound, NotSignedIn, ScopeMissing, Invalid, Unavailable),
)
async def list_duplicates(
    id: Id,
    actor: CurrentActor,
    parts: CurrentParts,
    limit: Annotated[int, Query(ge=1, le=MOST)] = 20,
) -> Duplicates:
    """Other files of the same workspace with the same content, or that look or sound alike.

    Pictures are compared by a perceptual hash, films by frames, length and sound, sounds by how
    they go. A file that nobody looked at yet, or a picture of one plain colour, is only found by
    its content.
    """
    demand(actor, "read", Media.collection_name())
    scope = MEDIA.access.read(actor)
    fields = dict.fromkeys(("workspace_id", "sha256", *FIELDS), 1)
    media = await MEDIA.reading.fetched(parts, scope, id, fields)
    found = [*await _same(scope, media, limit), *await _alike(scope, media)]
    found.sort(key=lambda each: (each.match != "exact", each.distance, each.media_id))
    return Duplicates(data=found[:limit])


async def _same(scope: Scope, media: StoredDocument, limit: int) -> list[Duplicate]:
    """Files of the same content; served by the index over workspace and hash."""
    query = {**_others(media), "sha256": media["sha256"]}
    fields = dict.fromkeys(SHOWN, 1)
    rows = Media.collection().find(within(scope, query), fields, sort=[("_id", 1)], limit=limit)
    return [_duplicate(row, "exact", Alike("content", 0.0)) async for row in rows]


async def _alike(scope: Scope, media: StoredDocument) -> list[Duplicate]:
    """Files that share a key with this one and stand the exact comparison."""
    traits = Traits.of(media)
    keys = wanted_keys(traits)
    if not keys:
        return []
    query = {
        **_others(media),
        **_of_its_length(traits),
        "kind": traits.kind,
        "likeness": {"$in": keys},
        "sha256": {"$ne": media["sha256"]},
    }
    fields = dict.fromkeys((*FIELDS, *SHOWN), 1)
    rows = Media.collection().find(within(scope, query), fields, limit=MOST_CANDIDATES)
    return [_duplicate(row, "near", how) async for row in rows if (how := _how(traits, row))]


def _how(traits: Traits, row: StoredDocument) -> Alike | None:
    return alike(traits, Traits.of(row))


def _others(media: StoredDocument) -> StoredDocument:
    return {"workspace_id": media["workspace_id"], "_id": {"$ne": media["_id"]}}


def _of_its_length(traits: Traits) -> StoredDocument:
    """Rules out most of what only shares a key, before it leaves the store."""
    if traits.seconds is None or traits.kind == "image":
        return {}
    least = traits.seconds - tolerance(traits.seconds)
    most = traits.seconds + 2 * tolerance(traits.seconds)
    return {"technical_data.duration": {"$gte": least, "$lte": most}}


def _duplicate(row: StoredDocument, match: Literal["exact", "near"], how: Alike) -> Duplicate:
    shown: dict[str, Any] = {name: row.get(name) for name in SHOWN}
    return Duplicate(media_id=row["_id"], match=match, by=how.by, distance=how.distance, **shown)
