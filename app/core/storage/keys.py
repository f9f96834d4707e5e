"""How objects are named: by their content, below a prefix that tells whose they are."""

import re
import uuid

INCOMING = "incoming/"
"""Where streams of yet unknown content wait for their key; no prefix may begin with it."""
STAGING = "uploads/"
"""Where clients put what is not checked yet; nor with this."""

_PREFIX = re.compile(r"[^/\x00-\x1f]+(/[^/\x00-\x1f]+)*")
_SHA256 = re.compile(r"[0-9a-f]{64}")


def content_key(prefix: str, sha256: str) -> str:
    """The key of a content: `<prefix>/<sha256>`, both checked (`ValueError`)."""
    if not _PREFIX.fullmatch(prefix) or f"{prefix}/".startswith((INCOMING, STAGING)):
        raise ValueError(f"{prefix!r} cannot be the prefix of a stored object")
    return f"{prefix}/{checked_sha256(sha256)}"


def sha256_of(key: str) -> str:
    """The SHA-256 that a key promises, in hex; `ValueError` for a key that is not by content."""
    return checked_sha256(key.rpartition("/")[2])


def checked_sha256(text: str) -> str:
    """The text itself, where it is a SHA-256 in lower-case hex; `ValueError` otherwise."""
    if not _SHA256.fullmatch(text):
        raise ValueError(f"{text!r} is not a SHA-256 in lower-case hex")
    return text


def incoming_key() -> str:
    """A new key for a stream whose content is not known yet."""
    return f"{INCOMING}{uuid.uuid4().hex}"


def staging_key(name: str) -> str:
    """The key under which a client puts an upload that is called so."""
    return f"{STAGING}{name}"
