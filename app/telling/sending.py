"""Sending one message to one address, once."""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from time import monotonic
from typing import Final

import httpx

from app.core.answer import dumps
from app.core.encryption import Encryption
from app.settings import Settings
from app.telling.addresses import AddressRefused, check_url, resolved
from app.telling.signing import signed_headers
from documents.telling import DeliveryAttempt, Webhook, WebhookDelivery
from documents.values import now

GONE: Final = 410
"""The receiver wants no more messages, ever."""
SNIPPET_BYTES: Final = 500
USER_AGENT: Final = "Backlot-Webhooks/1"


@dataclass(frozen=True, slots=True)
class _Answered:
    status: int
    snippet: str


async def send(webhook: Webhook, delivery: WebhookDelivery, settings: Settings) -> DeliveryAttempt:
    """Send the message to its address; every end of it is an attempt.

    Raises NotConfigured or Undecipherable where the secret that signs it cannot be read.

    Redirections are not followed: they could lead anywhere, and an address that has moved is
    better entered anew.
    """
    at, started = now(), monotonic()
    body = dumps(delivery.payload)
    headers = {
        "content-type": "application/json",
        "user-agent": USER_AGENT,
        "accept-encoding": "identity",
        **signed_headers(webhook, delivery.event_id, at, body, Encryption.of(settings)),
    }
    status, snippet, error = None, "", ""
    try:
        async with asyncio.timeout(settings.webhook_timeout_seconds):
            answered = await _post(webhook.url, headers, body, settings)
        status, snippet = answered.status, answered.snippet
        error = _objection(status)
    except AddressRefused as exc:
        error = str(exc)
    except (TimeoutError, httpx.TimeoutException):
        error = f"No answer within {settings.webhook_timeout_seconds:g} seconds."
    except httpx.HTTPError as exc:
        error = f"{_WORDS.get(type(exc), 'The connection broke off')}: {exc}"[:500]
    return DeliveryAttempt(
        at=at,
        milliseconds=round((monotonic() - started) * 1000),
        status=status,
        error=error,
        response_snippet=snippet,
    )


async def _post(url: str, headers: Mapping[str, str], body: bytes, settings: Settings) -> _Answered:
    """Post to the first of the checked addresses that takes a connection."""
    target = check_url(url, private=settings.webhook_private)
    addresses = await resolved(target, private=settings.webhook_private)
    # No proxy of the environment: it would resolve the name by itself.
    async with httpx.AsyncClient(
        verify=_certificates(),
        trust_env=False,
        follow_redirects=False,
        timeout=settings.webhook_timeout_seconds,
    ) as client:
        for number, address in enumerate(addresses, 1):
            request = client.build_request(
                "POST",
                target.copy_with(host=address),
                headers={**headers, "host": target.netloc.decode()},
                content=body,
                extensions={"sni_hostname": target.raw_host.decode()},
            )
            try:
                answer = await client.send(request, stream=True)
            except httpx.ConnectError:
                if number == len(addresses):
                    raise
                continue
            try:
                return _Answered(answer.status_code, await _beginning(answer))
            finally:
                await answer.aclose()
    raise AddressRefused(f"The name {target.host} leads nowhere.")


async def _beginning(answer: httpx.Response) -> str:
    """The first bytes of the answer as text; the rest is not read."""
    content = b""
    async for chunk in answer.aiter_raw():
        content += chunk[: SNIPPET_BYTES - len(content)]
        if len(content) == SNIPPET_BYTES:
            break
    text = content.decode("utf-8", errors="replace")
    return "".join(
        each if each.isprintable() or each.isspace() else "\N{REPLACEMENT CHARACTER}"
        for each in text
    )


def _objection(status: int) -> str:
    if 200 <= status < 300:
        return ""
    if 300 <= status < 400:
        return "It redirects, which is not followed: enter the address that it leads to."
    return f"It answered {status}."


@cache
def _certificates() -> ssl.SSLContext:
    """Whom we trust; read once, since it takes its time."""
    return httpx.create_ssl_context(trust_env=False)


_WORDS: Final[Mapping[type[Exception], str]] = {
    httpx.ConnectError: "No connection",
    httpx.RemoteProtocolError: "The answer is not HTTP",
}
