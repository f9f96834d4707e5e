"""The form of a screenplay: what the purpose `screenplay` of a text provider answers."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from workers.providers.base import Frozen
from workers.providers.image import HexColour

NARRATOR = "Narrator"

TimeOfDay = Literal["dawn", "day", "dusk", "night"]
CameraAngle = Literal["wide", "medium", "close-up", "low", "high"]
Gender = Literal["male", "female"]


class ScreenplayCharacter(Frozen):
    """Somebody who acts or speaks."""

    name: str = Field(min_length=1)
    description: str
    personality: tuple[str, ...] = ()
    gender: Gender | None = None
    age: str | None = None
    color_palette: tuple[HexColour, ...] = ()
    voice_characteristics: tuple[str, ...] = ()


class ScreenplayLine(Frozen):
    """Words to be heard; the narrator's are told over the picture."""

    speaker: str | None = NARRATOR
    line: str = Field(min_length=1)
    emotion: str = "neutral"


class ScreenplayPanel(Frozen):
    """One picture of the storyboard, shown from the line at index `starts_at_line` on."""

    number: int = Field(ge=1)
    description: str
    camera_angle: CameraAngle = "wide"
    characters: tuple[str, ...] = ()
    starts_at_line: int = Field(default=0, ge=0)


class ScreenplayScene(Frozen):
    """One stretch of story in one place at one time."""

    number: int = Field(ge=1)
    heading: str
    location: str
    time_of_day: TimeOfDay
    mood: str
    action: str
    characters: tuple[str, ...] = ()
    dialogue: tuple[ScreenplayLine, ...] = Field(min_length=1)
    panels: tuple[ScreenplayPanel, ...] = Field(min_length=1)
    duration_seconds: float = Field(gt=0)


class Screenplay(Frozen):
    """A whole film on paper; its lines, in order, tell the whole source text."""

    title: str = Field(min_length=1)
    logline: str
    summary: str
    themes: tuple[str, ...] = ()
    language: str = "und"
    credits: str = ""
    characters: tuple[ScreenplayCharacter, ...] = ()
    scenes: tuple[ScreenplayScene, ...] = Field(min_length=1)

    @property
    def duration_seconds(self) -> float:
        """How long the film plays, as far as the page can tell."""
        return sum(scene.duration_seconds for scene in self.scenes)
