"""What is read: captions, timed by words or not, and texts laid over the picture."""

from typing import Literal, Self

from pydantic import Field, model_validator

from workers.render.values import Value

COLOUR = r"^#[0-9A-Fa-f]{6}$"
Place = Literal["top", "middle", "bottom"]
Look = Literal["outline", "box", "shadow"]


class Word(Value):
    """A spoken word and when it is heard."""

    text: str = Field(max_length=500)
    start: float = Field(ge=0)
    end: float = Field(ge=0)


class Caption(Value):
    """Text shown for a while; line breaks are newlines. `words` time it word by word."""

    start: float = Field(ge=0)
    end: float
    text: str = Field(min_length=1, max_length=1000)
    words: tuple[Word, ...] = ()

    @model_validator(mode="after")
    def _lasts(self) -> Self:
        if self.end <= self.start:
            raise ValueError("a caption ends after it starts")
        return self


class CaptionStyle(Value):
    """How captions look; sizes are shares of the usual size for the frame.

    With `karaoke`, the words of a caption that has them light up in `highlight` as they are said.
    """

    colour: str = Field(default="#FFFFFF", pattern=COLOUR)
    highlight: str = Field(default="#FFD24A", pattern=COLOUR)
    outline: str = Field(default="#000000", pattern=COLOUR)
    look: Look = "outline"
    bold: bool = False
    scale: float = Field(default=1.0, ge=0.4, le=3)
    place: Place = "bottom"
    karaoke: bool = False


class TextOverlay(Value):
    """A text over the picture, for a title or a call to action; fades in and out softly."""

    start: float = Field(ge=0)
    end: float
    text: str = Field(min_length=1, max_length=1000)
    place: Place = "middle"
    style: CaptionStyle = CaptionStyle(bold=True, scale=1.4)
    fade: float = Field(default=0.3, ge=0, le=5)

    @model_validator(mode="after")
    def _lasts(self) -> Self:
        if self.end <= self.start:
            raise ValueError("a text ends after it starts")
        return self


class Chapter(Value):
    """A named point in the film; a chapter lasts until the next one or the end."""

    start: float = Field(ge=0)
    title: str = Field(min_length=1, max_length=200)
