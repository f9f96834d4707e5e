"""Passwords: bcrypt, in threads, with the same work whether there is an account or not."""

import asyncio
from typing import Annotated, Final

import bcrypt
from pydantic import AfterValidator, Field, SecretStr

MOST_BYTES: Final = 72
"""bcrypt reads no further; a longer password is refused rather than cut."""
LEAST_CHARACTERS: Final = 8
_SALT_AND_DIGEST: Final = b"." * 21 + b"O" + b"." * 30 + b"O"


def _fit(password: SecretStr) -> SecretStr:
    plain = password.get_secret_value()
    if len(plain.encode()) > MOST_BYTES:
        raise ValueError(f"a password has at most {MOST_BYTES} bytes in UTF-8")
    if "\0" in plain:
        raise ValueError("a password holds no NUL")
    return password


Password = Annotated[
    SecretStr,
    Field(min_length=LEAST_CHARACTERS, examples=["correct horse battery"]),
    AfterValidator(_fit),
]
"""A password that somebody chooses."""
GivenPassword = Annotated[SecretStr, AfterValidator(_fit)]
"""A password that somebody enters."""


async def hashed(password: SecretStr, cost: int) -> str:
    """The bcrypt hash of the password, at 2**cost rounds."""
    plain = password.get_secret_value().encode()
    return (await asyncio.to_thread(bcrypt.hashpw, plain, bcrypt.gensalt(cost))).decode()


async def matches(password: SecretStr, password_hash: str | None, cost: int) -> bool:
    """Whether this is the password; without an account as much work, and False."""
    plain = password.get_secret_value().encode()
    against = nobodys_hash(cost) if password_hash is None else password_hash.encode()
    right = await asyncio.to_thread(bcrypt.checkpw, plain, against)
    return right and password_hash is not None


def nobodys_hash(cost: int) -> bytes:
    """A hash at this cost that no password is known for."""
    return b"$2b$%02d$" % cost + _SALT_AND_DIGEST


def has_cost(password_hash: str, cost: int) -> bool:
    """Whether the hash was made at this cost."""
    return password_hash.split("$")[2:3] == [f"{cost:02d}"]
