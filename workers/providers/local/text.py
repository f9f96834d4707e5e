"""The local writer: it makes screenplays by rules, out of the very words it is given."""

from __future__ import annotations

import asyncio

from workers.providers.base import CostsNothing, free_usage
from workers.providers.errors import ProviderRefused
from workers.providers.local.screenwriter.writer import write_screenplay
from workers.providers.screenplay import NARRATOR, Screenplay
from workers.providers.text import TextRequest, TextResult


class LocalTextProvider(CostsNothing):
    """Knows one purpose, `screenplay`, with the inputs title, text, target_seconds and genre."""

    provider = "local"
    model = "backlot-screenwriter-1"

    async def write(self, request: TextRequest) -> TextResult:
        """Write the screenplay; raises `ProviderRefused` for another purpose or unusable text."""
        if request.purpose != "screenplay":
            raise ProviderRefused(
                f"The local writer can't do {request.purpose!r}: it knows 'screenplay', "
                "for all else set up a language model.",
                code="purpose_unknown",
            )
        screenplay = await asyncio.to_thread(_screenplay, request)
        return TextResult(
            provider=self.provider,
            model=self.model,
            usage=free_usage(),
            output=screenplay.model_dump(mode="json"),
            text=as_text(screenplay),
        )


def _screenplay(request: TextRequest) -> Screenplay:
    text, title = request.inputs.get("text", request.prompt), request.inputs.get("title")
    target = request.inputs.get("target_seconds")
    if not isinstance(text, str) or not (title is None or isinstance(title, str)):
        raise ProviderRefused(
            "A screenplay needs its story in the input 'text', and 'title' is a text too.",
            code="input_invalid",
        )
    if target is not None and not (isinstance(target, int | float) and target > 0):
        raise ProviderRefused(
            "The input 'target_seconds' must be a number above zero.", code="input_invalid"
        )
    return write_screenplay(text, title=title, target_seconds=target, seed=request.seed)


def as_text(screenplay: Screenplay) -> str:
    """The screenplay as people read it."""
    parts = [screenplay.title.upper(), screenplay.logline]
    for scene in screenplay.scenes:
        parts.append(f"{scene.number}. {scene.heading}")
        parts.append(scene.action)
        for line in scene.dialogue:
            voice = " (V.O.)" if line.speaker in (None, NARRATOR) else ""
            parts.append(f"{(line.speaker or NARRATOR).upper()}{voice}\n{line.line}")
    if screenplay.credits:
        parts.append(screenplay.credits)
    return "\n\n".join(parts)
