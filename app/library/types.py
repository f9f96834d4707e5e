"""Which types of files the library takes, told by how they begin.

This is the quick answer for a file's first bytes, given where it comes in; what a file really is
says the decoder that looks at it later (`workers.render.technical`), and that answer wins. So a
table of the types that are taken is all that is needed here: a general library of signatures
(puremagic was tried) knows hundreds of types that would be refused anyway, guesses by weak marks
(one letter, the file's name), and still cannot tell whether the rest of the file fits.
"""

import re
from dataclasses import dataclass
from typing import Final, Literal

HEAD_BYTES: Final = 4096
"""How much of a file's beginning `type_of` wants to see; a shorter file is given whole."""

SHOWN_INLINE: Final = frozenset(
    {"image/png", "image/jpeg", "image/webp", "image/avif", "image/gif", "image/bmp", "image/tiff"}
    | {"video/mp4", "video/webm", "video/quicktime", "video/x-matroska", "video/ogg"}
    | {"audio/wav", "audio/mpeg", "audio/flac", "audio/mp4", "audio/ogg", "audio/aac"}
    | {"audio/webm", "audio/aiff", "text/vtt", "application/x-subrip", "text/plain"}
)
"""Browsers show these without running anything that is in them."""

_WORD: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_AVIF: Final = (b"avif", b"avis")
_SOUND_BRANDS: Final = (b"M4A ", b"M4B ", b"M4P ")
_VTT: Final = re.compile(r"WEBVTT(?=[ \t\r\n]|$)")
_NO_TEXT: Final = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_SRT: Final = re.compile(r"\s*\d+[ \t]*\r?\n\s*-?\d+:\d\d:\d\d[,.]\d{1,3}[ \t]*-->")
_MARKUP: Final = re.compile(
    r"\s*(<\?xml|<!--|<!doctype|<svg|<html|<head|<body|<script|<iframe)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class FileType:
    """What a file seems to be."""

    kind: Literal["image", "video", "audio", "document"]
    mime_type: str


def type_of(head: bytes) -> FileType | None:
    """What a file seems to be by its first `HEAD_BYTES`; None where it is of no kind that is taken.

    Markup that a browser would run (SVG, HTML) is of no such kind, whatever it is called.
    """
    return _binary(head) or _text(head)


def may_be_shown(mime_type: str, *, quarantined: bool) -> bool:
    """Whether a browser may show the file; otherwise it is only to be saved."""
    return not quarantined and mime_type.partition(";")[0].strip().lower() in SHOWN_INLINE


def is_markup(text: str) -> bool:
    """Whether a text is a page or a drawing that a browser would run."""
    return _MARKUP.match(text.lstrip("\ufeff")) is not None


def decoded_text(head: bytes, *, is_all: bool) -> str | None:
    """The text that a file begins with (UTF-8, or UTF-16 with its mark), or None.

    A character that the end of `head` cuts is left out unless `is_all`.
    """
    encoding = "utf-16" if head[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    if encoding == "utf-16" and not is_all:
        head = head[: len(head) // 2 * 2]
    try:
        text = head.decode(encoding)
    except UnicodeDecodeError as error:
        if is_all or error.start < len(head) - 3:
            return None
        text = head[: error.start].decode(encoding)
    return None if _NO_TEXT.search(text) else text


def text_type(text: str) -> str:
    """The type of a text that is no markup: captions are told from prose by their first lines."""
    if _VTT.match(text):
        return "text/vtt"
    return "application/x-subrip" if _SRT.match(text) else "text/plain"


def _binary(head: bytes) -> FileType | None:
    for mark, found in _MARKS:
        if head.startswith(mark):
            return found
    match head[:4], head[8:12]:
        case b"RIFF", b"WEBP":
            return FileType("image", "image/webp")
        case (b"RIFF" | b"RF64", b"WAVE"):
            return FileType("audio", "audio/wav")
        case b"RIFF", b"AVI ":
            return FileType("video", "video/x-msvideo")
        case b"FORM", (b"AIFF" | b"AIFC"):
            return FileType("audio", "audio/aiff")
        case b"\x1a\x45\xdf\xa3", _:
            webm = b"webm" in head[:64]
            return FileType("video", "video/webm" if webm else "video/x-matroska")
        case b"OggS", _:
            return _ogg(head)
    if head[:2] == b"BM" and head[6:10] == bytes(4):  # two letters alone may begin a text
        return FileType("image", "image/bmp")
    if head[4:8] == b"ftyp":
        return _iso(head)
    if len(head) > 2 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0 and head[1] != 0xFE:
        return _audio_frames(head)
    return None


def _iso(head: bytes) -> FileType:
    """The family of MP4, by its brands (ISO/IEC 14496-12, 4.3)."""
    size = min(int.from_bytes(head[:4], "big"), 512)
    brands = [head[8:12], *(head[at : at + 4] for at in range(16, size, 4))]
    if any(brand in _AVIF for brand in brands):
        return FileType("image", "image/avif")
    if brands[0] in _SOUND_BRANDS:
        return FileType("audio", "audio/mp4")
    return FileType("video", "video/quicktime" if brands[0] == b"qt  " else "video/mp4")


def _ogg(head: bytes) -> FileType:
    """Ogg by its first stream's mark (RFC 3533; Theora is the only picture that is common)."""
    if b"theora" in head[:64]:
        return FileType("video", "video/ogg")
    return FileType("audio", "audio/ogg")


def _audio_frames(head: bytes) -> FileType | None:
    """MPEG audio without a header of its own: layer 0 is AAC in ADTS (ISO/IEC 11172-3, 13818-7).

    0xFE as the second byte would be layer I, which nobody uses, and is the mark of UTF-16.
    """
    layer = head[1] >> 1 & 3
    if layer == 0 and head[1] & 0xF6 == 0xF0:
        return FileType("audio", "audio/aac")
    return FileType("audio", "audio/mpeg") if layer and head[2] >> 4 != 15 else None


def _text(head: bytes) -> FileType | None:
    text = decoded_text(head, is_all=len(head) < HEAD_BYTES)
    if not text or is_markup(text):
        return None
    return FileType("document", text_type(text))


_MARKS: Final = (
    (b"\x89PNG\r\n\x1a\n", FileType("image", "image/png")),
    (b"\xff\xd8\xff", FileType("image", "image/jpeg")),
    (b"GIF87a", FileType("image", "image/gif")),
    (b"GIF89a", FileType("image", "image/gif")),
    (b"II*\x00", FileType("image", "image/tiff")),
    (b"MM\x00*", FileType("image", "image/tiff")),
    (b"fLaC", FileType("audio", "audio/flac")),
    (b"ID3", FileType("audio", "audio/mpeg")),
    (b"%PDF-", FileType("document", "application/pdf")),
    (b"PK\x03\x04", FileType("document", _WORD)),
)
