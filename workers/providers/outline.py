"""The form of a series' outline: what the purpose `outline` of a text provider answers."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from workers.providers.base import Frozen
from workers.providers.screenplay import ScreenplayCharacter

MOST_EPISODES = 50


class OutlineEpisode(Frozen):
    """One episode, and the part of the text that it tells, counted in characters."""

    number: int = Field(ge=1)
    title: str = Field(min_length=1)
    logline: str
    summary: str
    themes: tuple[str, ...] = ()
    start: int = Field(ge=0)
    end: int = Field(ge=1)


class SeriesOutline(Frozen):
    """A series on paper."""

    title: str = Field(min_length=1)
    logline: str
    summary: str
    themes: tuple[str, ...] = ()
    language: str = "und"
    characters: tuple[ScreenplayCharacter, ...] = ()
    episodes: tuple[OutlineEpisode, ...] = Field(min_length=1, max_length=MOST_EPISODES)
    text: str | None = None
    """The tale that an idea was made of; then the parts are of it. None: they are of the text that
    was given."""

    @model_validator(mode="after")
    def _parts_follow_each_other(self) -> Self:
        at = 0
        for number, each in enumerate(self.episodes, start=1):
            if each.number != number or not at <= each.start < each.end:
                raise ValueError(f"episode {number} is out of its place")
            at = each.end
        if self.text is not None and at > len(self.text):
            raise ValueError("the last episode ends beyond the text")
        return self
