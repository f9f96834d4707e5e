"""What reviews of films are asked with, and what they answer."""

from datetime import datetime
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, StrictBool

from app.core.schemas import read_schema
from documents.approval import ContentHash
from documents.reviews import ReviewLink
from documents.values import Id, Line, Title

LEAST_SECONDS: Final = 60
MOST_SECONDS: Final = 366 * 24 * 3600
WEEK_SECONDS: Final = 7 * 24 * 3600
ReviewLinkRead: Final[Any] = read_schema(ReviewLink)


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Approving(_Body):
    """That it is good as it is."""

    content_hash: ContentHash | None = Field(
        None, description="Of what was looked at; another one than the present is refused."
    )
    note: Line = ""


class Rejecting(_Body):
    """That it is not good yet."""

    note: Annotated[Line, Field(min_length=1, description="What shall become of it.")]


class LinkGiven(_Body):
    """For whom a link is, how long it is good, and whether its guests may say something."""

    name: Title
    seconds: Annotated[int, Field(strict=True, ge=LEAST_SECONDS, le=MOST_SECONDS)] = WEEK_SECONDS
    may_comment: StrictBool = True


class ReviewLinkMade(ReviewLinkRead):  # type: ignore[misc]  # derived at run time
    """A link, and its address, which is the whole of the permission."""

    url: str


class CommentGiven(_Body):
    """A remark on a moment, on a panel, or on the whole."""

    text: Annotated[str, Field(min_length=1, max_length=10_000)]
    time_code: Annotated[float, Field(strict=True, ge=0, allow_inf_nan=False)] | None = Field(
        None,
        description="Seconds from the start of the scene, or of the film where none is named.",
    )
    panel_number: Annotated[int, Field(strict=True, ge=1, le=2**31)] | None = None


class EpisodeCommentGiven(CommentGiven):
    """The same, where it may be about one of the scenes."""

    scene_id: Id | None = None


class GuestCommentGiven(EpisodeCommentGiven):
    """A remark of somebody without an account."""

    author_name: Title


class ReviewedLine(BaseModel):
    """A line of dialogue as guests see it."""

    character: str | None
    lines: str
    emotion: str
    timing: float | None
    audio_url: str | None


class ReviewedPanel(BaseModel):
    """A picture of the storyboard as guests see it."""

    panel_number: int
    description: str
    camera_angle: str | None
    image_url: str | None


class ReviewedScene(BaseModel):
    """A scene as guests see it."""

    id: Id
    scene_number: int
    title: str
    action: str
    status: str
    approved: bool
    content_hash: str
    duration: float
    video_url: str | None
    dialogue: list[ReviewedLine]
    panels: list[ReviewedPanel]


class Reviewed(BaseModel):
    """What a link shows. The addresses in it are good as long as the link."""

    name: str
    expires_at: datetime
    may_comment: bool
    project_title: str
    episode_title: str
    logline: str
    status: str
    approved: bool
    content_hash: str
    duration: float | None
    film_url: str | None
    thumbnail_url: str | None
    caption_urls: list[str]
    scenes: list[ReviewedScene]


class GuestComment(BaseModel):
    """A remark that was made by this link."""

    id: Id
    created_at: datetime
    author_name: str
    text: str
    scene_id: Id | None
    time_code: float | None
    panel_number: int | None
    content_hash: str
    resolved: bool


class GuestComments(BaseModel):
    """The remarks that were made by this link, oldest first."""

    data: list[GuestComment]
