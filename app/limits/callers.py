"""Whose rate a request is spent on: the user's or key's, else the address that it comes from."""

from hashlib import blake2b
from ipaddress import IPv6Address, ip_address
from typing import Final

from starlette.types import Scope

MOST_REMEMBERED: Final = 20_000
DIGEST_BYTES: Final = 16


class Callers:
    """Remembers whose token is whose.

    That a token speaks for a user is a fact of its signature and never changes; whether it is
    still good is not asked here. A token that has not proved itself yet is charged to its address,
    so that guessing tokens is as slow as asking without one.
    """

    def __init__(self, most: int = MOST_REMEMBERED) -> None:
        self._most = most
        self._names: dict[bytes, str] = {}

    def remember(self, token: str, name: str) -> None:
        """This token is good, and speaks for the user or key of this name."""
        digest = _digest(token.encode())
        if digest in self._names:
            return
        if len(self._names) >= self._most:
            del self._names[next(iter(self._names))]
        self._names[digest] = name

    def known(self, scope: Scope) -> str | None:
        """Who sends the request, where its token has proved itself before."""
        for name, value in scope["headers"]:
            if name == b"authorization":
                return self._names.get(_digest(value.partition(b" ")[2].strip()))
        return None


def address(scope: Scope) -> str:
    """Where the request comes from; of an IPv6 address its network, which one caller has whole.

    Behind a proxy this is what the server makes of its forwarding headers
    (uvicorn: `--forwarded-allow-ips`).
    """
    client = scope.get("client")
    if not client:
        return "unknown"
    host: str = client[0]
    if ":" not in host:
        return host
    try:
        parsed = ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if isinstance(parsed, IPv6Address):
        return str(parsed.ipv4_mapped or IPv6Address(int(parsed) >> 64 << 64))
    return host


def _digest(token: bytes) -> bytes:
    """In place of the token, so that memory holds none."""
    return blake2b(token, digest_size=DIGEST_BYTES).digest()
