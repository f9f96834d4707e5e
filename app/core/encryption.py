"""Encrypting the secrets that have to be readable again, before they go into the store.

Fernet (AES-128-CBC with HMAC-SHA256): the newest key encrypts, all of them decrypt, so a key is
exchanged without a gap: set a new one, move the one before to the old ones, run `backlot migrate`,
which encrypts everything with the newest, and then drop it.
"""

from base64 import urlsafe_b64encode
from collections.abc import Iterable
from typing import Final, Self

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from app.settings import NotConfigured, Settings
from documents.base import Record
from documents.secrets import rewrite

LEAST_BYTES: Final = 32
PURPOSE: Final = b"backlot: secrets at rest, 1"
"""Keeps the derived key from being that of any other use of the same setting."""


class Undecipherable(Exception):
    """None of the keys opens a stored secret; the message says how to mend that."""

    def __init__(self) -> None:
        super().__init__(
            "A stored secret was encrypted with another key: add that key to "
            "BACKLOT_ENCRYPTION_KEYS_OLD, or make the secret anew."
        )


class Encryption:
    """Encrypts and decrypts texts; keys are 32 bytes at least, the newest comes first."""

    def __init__(self, key: bytes, older: Iterable[bytes] = ()) -> None:
        self._newest = _fernet(key)
        self._all = MultiFernet([self._newest, *map(_fernet, older)])

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """By the keys of the settings. Raises NotConfigured."""
        key = settings.encryption_key.get_secret_value() if settings.encryption_key else ""
        if len(key.encode()) < LEAST_BYTES:
            raise NotConfigured(
                f"BACKLOT_ENCRYPTION_KEY must be set, to at least {LEAST_BYTES} bytes that nobody "
                "can guess: `openssl rand -base64 48` makes some; `backlot up` makes its own. Keep "
                "a copy: without it stored credentials are lost."
            )
        older = settings.encryption_keys_old.get_secret_value().split(",")
        known = [each.strip().encode() for each in older if each.strip()]
        if any(len(each) < LEAST_BYTES for each in known):
            raise NotConfigured(
                "BACKLOT_ENCRYPTION_KEYS_OLD holds a key that never was one: each between two "
                f"commas has at least {LEAST_BYTES} bytes."
            )
        return cls(key.encode(), known)

    def encrypt(self, text: str) -> str:
        """The text as it may be stored, different every time."""
        return self._newest.encrypt(text.encode()).decode()

    def decrypt(self, ciphertext: str) -> str:
        """The text that was encrypted. Raises Undecipherable."""
        try:
            return self._all.decrypt(ciphertext).decode()
        except InvalidToken:
            raise Undecipherable from None

    def renewed(self, ciphertext: str) -> str:
        """The same text encrypted with the newest key; as it is, if it is so already.

        Raises Undecipherable.
        """
        try:
            self._newest.decrypt(ciphertext)
        except InvalidToken:
            return self.encrypt(self.decrypt(ciphertext))
        return ciphertext


async def renew(models: Iterable[type[Record]], encryption: Encryption) -> int:
    """Encrypt all stored secrets with the newest key; answers how many were not. Safe to repeat.

    Those that no key opens stay as they are: they are found when they are needed.
    """

    def change(ciphertext: str) -> str:
        try:
            return encryption.renewed(ciphertext)
        except Undecipherable:
            return ciphertext

    return sum([await rewrite(model, change) for model in models])


def _fernet(key: bytes) -> Fernet:
    derived = HKDF(SHA256(), length=32, salt=None, info=PURPOSE).derive(key)
    return Fernet(urlsafe_b64encode(derived))
