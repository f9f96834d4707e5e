"""The fonts captions are drawn with: they come as packages, for a bare machine has none.

FiraGO (Latin, Greek, Cyrillic, Hebrew, Arabic, Devanagari, Thai, Georgian; OFL) comes in
`pymupdf-fonts`, Noto Sans CJK (OFL) in `noto-cjk-sans-otc`. A private fontconfig file names these
alone, so that every machine draws the same captions.
"""

import importlib
import importlib.util
from functools import cache
from pathlib import Path
from xml.sax.saxutils import escape

from workers.render.errors import RenderError
from workers.render.scripts import Script, script_of

FAMILY = "FiraGO"
_FACES = ("FiraGO_Regular", "FiraGO_Bold")
_PACKAGE = "pymupdf_fonts"
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


def lay_out(folder: Path, families: set[str]) -> Path:
    """Put the fonts of these families into a folder; returns its fontconfig file.

    Raises:
        RenderError: a font package is missing.
    """
    fonts = folder / "fonts"
    fonts.mkdir()
    for face in _FACES:
        (fonts / f"{face}.ttf").write_bytes(firago(face))
    if families & set(_CJK_FAMILIES.values()):
        (fonts / _CJK_FILE).symlink_to(_cjk_file())
    configuration = folder / "fonts.conf"
    configuration.write_text(
        _CONFIGURATION.format(fonts=escape(str(fonts)), cache=escape(str(folder / "cache"))),
        encoding="utf-8",
    )
    return configuration


@cache
def firago(face: str) -> bytes:
    """A face of FiraGO as a TrueType file. Raises RenderError if its package is missing."""
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
