"""Captions as an ASS script for libass, with sizes and margins that suit the frame."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from workers.render.fonts import FAMILY, family_for, in_families
from workers.render.formats import FrameFormat
from workers.render.texts import Caption, CaptionStyle, Look, Place, TextOverlay

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
"""
_STYLE = (
    "Style: {name},{family},{size},{said},{colour},{outline},{back},"
    "{bold},0,0,0,100,100,0,0,{border},{edge:.1f},{shadow:.1f},{anchor},{side},{side},{margin},-1\n"
)
_EVENTS = """
[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
"""
_ANCHORS: dict[Place, int] = {"bottom": 2, "middle": 5, "top": 8}
# Border style, edge and shadow in shares of the size.
_LOOKS: dict[Look, tuple[int, float, float]] = {
    "outline": (1, 0.06, 0.03),
    "box": (3, 0.14, 0.0),
    "shadow": (1, 0.015, 0.07),
}
_OF_ONE_SCRIPT = "\u180e"
"""Not seen itself. libass shapes what belongs to one script together; joiners belong to none, and
take the script of this character before them."""


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


def to_ass(
    captions: Iterable[Caption],
    format: FrameFormat,
    style: CaptionStyle | None = None,
    overlays: Sequence[TextOverlay] = (),
) -> str:
    """The captions and texts as an ASS script for frames of a format.

    Encoding -1 lets libass find the direction of each text, so Hebrew and Arabic run from right
    to left.
    """
    style = style or CaptionStyle()
    parts = [_HEADER.format(width=format.width, height=format.height)]
    parts.append(_style_line("Caption", style, style.place, format))
    for number, text in enumerate(overlays):
        parts.append(_style_line(f"Text{number}", text.style, text.place, format))
    parts.append(_EVENTS)
    parts += [_event(caption, style) for caption in captions]
    parts += [_overlay_event(number, text) for number, text in enumerate(overlays)]
    return "".join(parts)


def _style_line(name: str, style: CaptionStyle, place: Place, format: FrameFormat) -> str:
    layout = layout_for(format)
    size = round(layout.size * style.scale)
    border, edge, shadow = _LOOKS[style.look]
    return _STYLE.format(
        name=name,
        family=FAMILY,
        size=size,
        said=_colour(style.highlight if style.karaoke else style.colour),
        colour=_colour(style.colour),
        outline=_colour(style.outline, 0x40 if style.look == "box" else 0x20),
        back=_colour(style.outline, 0x80),
        bold=-1 if style.bold else 0,
        border=border,
        edge=size * edge,
        shadow=size * shadow,
        anchor=_ANCHORS[place],
        side=layout.side,
        margin=layout.below,
    )


def _colour(hexadecimal: str, transparency: int = 0) -> str:
    red, green, blue = hexadecimal[1:3], hexadecimal[3:5], hexadecimal[5:7]
    return f"&H{transparency:02X}{blue}{green}{red}".upper()


def _event(caption: Caption, style: CaptionStyle) -> str:
    family = family_for(caption.text)
    text = _karaoke(caption, family) if style.karaoke else None
    start, end = _clock(caption.start), _clock(caption.end)
    shown = _in_font(family, text or _escaped(caption.text, family))
    return f"Dialogue: 0,{start},{end},Caption,,0,0,0,,{shown}\n"


def _overlay_event(number: int, text: TextOverlay) -> str:
    start, end = _clock(text.start), _clock(text.end)
    fade = round(text.fade * 1000)
    soft = f"{{\\fad({fade},{fade})}}" if fade else ""
    family = family_for(text.text)
    shown = soft + _in_font(family, _escaped(text.text, family))
    return f"Dialogue: 1,{start},{end},Text{number},,0,0,0,,{shown}\n"


def _in_font(family: str, shown: str) -> str:
    return shown if family == FAMILY else f"{{\\fn{family}}}{shown}"


def _karaoke(caption: Caption, family: str) -> str | None:
    """The text with the time of each word; None where the words are not those of the text."""
    parts, position, clock = [], 0, round(caption.start * 100)
    for word in caption.words:
        found = caption.text.find(word.text, position)
        if found < 0:
            return None
        begins = max(clock, round(word.start * 100))
        parts.append(_escaped_part(caption.text[position:found], family))
        parts.append(f"{{\\k{begins - clock}}}\u200b" if begins > clock else "")
        ends = max(begins, round(word.end * 100))
        parts.append(f"{{\\k{ends - begins}}}{_escaped_part(word.text, family)}")
        position, clock = found + len(word.text), ends
    parts.append(_escaped_part(caption.text[position:], family))
    return "".join(parts) if caption.words else None


def _escaped(text: str, family: str) -> str:
    return _escaped_part("\n".join(line for line in text.splitlines() if line.strip()), family)


def _escaped_part(text: str, family: str) -> str:
    """Keep libass from taking a text's own backslashes and braces for commands.

    Emoji are put into their own font, for only together do their characters become one picture.
    """
    parts = []
    for piece, wanted in in_families(text, family):
        plain = piece.replace("\\", "\\\u2060").replace("{", "\\{").replace("}", "\\}")
        plain = plain.replace("\n", "\\N")
        own = f"{{\\fn{wanted}}}{_OF_ONE_SCRIPT}{plain}{{\\fn{family}}}"
        parts.append(plain if wanted == family else own)
    return "".join(parts)


def _clock(seconds: float) -> str:
    hundredths = round(seconds * 100)
    minutes, rest = divmod(hundredths, 6000)
    return f"{minutes // 60}:{minutes % 60:02}:{rest // 100:02}.{rest % 100:02}"
