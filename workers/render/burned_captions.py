"""Captions as an ASS script for libass, with sizes and margins that suit the frame."""

from collections.abc import Iterable
from dataclasses import dataclass

from workers.render.fonts import FAMILY, family_for
from workers.render.formats import FrameFormat
from workers.render.timeline import Caption

_HEADER = """[Script Info]
ScriptType: v4.00+
PlayResX: {width}
PlayResY: {height}
WrapStyle: 0
ScaledBorderAndShadow: yes
YCbCr Matrix: TV.709

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, \
Bold, Italic, Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, \
Alignment, MarginL, MarginR, MarginV, Encoding
Style: Caption,{family},{size},&H00FFFFFF,&H00FFFFFF,&H20000000,&H80000000,\
0,0,0,0,100,100,0,0,1,{outline:.1f},{shadow:.1f},2,{side},{side},{below},-1

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
"""


@dataclass(frozen=True, slots=True)
class CaptionLayout:
    """Sizes in pixels of the frame, and how many Latin letters a line takes."""

    size: int
    side: int
    below: int
    characters: int


def layout_for(format: FrameFormat) -> CaptionLayout:
    """Readable sizes within safe margins; upright frames leave room for the buttons of a phone."""
    upright = format.height > format.width
    size = round(format.width * 0.068 if upright else format.height * 0.062)
    side = round(format.width * 0.08)
    below = round(format.height * (0.16 if upright else 0.07))
    # A letter of FiraGO is about 0.42 of libass's size (which is the line's height) wide.
    characters = min(42, int((format.width - 2 * side) / (size * 0.42)))
    return CaptionLayout(size, side, below, max(10, characters))


def to_ass(captions: Iterable[Caption], format: FrameFormat) -> str:
    """The captions as an ASS script for frames of a format.

    Encoding -1 lets libass find the direction of each text, so Hebrew and Arabic run from right
    to left.
    """
    layout = layout_for(format)
    header = _HEADER.format(
        width=format.width,
        height=format.height,
        family=FAMILY,
        size=layout.size,
        outline=layout.size * 0.06,
        shadow=layout.size * 0.03,
        side=layout.side,
        below=layout.below,
    )
    return header + "".join(_event(caption) for caption in captions)


def _event(caption: Caption) -> str:
    family = family_for(caption.text)
    font = "" if family == FAMILY else f"{{\\fn{family}}}"
    start, end = _clock(caption.start), _clock(caption.end)
    return f"Dialogue: 0,{start},{end},Caption,,0,0,0,,{font}{_escaped(caption.text)}\n"


def _escaped(text: str) -> str:
    """Keep libass from taking a text's own backslashes and braces for commands."""
    text = text.replace("\\", "\\\u2060").replace("{", "\\{").replace("}", "\\}")
    return "\\N".join(line for line in text.splitlines() if line.strip())


def _clock(seconds: float) -> str:
    hundredths = round(seconds * 100)
    minutes, rest = divmod(hundredths, 6000)
    return f"{minutes // 60}:{minutes % 60:02}:{rest // 100:02}.{rest % 100:02}"
