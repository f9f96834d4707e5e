"""File names in a Content-Disposition header (RFC 6266, RFC 8187, which follows RFC 5987)."""

import re
import unicodedata
from urllib.parse import quote

_UNSAFE_CATEGORIES = {"Cc", "Cs", "Zl", "Zp"}
_BIDIRECTIONAL = {*map(chr, range(0x202A, 0x202F)), *map(chr, range(0x2066, 0x206A))}
"""These make "gpj.exe" read as "exe.jpg"."""
_ATTRIBUTE_CHARACTERS = "!#$&+-.^_`|~"
"""What RFC 8187 leaves unescaped, beside letters and digits."""


def safe_filename(filename: str) -> str:
    """The name without what no file system or header should see; never empty."""
    name = "".join("_" if _is_unsafe(character) else character for character in filename).strip()
    return name if name.strip(". ") else "file"


def content_disposition(filename: str) -> str:
    """`attachment` under this name: in full for today's browsers, in plain ASCII for the others."""
    name = safe_filename(filename)
    # A percent sign is left out of the plain form: some browsers would decode it (RFC 6266, D).
    plain = re.sub(r'[^\x20-\x7e]|["%]', "_", name)
    exact = quote(name, safe=_ATTRIBUTE_CHARACTERS)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{exact}"


def _is_unsafe(character: str) -> bool:
    return (
        character in "/\\"
        or character in _BIDIRECTIONAL
        or unicodedata.category(character) in _UNSAFE_CATEGORIES
    )
