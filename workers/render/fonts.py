"""The fonts captions are drawn with: they come as packages, for a bare machine has none.

FiraGO (Latin, Greek, Cyrillic, Hebrew, Arabic, Devanagari, Thai, Georgian; OFL) and Noto Sans
Symbols 2 (symbols and emoji; OFL) come in `pymupdf-fonts`, Noto Sans CJK (OFL) in
`noto-cjk-sans-otc`. A private fontconfig file names these alone, so that every machine draws the
same captions.
"""

import importlib
import importlib.util
import io
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from xml.sax.saxutils import escape

from workers.render.errors import RenderError
from workers.render.scripts import Script, has_symbols, script_of

FAMILY = "FiraGO"
_FACES = ("FiraGO_Regular", "FiraGO_Bold")
_PACKAGE = "pymupdf_fonts"
_EMOJI = 0x1F000
_EMOJI_JOINERS = "\ufe0f\u200d"
_SYMBOLS = "NotoSansSymbols2_Regular"
_CJK_PACKAGE = "noto_cjk_sans_otc"
_CJK_FILE = "NotoSansCJK-Regular.ttc"
_CJK_FAMILIES: dict[Script, str] = {
    "chinese": "Noto Sans CJK SC",
    "japanese": "Noto Sans CJK JP",
    "korean": "Noto Sans CJK KR",
}

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


def drawable(text: str) -> str:
    """The text without the emoji that no font here has, which would be drawn as empty boxes.

    Noto Sans Symbols 2 (OFL) has some 600 of them as outlines, but no faces; libass draws no
    coloured fonts.
    """
    if not has_symbols(text):
        return text
    kept: list[str] = []
    dropped = False
    for character in text:
        joins = character in _EMOJI_JOINERS
        if not (dropped and joins):
            dropped = ord(character) >= _EMOJI and ord(character) not in _symbols()
            if not dropped:
                kept.append(character)
    return "".join(kept)


@cache
def _symbols() -> frozenset[int]:
    """The code points of the font of symbols."""
    from fontTools.ttLib import TTFont  # type: ignore[import-untyped]  # few captions need it

    with TTFont(io.BytesIO(packaged(_SYMBOLS)), lazy=True) as font:
        return frozenset(font.getBestCmap() or ())


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


@cache
def _cjk_file() -> Path:
    found = importlib.util.find_spec(_CJK_PACKAGE)
    if found is None or found.origin is None:
        raise RenderError(
            "Chinese, Japanese and Korean captions need a font; "
            "install it with `pip install noto-cjk-sans-otc`."
        )
    return Path(found.origin).with_name(_CJK_FILE)
