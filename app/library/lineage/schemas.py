"""What is asked and answered about lineage."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from documents.library import MediaKind, MediaStatus, MediaType
from documents.values import Id

Direction: TypeAlias = Literal["parents", "children"]


class TemplateUsed(BaseModel):
    """The version of a prompt template that was filled in."""

    id: Id
    name: str
    version: int


class HowMade(BaseModel):
    """How a file was made."""

    template: TemplateUsed | None = Field(description="Null where you may not see the call.")
    prompt: str | None
    provider: str | None
    model: str | None
    seed: int | None
    take: int | None
    inputs: list[Id] = Field(description="The files it was made of that you may see.")
    hidden_inputs: int
    cost: Decimal | None
    execution_id: Id | None
    task_id: Id | None
    made_at: datetime | None


class LineageNode(BaseModel):
    """A file, and how it was made; `made` is null where somebody brought it in."""

    media_id: Id
    depth: int = Field(description="How many steps away it is at least.")
    kind: MediaKind
    media_type: MediaType
    status: MediaStatus
    filename: str
    description: str
    thumbnail_url: str | None
    project_id: Id | None
    created_at: datetime
    made: HowMade | None


class LineageSide(BaseModel):
    """A page of what lies in one direction, nearest first."""

    data: list[LineageNode]
    next: str | None
    hidden: int = Field(description="Files that you may not see, or that are in the trash.")
    truncated: bool = Field(description="There is more beyond: ask for it from a file of the end.")


class Lineage(BaseModel):
    """A file between what it was made of and what was made with it."""

    media: LineageNode
    parents: LineageSide | None
    children: LineageSide | None


class StaleMedia(BaseModel):
    """A file that is out of date."""

    media_id: Id
    media_type: MediaType
    description: str
    thumbnail_url: str | None
    line: str = Field(description="The production line that can make it again.")
    reason: str
    because_of: list[Id] = Field(description="The files out of date that it is made of.")
    cost: Decimal | None = Field(description="Of making it again, in USD; null: nobody knows.")


class StaleCost(BaseModel):
    """What refreshing all of it would cost, in USD."""

    known: Decimal
    unknown: int = Field(description="How many files have no price beforehand.")


class StaleList(BaseModel):
    """What is out of date, in the order in which it would be made again."""

    data: list[StaleMedia]
    next: str | None
    cost: StaleCost
    hidden: int = Field(description="Files that you may not see, or that are in the trash.")
    truncated: bool = Field(description="There is more beyond.")


class RefreshGiven(BaseModel):
    """Which of the files that are out of date shall be made again."""

    model_config = ConfigDict(extra="forbid")

    media_ids: Annotated[list[Id], Field(min_length=1, max_length=500)]


class Refreshing(BaseModel):
    """What has begun."""

    media_ids: list[Id]
    pipeline_ids: list[Id]
