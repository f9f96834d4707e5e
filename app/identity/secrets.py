"""Secrets that we hand out and keep as hashes only.

They are random and long, so a plain SHA-256 is enough to keep them: there is nothing to guess.
"""

from hashlib import sha256
from secrets import token_urlsafe


def new_secret() -> str:
    """256 random bits, fit for links."""
    return token_urlsafe(32)


def digest(secret: str) -> str:
    """What the store keeps of a secret."""
    return sha256(secret.encode()).hexdigest()
