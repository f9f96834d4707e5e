"""The protocol of writers: language models, and the local screenwriter."""

from __future__ import annotations

from typing import Protocol

from pydantic import Field, JsonValue

from workers.providers.base import Provider, Request, Result


class TextRequest(Request):
    """Asks for words: `purpose` names the form of the answer, `inputs` its material."""

    purpose: str = Field(min_length=1)
    prompt: str = ""
    inputs: dict[str, JsonValue] = Field(default_factory=dict)


class TextResult(Result):
    """The answer as data in the form of its purpose, and as readable text."""

    output: dict[str, JsonValue]
    text: str


class TextProvider(Provider, Protocol):
    """Writes."""

    async def write(self, request: TextRequest) -> TextResult:
        """Answer the request; raises `ProviderError`, `ProviderRefused` for unusable input."""
