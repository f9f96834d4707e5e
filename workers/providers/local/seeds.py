"""Seeds out of words, the same on every machine and in every process."""

from __future__ import annotations

import hashlib
import random


def derived_seed(*parts: str | int) -> int:
    """A 63-bit number that depends on every part and on their order."""
    text = "\x1f".join(str(part) for part in parts)
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def dice(*parts: str | int) -> random.Random:
    """A generator of its own for the parts, so that one choice never shifts another."""
    return random.Random(derived_seed(*parts))
