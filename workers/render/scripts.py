"""How texts of different scripts take up space and may be broken."""

import unicodedata
from typing import Literal

Script = Literal["chinese", "japanese", "korean", "spaced"]

# Kinsoku: small kana and marks may not begin a line of Japanese text; of punctuation, what closes
# may not begin a line, and what opens may not end one.
_SMALL_KANA = set("ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮー々")
_CLOSING = ("Pe", "Pf", "Po")
_OPENING = ("Ps", "Pi")


def is_ideographic(character: str) -> bool:
    """Whether a character is of a script that is written without spaces (Han, kana)."""
    code = ord(character)
    return (
        0x3000 <= code <= 0x30FF
        or 0x3400 <= code <= 0x4DBF
        or 0x4E00 <= code <= 0x9FFF
        or 0xF900 <= code <= 0xFAFF
        or 0xFF00 <= code <= 0xFF60
        or 0x20000 <= code <= 0x3FFFF
    )


def script_of(text: str) -> Script:
    """Which font a text needs; any kana makes it Japanese, any Hangul Korean."""
    chinese = False
    for character in text:
        code = ord(character)
        if 0x3040 <= code <= 0x30FF or 0x31F0 <= code <= 0x31FF:
            return "japanese"
        if 0x1100 <= code <= 0x11FF or 0x3130 <= code <= 0x318F or 0xAC00 <= code <= 0xD7A3:
            return "korean"
        chinese = chinese or is_ideographic(character)
    return "chinese" if chinese else "spaced"


def has_symbols(text: str) -> bool:
    """Whether there are emoji or other symbols, which fonts of letters lack."""
    return any(
        0x2190 <= ord(character) <= 0x2BFF or ord(character) >= 0x1F000
        for character in text
        if not is_ideographic(character)
    )


def width(text: str) -> int:
    """How many Latin letters wide a text is: East Asian wide ones count two, marks nothing."""
    return sum(_width(character) for character in text)


def _width(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1


def clusters(text: str) -> list[str]:
    """Pieces between which a line may break in an emergency: letters with their marks."""
    pieces: list[str] = []
    for character in text:
        joined = pieces and (_width(character) == 0 or pieces[-1].endswith("\u200d"))
        if joined:
            pieces[-1] += character
        else:
            pieces.append(character)
    return pieces


def unspaced_pieces(text: str) -> list[str]:
    """Pieces between which Chinese and Japanese text may break: Latin words stay whole."""
    pieces: list[str] = []
    for cluster in clusters(text):
        previous = pieces[-1] if pieces else ""
        both_latin = (
            previous and not is_ideographic(previous[-1]) and not is_ideographic(cluster[0])
        )
        if previous and (_stays_behind(cluster[0]) or _stays_ahead(previous[-1]) or both_latin):
            pieces[-1] += cluster
        else:
            pieces.append(cluster)
    return pieces


def _stays_behind(character: str) -> bool:
    return character in _SMALL_KANA or unicodedata.category(character) in _CLOSING


def _stays_ahead(character: str) -> bool:
    return unicodedata.category(character) in _OPENING
