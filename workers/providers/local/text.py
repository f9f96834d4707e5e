"""The local writer: it makes screenplays and album plans by rules, out of the words it is given."""

from __future__ import annotations

import asyncio

from pydantic import JsonValue

from documents.channels import JobPrompts
from workers.providers.base import CostsNothing, free_usage
from workers.providers.errors import ProviderRefused
from workers.providers.fountain import as_fountain
from workers.providers.local.albums.planner import plan_album
from workers.providers.local.screenwriter.outline import outline_series
from workers.providers.local.screenwriter.writer import write_screenplay
from workers.providers.outline import MOST_EPISODES, SeriesOutline
from workers.providers.screenplay import Screenplay
from workers.providers.text import TextRequest, TextResult


class LocalTextProvider(CostsNothing):
    """Knows three purposes.

    `screenplay` with the inputs title, text, target_seconds and genre; `outline` with title, text
    and episodes; `album_prompts` with niche, channel, moods, minutes and tracks.
    """

    provider = "local"
    model = "backlot-screenwriter-1"

    async def write(self, request: TextRequest) -> TextResult:
        """Write it; raises `ProviderRefused` for another purpose or unusable text."""
        match request.purpose:
            case "screenplay":
                screenplay = await asyncio.to_thread(_screenplay, request)
                return self._answer(screenplay.model_dump(mode="json"), as_fountain(screenplay))
            case "outline":
                outline = await asyncio.to_thread(_outline, request)
                return self._answer(outline.model_dump(mode="json"), outline.summary)
            case "album_prompts":
                prompts = _album(request)
                music = [each.prompt for each in prompts.music_prompts]
                pictures = [each.prompt for each in prompts.visual_prompts]
                text = "\n".join([*music, *pictures])
                return self._answer(prompts.model_dump(mode="json"), text)
        raise ProviderRefused(
            f"The local writer can't do {request.purpose!r}: it knows 'screenplay', "
            "'outline' and 'album_prompts', for all else set up a language model.",
            code="purpose_unknown",
        )

    def _answer(self, output: dict[str, JsonValue], text: str) -> TextResult:
        return TextResult(
            provider=self.provider,
            model=self.model,
            usage=free_usage(),
            output=output,
            text=text,
        )


def _album(request: TextRequest) -> JobPrompts:
    inputs = request.inputs
    niche, channel, moods = (inputs.get(name) for name in ("niche", "channel", "moods"))
    minutes, tracks = inputs.get("minutes"), inputs.get("tracks")
    if (
        not isinstance(niche, str)
        or not isinstance(moods, list)
        or not isinstance(minutes, int | float)
        or not isinstance(tracks, int)
    ):
        raise ProviderRefused(
            "An album needs 'niche' as a text, 'moods' as a list, 'minutes' and 'tracks' as "
            "numbers.",
            code="input_invalid",
        )
    words = tuple(str(mood) for mood in moods)
    return plan_album(niche, str(channel or ""), words, minutes, tracks, request.seed)


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


def _outline(request: TextRequest) -> SeriesOutline:
    text, title = request.inputs.get("text", request.prompt), request.inputs.get("title")
    episodes = request.inputs.get("episodes")
    if (
        not isinstance(text, str)
        or not (title is None or isinstance(title, str))
        or not (isinstance(episodes, int) and 1 <= episodes <= MOST_EPISODES)
    ):
        raise ProviderRefused(
            "An outline needs 'text' and 'title' as texts, and 'episodes' as a number from 1 to "
            f"{MOST_EPISODES}.",
            code="input_invalid",
        )
    as_it_is = request.inputs.get("as_it_is") is True
    return outline_series(text, episodes, title=title, as_it_is=as_it_is, seed=request.seed)
