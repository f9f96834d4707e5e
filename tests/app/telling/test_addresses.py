"""Where webhooks may lead: whatever way a private address is written, never there."""

import asyncio
import socket
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.telling.addresses import AddressRefused, check_url, is_public, resolved

PRIVATE = (
    *("127.0.0.1", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254"),  # noqa: S104
    *("100.64.0.1", "192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255"),
    *("::1", "::", "fe80::1", "fc00::1", "fec0::1", "ff02::1", "2001:db8::1"),
    *("::ffff:127.0.0.1", "64:ff9b::10.0.0.1", "2002:7f00:1::", "2001:0:1:1::1"),
)


@pytest.mark.parametrize("address", PRIVATE)
def test_private_address_is_none_of_the_open_internet(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1", "64:ff9b::8.8.8.8"])
def test_public_address_is(address: str) -> None:
    assert is_public(ip_address(address))


@given(st.ip_addresses(v=4))
def test_wrapping_changes_nothing(address: Any) -> None:
    assert isinstance(address, IPv4Address)
    number = int(address)
    for wrapped in (0xFFFF << 32 | number, 0x64FF9B << 96 | number, 0x2002 << 112 | number << 80):
        assert is_public(IPv6Address(wrapped)) == is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        *("http://example.com/", "ftp://example.com/", "example.com", "https://", "//example.com"),
        *("https://user:word@example.com/", "https://example.com/#part", "https://127.0.0.1/"),
        *(
            "https://[::1]/",
            "https://169.254.169.254/latest",
            "https://exa mple.com/",
            "https://:1/",
        ),
    ],
)
def test_bad_url_is_refused_without_asking_for_its_name(url: str) -> None:
    with pytest.raises(AddressRefused):
        check_url(url, private=False)


def test_development_may_lead_anywhere() -> None:
    assert check_url("http://127.0.0.1:8080/hook", private=True).port == 8080


@pytest.mark.parametrize("found", [["10.0.0.7"], ["93.184.216.34", "127.0.0.1"], ["fe80::1%lo"]])
async def test_name_that_leads_inside_is_refused(
    found: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _resolve_to(found, monkeypatch)
    with pytest.raises(AddressRefused, match="private"):
        await resolved(httpx.URL("https://example.com/"), private=False)


async def test_name_is_resolved_to_what_was_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    _resolve_to(["93.184.216.34", "93.184.216.34", "93.184.216.35"], monkeypatch)
    found = await resolved(httpx.URL("https://example.com/"), private=False)
    assert found == ["93.184.216.34", "93.184.216.35"]


async def test_name_that_leads_nowhere_is_refused() -> None:
    with pytest.raises(AddressRefused, match="nowhere"):
        await resolved(httpx.URL("https://name.invalid/"), private=False)


def _resolve_to(found: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    async def getaddrinfo(*_: object, **__: object) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, 443)) for each in found]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo)
