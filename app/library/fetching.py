"""Fetching a file from an address on the web, without being led into our own network.

Each name is resolved once, all its addresses are checked, and the connection goes to one of these
and not to the name: asked again, it may resolve to something else. So it is with every redirection.
"""

import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from typing import Final
from urllib.parse import unquote

import httpx

from app.telling.addresses import AddressRefused, check_url, resolved

MOST_REDIRECTIONS: Final = 5
SILENCE_SECONDS: Final = 30.0
"""Who says nothing for so long is given up."""
USER_AGENT: Final = "Backlot-Import/1"
_NAME: Final = re.compile(r"filename\*?=(?:UTF-8''|\")?([^\";]+)", re.IGNORECASE)


class FetchFailed(Exception):
    """The address does not give the file; the message says why."""

    def __init__(self, message: str, *, lasting: bool = True) -> None:
        super().__init__(message)
        self.lasting = lasting
        """Whether trying again would be in vain."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file that is coming in."""

    chunks: AsyncIterator[bytes]
    size: int | None
    """Bytes, as far as the other side says it beforehand."""
    filename: str
    """What the other side calls it, or the end of its address; may be empty."""


@asynccontextmanager
async def fetched(url: str, *, private: bool) -> AsyncIterator[Fetched]:
    """The file at this address, while it is read. Raises FetchFailed, also while it is read.

    `private` lets the address lead into our own network.
    """
    # No proxy of the environment: it would resolve the names by itself.
    async with httpx.AsyncClient(
        verify=_certificates(), trust_env=False, follow_redirects=False, timeout=SILENCE_SECONDS
    ) as client:
        answer, target = await _arrived(client, url, private)
        try:
            yield Fetched(_read(answer), _size(answer), _filename(answer, target))
        finally:
            await answer.aclose()


async def _arrived(
    client: httpx.AsyncClient, url: str, private: bool
) -> tuple[httpx.Response, httpx.URL]:
    """The answer behind all redirections, and the address that gave it."""
    for _ in range(MOST_REDIRECTIONS + 1):
        try:
            target = check_url(url, private=private, plain=True)
            answer = await _asked(client, target, await resolved(target, private=private))
        except AddressRefused as exc:
            raise FetchFailed(f"{exc} ({url[:200]})") from exc
        if not answer.is_redirect:
            if answer.status_code == httpx.codes.OK:
                return answer, target
            await answer.aclose()
            busy = answer.status_code == httpx.codes.TOO_MANY_REQUESTS or answer.is_server_error
            raise FetchFailed(f"The address answers {answer.status_code}.", lasting=not busy)
        await answer.aclose()
        # `answer.url` names the number that was connected to: what is relative goes by the name.
        try:
            url = str(target.join(answer.headers["location"]).copy_with(fragment=None))
        except httpx.InvalidURL as exc:
            raise FetchFailed("The address redirects to what is no address.") from exc
    raise FetchFailed(f"The address redirects more than {MOST_REDIRECTIONS} times.")


async def _asked(
    client: httpx.AsyncClient, target: httpx.URL, addresses: list[str]
) -> httpx.Response:
    """The answer of the first of these addresses that takes a connection."""
    problem: Exception | None = None
    for address in addresses:
        request = client.build_request(
            "GET",
            target.copy_with(host=address),
            headers={
                "host": target.netloc.decode(),
                "user-agent": USER_AGENT,
                "accept": "*/*",
                # What is packed would have to be unpacked here, to whatever size it pleases.
                "accept-encoding": "identity",
            },
            extensions={"sni_hostname": target.raw_host.decode()},
        )
        try:
            return await client.send(request, stream=True)
        except httpx.HTTPError as exc:
            problem = exc
    raise FetchFailed(f"{target.host} does not answer: {problem!r}"[:500], lasting=False)


async def _read(answer: httpx.Response) -> AsyncIterator[bytes]:
    try:
        async for chunk in answer.aiter_raw():
            yield chunk
    except httpx.HTTPError as exc:
        raise FetchFailed(f"The transfer broke off: {exc!r}"[:500], lasting=False) from exc


def _size(answer: httpx.Response) -> int | None:
    length = answer.headers.get("content-length", "")
    return int(length) if length.isdecimal() else None


def _filename(answer: httpx.Response, target: httpx.URL) -> str:
    named = _NAME.search(answer.headers.get("content-disposition", ""))
    return unquote(named[1]).strip() if named else unquote(target.path.rpartition("/")[2])


@cache
def _certificates() -> ssl.SSLContext:
    """Whom we trust; read once, since it takes its time."""
    return httpx.create_ssl_context(trust_env=False)
