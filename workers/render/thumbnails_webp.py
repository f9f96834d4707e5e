"""Writing the pictures that are shown in place of files."""

import secrets
from pathlib import Path
from typing import Final

from PIL import Image

_QUALITY: Final = 80


def save_webp(picture: Image.Image, into: Path, *, effort: int = 4) -> None:
    """Write a WebP of the pixels alone, whole or not at all; `effort` is WebP's, 0 to 6."""
    partial = into.with_name(f".{into.stem}.{secrets.token_hex(6)}.part")
    picture.info.clear()  # no EXIF, no place, no comment
    try:
        picture.save(partial, "WEBP", quality=_QUALITY, method=effort)
        partial.replace(into)
    finally:
        partial.unlink(missing_ok=True)
