"""Files on their way in and out: uploads, public links, and what a workspace has used."""

from typing import Annotated, ClassVar, Final, Literal, TypeAlias

from pydantic import Field
from pymongo import IndexModel

from documents.base import Embedded, Fixed, Inherited, Record, Reference, Secret, ServerOwned, index
from documents.library import MediaType
from documents.values import Count, Id, Label, Line, Moment, Seconds, Text, Title

Way: TypeAlias = Literal["put", "multipart", "stream", "import"]
"""Straight to the store in one request or in parts, through the API, or fetched from an address."""
UploadState: TypeAlias = Literal["open", "checking", "completed", "failed", "cancelled", "expired"]
UNDER_WAY: Final[tuple[UploadState, ...]] = ("open", "checking")
Sha256: TypeAlias = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Key: TypeAlias = Annotated[str | None, ServerOwned(), Secret(), Field(max_length=1024)]
DAY_SECONDS: Final = 24 * 3600


class UploadFailure(Embedded):
    """Why no file came of an upload."""

    code: Label
    detail: Line


class Upload(Record):
    """The intent to bring a file in: written before the first byte, and what became of it."""

    workspace_id: Annotated[Id, Reference("workspaces", on_delete="cascade"), Fixed()]
    project_id: Annotated[Id | None, Reference("projects", on_delete="cascade"), Fixed()] = None
    created_by: Annotated[Id | None, Reference("users", on_delete="clear"), ServerOwned()] = None

    filename: Annotated[Title, Fixed()]
    filesize: Annotated[Count | None, Fixed()] = None
    """Bytes; None where nobody can know before they are there."""
    mime_type: Annotated[Label, Fixed()] = "application/octet-stream"
    """What the sender takes it for; what the media record says is told by the content."""
    sha256: Annotated[Sha256 | None, Fixed()] = None
    """What the sender promises."""
    media_type: Annotated[MediaType, Fixed()] = "upload"
    alt: Annotated[Line, Fixed()] = ""
    description: Annotated[Text, Fixed()] = ""
    tags: Annotated[list[Label], Fixed(), Field(max_length=200)] = []

    way: Annotated[Way, ServerOwned()] = "put"
    source_url: Annotated[str | None, ServerOwned(), Field(max_length=2_048)] = None
    part_size: Annotated[Count | None, ServerOwned()] = None
    """Bytes of each part but the last, where it comes in parts."""
    state: Annotated[UploadState, ServerOwned()] = "open"
    failure: Annotated[UploadFailure | None, ServerOwned()] = None
    media_id: Annotated[Id | None, Reference("media", on_delete="clear"), ServerOwned()] = None
    expires_at: Annotated[Moment, ServerOwned()]
    """It is given up when it has not come in by then."""
    ended_at: Annotated[Moment | None, ServerOwned()] = None

    reserved: Annotated[Count, ServerOwned()] = 0
    """Bytes that count as used while it is under way."""
    staging_key: Key = None
    """Where the sender puts it in the store, until it is checked."""
    storage_key: Key = None
    """Where it belongs. While this is set the object there is in use."""
    store_upload_id: Key = None
    """The store's name for an upload in parts."""
    part_checksums: Annotated[
        dict[str, str], ServerOwned(), Secret(), Field(max_length=10_000)
    ] = {}
    """SHA-256 in base64 of the parts by their numbers, as their links were asked for: the store
    wants to be told again when it puts them together."""

    class Settings:
        name = "uploads"
        indexes: ClassVar[list[IndexModel]] = [
            index("workspace_id", "_id"),
            index("project_id", "_id"),
            index("workspace_id", "state", "_id"),
            index("state", "expires_at"),
            index("staging_key"),
            index("storage_key"),
            index("ended_at", expire_after=30 * DAY_SECONDS),
        ]


class MediaLink(Record):
    """A public link to one file: who has it needs no account. Deleting it revokes it."""

    workspace_id: Annotated[Id, Reference("workspaces", on_delete="cascade"), Inherited("media_id")]
    project_id: Annotated[
        Id | None, Reference("projects", on_delete="cascade"), Inherited("media_id")
    ] = None
    media_id: Annotated[Id, Reference("media", on_delete="cascade"), Fixed()]
    created_by: Annotated[Id | None, Reference("users", on_delete="clear"), ServerOwned()] = None
    download: Annotated[bool, Fixed()] = False
    """Whether browsers are told to save the file instead of showing it."""
    expires_at: Annotated[Moment, Fixed()]

    class Settings:
        name = "media_links"
        indexes: ClassVar[list[IndexModel]] = [
            index("workspace_id", "_id"),
            index("project_id", "_id"),
            index("media_id", "_id"),
            index("expires_at", expire_after=30 * DAY_SECONDS),
        ]


class Usage(Record):
    """What a workspace has used: counted at one moment, and kept up from there."""

    workspace_id: Annotated[Id, Reference("workspaces", on_delete="cascade"), ServerOwned()]
    stored_bytes: Annotated[Count, ServerOwned()] = 0
    """Of its files, the same content once; those in the trash are among them."""
    reserved_bytes: Annotated[Count, ServerOwned()] = 0
    """Of uploads under way."""
    seconds: Annotated[Seconds, ServerOwned()] = 0
    """Length of its sound and video together."""
    calls: Annotated[Count, ServerOwned()] = 0
    """Calls of models in the month."""
    month: Annotated[str, ServerOwned(), Field(max_length=7)] = ""
    """The month of `calls` in UTC, such as `2026-11`."""
    counted_at: Annotated[Moment | None, ServerOwned()] = None
    """When it was last counted from the records themselves."""

    class Settings:
        name = "usage"
        indexes: ClassVar[list[IndexModel]] = [index("workspace_id", unique=True)]


class ObjectRemoval(Record):
    """An object that is being deleted in these moments: nobody may begin to rely on it."""

    key: Annotated[str, ServerOwned(), Field(max_length=1024)]

    class Settings:
        name = "object_removals"
        indexes: ClassVar[list[IndexModel]] = [
            index("key", "created_at"),
            index("created_at", expire_after=DAY_SECONDS),
        ]
