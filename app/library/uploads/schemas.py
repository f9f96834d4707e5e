"""What clients say and are told about uploads."""

from datetime import datetime
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from app.core.schemas import create_schema, read_schema
from app.core.storage import LARGEST_UPLOAD
from documents.library import Media, MediaType
from documents.uploads import Sha256, Upload
from documents.values import Id, Label, Line, Text, Title

PARTS_AT_ONCE: Final = 500
PartNumber = Annotated[int, Field(ge=1, le=10_000)]
MediaRead: Final[Any] = read_schema(Media)
UploadRead: Final[Any] = read_schema(Upload)
Given: Final[Any] = create_schema(Upload)


class UploadCreate(Given):  # type: ignore[misc]  # derived at run time
    """A file that is to come in.

    `direct` sends it straight to the store, beyond 100 MiB in parts, and `parts` always in parts:
    `filesize` and `sha256` are needed then, since they are signed into the links. `api` sends it
    to `PUT /uploads/{id}/content`.
    """

    by: Literal["direct", "parts", "api"] = "direct"
    filesize: Annotated[int, Field(ge=1, le=LARGEST_UPLOAD)] | None = None
    mime_type: Annotated[str, Field(pattern=r"^[\w.+-]+/[\w.+-]+$", max_length=255)] = (
        "application/octet-stream"
    )

    @model_validator(mode="after")
    def _direct_needs_both(self) -> Self:
        if self.by != "api" and (self.filesize is None or self.sha256 is None):
            raise ValueError("a direct upload needs `filesize` and `sha256`")
        return self


class ImportCreate(BaseModel):
    """A file that is to be fetched from the web."""

    model_config = ConfigDict(extra="forbid")

    url: Annotated[str, Field(min_length=1, max_length=2_048)]
    workspace_id: Id
    project_id: Id | None = None
    filename: Title | None = None
    sha256: Sha256 | None = None
    media_type: MediaType = "upload"
    alt: Line = ""
    description: Text = ""
    tags: Annotated[list[Label], Field(max_length=200)] = []


class PartGiven(BaseModel):
    """A part that is to be sent, and the SHA-256 of its bytes in hex."""

    model_config = ConfigDict(extra="forbid")

    number: PartNumber
    sha256: Sha256


class LinksGiven(BaseModel):
    """The parts for which links are wanted; none where the file goes in one request."""

    model_config = ConfigDict(extra="forbid")

    parts: Annotated[list[PartGiven], Field(max_length=PARTS_AT_ONCE)] = []


class SendLinkRead(BaseModel):
    """A request that the store takes if it is sent exactly like this, by anybody."""

    method: Literal["PUT"] = "PUT"
    url: str
    headers: dict[str, str]
    number: int | None
    """The part; null for the whole file."""
    size: int
    expires_at: datetime


class SendLinks(BaseModel):
    """Links, in the order in which they were asked for."""

    data: list[SendLinkRead]


class ArrivedPart(BaseModel):
    """A part that has arrived whole."""

    number: int
    size: int


class ArrivedParts(BaseModel):
    """How far an upload in parts has come: `missing` names the first parts to be sent still."""

    part_size: int
    part_count: int
    data: list[ArrivedPart]
    missing: list[int]


class UploadBegun(UploadRead):  # type: ignore[misc]  # derived at run time
    """The upload, with its link where it goes straight to the store in one request."""

    links: list[SendLinkRead]
