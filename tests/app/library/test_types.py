"""The quick answer for how a file begins."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.library.types import SHOWN_INLINE, FileType, is_markup, may_be_shown, type_of


@pytest.mark.parametrize(
    ("head", "mime_type"),
    [
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"GIF89a", "image/gif"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"),
        (b"\x00\x00\x00\x1cftypavif\x00\x00\x00\x00avifmif1miaf", "image/avif"),
        (b"\x00\x00\x00\x1cftypmif1\x00\x00\x00\x00mif1avifmiaf", "image/avif"),
        (b"BM\x46\x00\x00\x00\x00\x00\x00\x00", "image/bmp"),
        (b"II*\x00", "image/tiff"),
        (b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2", "video/mp4"),
        (b"\x00\x00\x00\x14ftypqt  \x00\x00\x00\x00qt  ", "video/quicktime"),
        (b"\x00\x00\x00\x14ftypM4A \x00\x00\x00\x00M4A ", "audio/mp4"),
        (b"\x1a\x45\xdf\xa3\x01\x00\x00\x00\x00\x00\x00\x1fB\x82\x84webm", "video/webm"),
        (b"\x1a\x45\xdf\xa3\x01\x00\x00\x00\x00\x00\x00\x23B\x82\x88matroska", "video/x-matroska"),
        (b"RIFF\x00\x00\x00\x00WAVEfmt ", "audio/wav"),
        (b"ID3\x04", "audio/mpeg"),
        (b"\xff\xfb\x90\x64", "audio/mpeg"),
        (b"\xff\xf1\x50\x80", "audio/aac"),
        (b"fLaC", "audio/flac"),
        (b"OggS\x00\x02" + bytes(22) + b"\x01vorbis", "audio/ogg"),
        (b"OggS\x00\x02" + bytes(22) + b"\x80theora", "video/ogg"),
        (b"FORM\x00\x00\x00\x00AIFF", "audio/aiff"),
        (b"%PDF-1.7", "application/pdf"),
        (b"WEBVTT\n\n", "text/vtt"),
        (b"\xef\xbb\xbfWEBVTT", "text/vtt"),
        (b"1\r\n00:00:01,000 --> 00:00:02,000\r\nA\r\n", "application/x-subrip"),
        ("Füchse".encode(), "text/plain"),
        ("A fox".encode("utf-16"), "text/plain"),
        (b"BMW is no picture", "text/plain"),
        (b"WEBVTTs are captions", "text/plain"),
    ],
)
def test_types_by_content(head: bytes, mime_type: str) -> None:
    found = type_of(head)
    assert found is not None
    assert found.mime_type == mime_type
    assert found.kind == (mime_type.split("/")[0] if mime_type[0] in "aiv" else "document") or (
        mime_type.startswith("application/") and found.kind == "document"
    )


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"\xef\xbb\xbf\n <!DOCTYPE html>",
        b"<?xml version='1.0'?><svg/>",
        "<svg/>".encode("utf-16"),
        b"\x7fELF",
        b"MZ\x90\x00\x03",
        b"\x00" * 64,
    ],
)
def test_what_is_not_taken(head: bytes) -> None:
    assert type_of(head) is None


@given(st.binary(max_size=200))
def test_any_beginning_has_an_answer(head: bytes) -> None:
    found = type_of(head)
    assert found is None or isinstance(found, FileType)


def test_what_browsers_may_show() -> None:
    assert may_be_shown("image/png", quarantined=False)
    assert may_be_shown("text/plain; charset=utf-8", quarantined=False)
    assert not may_be_shown("image/png", quarantined=True)
    assert not may_be_shown("application/pdf", quarantined=False)
    assert not may_be_shown("image/svg+xml", quarantined=False)
    assert "text/html" not in SHOWN_INLINE


def test_markup_is_told_from_prose() -> None:
    assert is_markup("\n<svg>")
    assert not is_markup("<3 foxes")
