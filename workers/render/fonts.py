"""The fonts captions are drawn with: they come as packages, for a bare machine has none.

FiraGO (Latin, Greek, Cyrillic, Hebrew, Arabic, Devanagari, Thai, Georgian) and Noto Sans Symbols 2
come in `pymupdf-fonts`, Noto Sans CJK in `noto-cjk-sans-otc`, Noto Emoji (outlines in one colour,
the only ones that libass draws) and Noto Sans for further scripts in `manimgx-fonts`; all under the
OFL. A private fontconfig file names these alone, so that every machine draws the same captions.
"""

import importlib
import importlib.util
import io
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from xml.sax.saxutils import escape

from workers.render import emoji
from workers.render.errors import RenderError
from workers.render.scripts import Script, has_symbols, script_of

FAMILY = "FiraGO"
EMOJI_FAMILY = "Noto Emoji"
_FACES = ("FiraGO_Regular", "FiraGO_Bold")
_PACKAGE = "pymupdf_fonts"
_SYMBOLS = "NotoSansSymbols2_Regular"
_CJK_PACKAGE = "noto_cjk_sans_otc"
_CJK_FILE = "NotoSansCJK-Regular.ttc"
_CJK_FAMILIES: dict[Script, str] = {
    "chinese": "Noto Sans CJK SC",
    "japanese": "Noto Sans CJK JP",
    "korean": "Noto Sans CJK KR",
}
_NOTO_PACKAGE = "manimgx_fonts"
_NOTO_EMOJI = "NotoEmoji[wght].ttf"
_NOTO_LATIN = "NotoSans[-[]*"
"""Of these FiraGO has all letters."""

_CONFIGURATION = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">
<fontconfig>
  <dir>{fonts}</dir>
  <cachedir>{cache}</cachedir>
</fontconfig>
"""


def family_for(text: str) -> str:
    """The font family that has the letters of a text."""
    return _CJK_FAMILIES.get(script_of(text), FAMILY)


def in_families(text: str, family: str) -> list[tuple[str, str]]:
    """The text in pieces with the family of each: emoji in that of emoji, the others in this one.

    Emoji that no font here has, which would be drawn as empty boxes, are left out. Raises
    RenderError where the package of emoji is missing.
    """
    found: list[tuple[str, str]] = []
    for piece, is_emoji in emoji.pieces(text):
        if not is_emoji:
            found.append((piece, family))
        elif ord(piece[0]) in _covered_by(_noto_file(_NOTO_EMOJI)):
            found.append((piece, EMOJI_FAMILY))
        elif ord(piece[0]) < emoji.FIRST or ord(piece[0]) in _covered_by_face(_SYMBOLS):
            found.append((piece, family))
    return found


def lay_out(folder: Path, texts: Sequence[str]) -> Path:
    """Put the fonts that these texts need into a folder; returns its fontconfig file.

    Raises:
        RenderError: a font package is missing.
    """
    fonts = folder / "fonts"
    fonts.mkdir()
    for face in _FACES:
        (fonts / f"{face}.ttf").write_bytes(packaged(face))
    together = "".join(texts)
    if any(family_for(text) in _CJK_FAMILIES.values() for text in texts):
        (fonts / _CJK_FILE).symlink_to(_cjk_file())
    if has_symbols(together):
        (fonts / f"{_SYMBOLS}.ttf").write_bytes(packaged(_SYMBOLS))
    if any(is_emoji for _, is_emoji in emoji.pieces(together)):
        (fonts / _NOTO_EMOJI).symlink_to(_noto_file(_NOTO_EMOJI))
    for path in _further_fonts(together):
        (fonts / path.name).symlink_to(path)
    configuration = folder / "fonts.conf"
    configuration.write_text(
        _CONFIGURATION.format(fonts=escape(str(fonts)), cache=escape(str(folder / "cache"))),
        encoding="utf-8",
    )
    return configuration


@cache
def packaged(face: str) -> bytes:
    """A face of the package as a TrueType file. Raises RenderError if its package is missing."""
    try:
        module = importlib.import_module(f"{_PACKAGE}.{face}")
    except ImportError:
        raise RenderError(
            "Captions need a font; install it with `pip install pymupdf-fonts`."
        ) from None
    return bytes(module.fontbuffer)


def _further_fonts(text: str) -> Iterable[Path]:
    """Fonts for the letters that neither FiraGO nor the font of Chinese has."""
    letters = {ord(each) for each in text if each.isalnum() and script_of(each) == "spaced"}
    missing = letters - _covered_by_face(_FACES[0])
    if not missing:
        return
    folder = _noto_file(_NOTO_EMOJI).parent
    for path in sorted({*folder.glob("NotoSans*.ttf")} - {*folder.glob(_NOTO_LATIN)}):
        if found := missing & _covered_by(path):
            missing -= found
            yield path


@cache
def _covered_by_face(face: str) -> frozenset[int]:
    return _code_points(io.BytesIO(packaged(face)))


@cache
def _covered_by(path: Path) -> frozenset[int]:
    return _code_points(io.BytesIO(path.read_bytes()))


def _code_points(font: io.BytesIO) -> frozenset[int]:
    """What a font has a sign for."""
    from fontTools.ttLib import TTFont  # type: ignore[import-untyped]  # few captions need it

    with TTFont(font, lazy=True) as opened:
        return frozenset(opened.getBestCmap() or ())


@cache
def _cjk_file() -> Path:
    return _file_of(_CJK_PACKAGE, _CJK_FILE, "Chinese, Japanese and Korean captions")


@cache
def _noto_file(name: str) -> Path:
    return _file_of(_NOTO_PACKAGE, name, "Emoji and rarer scripts")


def _file_of(package: str, name: str, purpose: str) -> Path:
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        install = package.replace("_", "-")
        raise RenderError(f"{purpose} need a font; install it with `pip install {install}`.")
    return Path(found.origin).with_name(name)
