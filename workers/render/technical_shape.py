"""Files that are two things at once, or much more than they seem: told by their shape.

A polyglot is a proper picture for a decoder and a program for somebody else: an archive behind its
end, a page in its comments, a script that begins with its first letters. Nothing that we keep is
such a thing by accident, so it is refused whatever the decoder says.
"""

import mmap
import re
import stat
import zipfile
from pathlib import Path, PurePosixPath
from typing import Final

from workers.render.errors import Unreadable

_LOOKED_THROUGH: Final = 256 * 1024
"""Bytes at the beginning and at the end: where metadata and what was put behind a file lie."""
_PROGRAM: Final = re.compile(
    rb"<script[\s>]|<\?php|<!doctype\s+html|<html[\s>]|<svg[\s>]|<iframe[\s>]|<foreignobject[\s>]",
    re.IGNORECASE,
)
_SCRIPT_FROM_THE_START: Final = re.compile(rb"GIF8[79]a(?:/\*|=[ -~])|\xff\xd8\xff\xe0/\*")
"""As numbers these would be a GIF at least 8,224 wide, and a JPEG header of 12,074 bytes."""
_ARCHIVE_END: Final = b"PK\x05\x06"
_ARCHIVE_ENTRY: Final = b"PK\x01\x02"
_PDF_WITHIN: Final = 1024
"""Readers accept a PDF whose header begins within so many bytes (ISO 32000-1, annex H.3)."""

MOST_ENTRIES: Final = 10_000
MOST_UNPACKED: Final = 512 * 1024 * 1024


def check_single(path: Path) -> None:
    """Refuse a picture, film or sound that is something else as well. Raises Unreadable."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        head = content[:_LOOKED_THROUGH]
        tail = content[max(len(head), len(content) - _LOOKED_THROUGH) :]
    if _SCRIPT_FROM_THE_START.match(head):
        raise Unreadable(f"{path.name} is also a script: it begins like one.")
    if b"%PDF-" in head[:_PDF_WITHIN]:
        raise Unreadable(f"{path.name} is also a PDF.")
    for part in (head, tail):
        if found := _PROGRAM.search(part):
            what = found[0].decode("ascii").strip("<> \t\r\n")
            raise Unreadable(f"{path.name} also holds a page or program ({what}).")
    end = (head + tail)[-_LOOKED_THROUGH:]
    if _ARCHIVE_END in end and _ARCHIVE_ENTRY in end:
        raise Unreadable(f"{path.name} is also an archive: a ZIP lies behind its end.")


def check_word_document(path: Path) -> bool:
    """Whether a ZIP is a Word document; its entries are looked at, and not unpacked.

    Raises:
        Unreadable: it would grow out of proportion, or its entries lead out of it.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError):
        return False
    _check_size(path, entries)
    for entry in entries:
        name = PurePosixPath(entry.filename.replace("\\", "/"))
        if name.is_absolute() or ".." in name.parts or stat.S_ISLNK(entry.external_attr >> 16):
            raise Unreadable(f"{path.name} holds an entry that leads out of it.")
    return any(entry.filename == "word/document.xml" for entry in entries)


def _check_size(path: Path, entries: list[zipfile.ZipInfo]) -> None:
    unpacked = sum(entry.file_size for entry in entries)
    packed = sum(entry.compress_size for entry in entries)
    if len(entries) > MOST_ENTRIES or unpacked > MOST_UNPACKED:
        raise Unreadable(f"{path.name} would be far too large when unpacked.")
    if packed > path.stat().st_size:  # parts that are used several times over
        raise Unreadable(f"{path.name} holds entries that overlap.")
