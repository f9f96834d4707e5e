"""What all providers share: requests with a stable content, results that name their maker."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Protocol

import orjson
from pydantic import BaseModel, ConfigDict, Field

from workers.render.facts import Look

FREE = Decimal(0)


class Frozen(BaseModel):
    """A value: it can't be changed, and unknown fields are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Request(Frozen):
    """What is asked of a provider; the same content and seed ask for the same thing."""

    seed: int = Field(default=0, ge=0, lt=2**63)

    def content(self) -> bytes:
        """Canonical JSON of all that bears on the answer: material for a call key.

        Keys are sorted; paths are left out, because a file is known by its digest.
        """
        return orjson.dumps(self.model_dump(mode="json"), option=orjson.OPT_SORT_KEYS)


class Usage(Frozen):
    """What a call used up. `cost` is null where the price is unknown, never zero for that."""

    cost: Decimal | None = None
    currency: str = "USD"
    tokens: int | None = None
    seconds: float | None = None
    provider_job_id: str | None = None


class Result(Frozen):
    """What came back, from whom."""

    provider: str
    model: str
    usage: Usage


class FileResult(Result):
    """A file was made at `path`; `seconds` is its playing time where it has one.

    `look` is what a look at it gave, where its maker has looked: see `own.looked_at`.
    """

    path: Path
    media_type: str
    width: int | None = None
    height: int | None = None
    seconds: float | None = None
    look: Look | None = Field(default=None, exclude=True)


class Provider(Protocol):
    """Anyone who makes something: known before a call, so that the call has a key."""

    @property
    def provider(self) -> str:
        """The service's name, such as `local`."""

    @property
    def model(self) -> str:
        """The model's name with its version; a change of output changes it."""

    @property
    def free(self) -> bool:
        """Whether calls cost nothing, so that a lost one may simply be made again."""

    @property
    def ours(self) -> bool:
        """Whether its files are made by this project's own code, of nothing but words: the crew may
        open them, as it may not open what comes from outside."""

    def estimate(self, request: Request) -> Decimal | None:
        """What the call will cost in USD, as far as one can tell; None where nobody knows."""


class CostsNothing:
    """A provider whose calls are free."""

    free = True
    ours = False

    def estimate(self, request: Request) -> Decimal | None:
        """Nothing."""
        return FREE


class Local(CostsNothing):
    """A provider of this project's own: it makes its files here, of nothing but words."""

    provider = "local"
    ours = True


def free_usage(seconds: float | None = None, tokens: int | None = None) -> Usage:
    """The usage of a call that cost nothing."""
    return Usage(cost=FREE, seconds=seconds, tokens=tokens)
