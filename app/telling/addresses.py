"""Where we may be sent: never into our own network, whatever a name resolves to."""

import asyncio
import re
import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final, TypeAlias

import httpx

Address: TypeAlias = IPv4Address | IPv6Address
HOST: Final = re.compile(rb"[a-z0-9._:-]+")
"""A name or number as it travels: international names are in ASCII by then (IDNA)."""
NAT64: Final = IPv6Network("64:ff9b::/96")
"""IPv4 addresses in the last 32 bits (RFC 6052)."""


class AddressRefused(Exception):
    """Nothing of ours goes there; the message says why."""


def check_url(url: str, *, private: bool, plain: bool = False) -> httpx.URL:
    """The address, as far as can be told without asking for its name. Raises AddressRefused.

    `private` lets it lead into our own network, and go by plain http; `plain` the latter alone.
    """
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as exc:
        raise AddressRefused("This is no address of the web.") from exc
    if parsed.scheme != "https" and not ((private or plain) and parsed.scheme == "http"):
        raise AddressRefused("The address has to begin with https://.")
    if not HOST.fullmatch(parsed.raw_host) or parsed.userinfo or parsed.fragment:
        raise AddressRefused("The address needs a host, and takes neither user nor fragment.")
    if (literal := _literal(parsed.host)) is not None:
        _check([literal], private=private)
    return parsed


async def resolved(url: httpx.URL, *, private: bool) -> list[str]:
    """The numeric addresses behind the URL's host, in the order in which to try them.

    Raises AddressRefused where one of them is not public. Whoever connects has to use one of
    these and not the name: asked again, it may resolve to something else.
    """
    port = url.port or (443 if url.scheme == "https" else 80)
    name, loop = url.raw_host.decode(), asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as exc:
        raise AddressRefused(f"The name {name} leads nowhere.") from exc
    # A zone (`fe80::1%eth0`) is only found with addresses of the own network.
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    _check([ip_address(each.partition("%")[0]) for each in addresses], private=private)
    return addresses


def is_public(address: Address) -> bool:
    """Whether the address is one of the open internet, also where it wraps an IPv4 address."""
    if isinstance(address, IPv6Address):
        if address in NAT64:
            return is_public(IPv4Address(int(address) & 0xFFFFFFFF))
        for wrapped in (address.ipv4_mapped, address.sixtofour):
            if wrapped is not None:
                return is_public(wrapped)
        if address.teredo is not None or address.is_site_local:
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def _check(addresses: list[Address], *, private: bool) -> None:
    if not private and not all(is_public(each) for each in addresses):
        raise AddressRefused("The address leads into a private network.")


def _literal(host: str) -> Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None
