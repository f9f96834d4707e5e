"""What `POST /media/search` takes and answers."""

from typing import Annotated, Any, Final, Literal, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, model_validator

from app.core.query import MOST, USUAL
from documents.library import MediaKind, MediaStatus, MediaType
from documents.values import Id, Label, Moment

Mode: TypeAlias = Literal["hybrid", "vector", "text"]
Facet: TypeAlias = Literal["kind", "tags", "project_id"]
MOST_DIMENSIONS: Final = 8_192
LONGEST_TEXT: Final = 1_000


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class SearchFilters(_Strict):
    """All of them have to hold."""

    workspace_id: Id | None = None
    project_id: Id | None = None
    episode_id: Id | None = None
    scene_id: Id | None = None
    character_id: Annotated[
        Id | None, Field(description="Is its subject, or is seen or heard in it.")
    ] = None
    kind: Annotated[list[MediaKind], Field(max_length=10, description="One of these.")] = []
    media_type: Annotated[list[MediaType], Field(max_length=30, description="One of these.")] = []
    status: Annotated[list[MediaStatus], Field(max_length=10, description="One of these.")] = []
    tags: Annotated[list[Label], Field(max_length=20, description="All of these.")] = []
    created_from: Annotated[Moment | None, Field(description="At this moment or later.")] = None
    created_before: Annotated[Moment | None, Field(description="Before this moment.")] = None


class SearchMedia(_Strict):
    """By exactly one of `text`, `media_id` and `vector`."""

    text: Annotated[
        str | None,
        Field(min_length=2, max_length=LONGEST_TEXT, description="In words."),
    ] = None
    media_id: Annotated[Id | None, Field(description="More like this one.")] = None
    vector: Annotated[
        list[Annotated[float, Field(allow_inf_nan=False)]] | None,
        Field(
            min_length=1, max_length=MOST_DIMENSIONS, description="A vector of the current model."
        ),
    ] = None
    model: Annotated[
        Label | None,
        Field(description="The model of `vector`; refused where another one is current."),
    ] = None
    mode: Annotated[
        Mode | None,
        Field(
            description="How it is found: by meaning (`vector`), by its words (`text`) or both "
            "(`hybrid`, which a text is searched by if nothing is said)."
        ),
    ] = None
    filters: SearchFilters = SearchFilters()
    min_score: Annotated[
        float | None,
        Field(
            allow_inf_nan=False,
            description="The least cosine, from -1 to 1; in `mode=text` the least text score.",
        ),
    ] = None
    facets: Annotated[
        list[Facet],
        Field(
            max_length=3,
            description="Count what was looked through (in `mode=text`: what fits) by these.",
        ),
    ] = []
    fields: Annotated[
        str | None,
        Field(max_length=2_000, description="Answer these fields of the media, with commas."),
    ] = None
    limit: Annotated[int, Field(ge=1, le=MOST)] = USUAL
    after: Annotated[
        str | None, Field(max_length=8_192, description="The `next` of the page before.")
    ] = None

    @model_validator(mode="after")
    def _ask_one_thing(self) -> Self:
        given = [each for each in (self.text, self.media_id, self.vector) if each is not None]
        if len(given) != 1:
            raise ValueError("give exactly one of text, media_id and vector")
        if self.text is not None and not self.text.strip():
            raise ValueError("text has no words")
        if self.text is None and self.mode not in (None, "vector"):
            raise ValueError("without a text, mode is vector")
        if self.model is not None and self.vector is None:
            raise ValueError("model goes with vector")
        return self

    @property
    def chosen_mode(self) -> Mode:
        return self.mode or ("vector" if self.text is None else "hybrid")


class Scores(BaseModel):
    """How well one fits."""

    fused: float | None
    """Of both rankings by reciprocal rank fusion; null unless `mode` is hybrid."""
    vector: float | None
    """The cosine."""
    text: float | None
    """The store's text score; null where the words are not in it."""


class SearchHit(BaseModel):
    """One media record that was found."""

    score: Annotated[float, Field(description="What the answer is sorted by.")]
    scores: Scores
    media: dict[str, Any]


class SearchAnswer(BaseModel):
    """The best first. The following pages are of the same ranking, whatever is added meanwhile."""

    data: list[SearchHit]
    next: str | None
    mode: Mode
    model: str | None
    facets: dict[Facet, dict[str, int]] | None = None
