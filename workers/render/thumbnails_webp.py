"""Writing the pictures that are shown in place of files."""

import secrets
from pathlib import Path
from typing import Final

from PIL import Image

_QUALITY: Final = 80


def save_webp(picture: Image.Image, into: Path) -> None:
    """Write a WebP of the pixels alone, whole or not at all."""
    partial = into.with_name(f".{into.stem}.{secrets.token_hex(6)}.part")
    picture.info.clear()  # no EXIF, no place, no comment
    try:
        picture.save(partial, "WEBP", quality=_QUALITY)
        partial.replace(into)
    finally:
        partial.unlink(missing_ok=True)
