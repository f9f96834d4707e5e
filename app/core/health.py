"""Whether the process lives, and whether the servers behind it answer."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from app.core.parts import Parts, parts_of

PATIENCE: Final = 3.0
"""Seconds that a server has to answer."""
PROBED_OBJECT: Final = "readyz"
"""An object that nobody stores: that the store says so is its answer."""

logger = logging.getLogger(__name__)
router = APIRouter(tags=["health"])


@dataclass(slots=True)
class Probe:
    """Asks one server for a sign of life; never twice at the same time."""

    name: str
    ask: Callable[[Parts], Awaitable[Any]]
    needed: bool = True
    applies: Callable[[Parts], bool] = lambda _: True
    _running: "asyncio.Future[Any] | None" = None

    async def look(self, parts: Parts) -> dict[str, Any]:
        """`ok`, and where it is not, `why`."""
        if self._running is None or self._running.done():
            self._running = asyncio.ensure_future(self.ask(parts))
        # A call in a thread can't be ended, so it is left to itself and asked again later.
        done, _ = await asyncio.wait({self._running}, timeout=PATIENCE)
        if not done:
            return {"ok": False, "why": f"no answer within {PATIENCE:.0f} s"}
        error = self._running.exception()
        if error is not None:
            logger.warning("%s is not ready: %s", self.name, error)
            return {"ok": False, "why": f"does not answer ({type(error).__name__})"}
        if self._running.result() is False:
            return {"ok": False, "why": "does not answer"}
        return {"ok": True}


def probes() -> tuple[Probe, ...]:
    """The servers behind the API. Without Redis everything works, only later."""
    return (
        Probe("document_store", lambda parts: parts.store.database.command("ping")),
        Probe("object_store", lambda parts: _object_store(parts)),
        Probe("wake_ups", lambda parts: parts.wakeups.ready(), needed=False),
        Probe("rate_limits", _rate_limits, needed=False, applies=_has_rate_limits),
    )


@router.get("/healthz", operation_id="healthz")
async def healthz() -> dict[str, str]:
    """The process lives."""
    return {"status": "ok"}


@router.get(
    "/readyz",
    operation_id="readyz",
    response_model=None,
    responses={
        200: {"description": "Requests can be served; a part that only warns may be away."},
        503: {"description": "A part is away that requests need."},
    },
)
async def readyz(request: Request) -> JSONResponse:
    """The servers behind it answer."""
    parts = parts_of(request)
    asked = [each for each in request.app.state.probes if each.applies(parts)]
    answers = await asyncio.gather(*(each.look(parts) for each in asked))
    found = {each.name: answer for each, answer in zip(asked, answers, strict=True)}
    missing = [each.name for each in asked if not found[each.name]["ok"]]
    needed = [each.name for each in asked if each.needed and each.name in missing]
    status = "not_ready" if needed else "degraded" if missing else "ready"
    return JSONResponse({"status": status, "parts": found}, 503 if needed else 200)


def _has_rate_limits(parts: Parts) -> bool:
    return parts.limits is not None


async def _rate_limits(parts: Parts) -> bool:
    """Whether rates are being limited: without Redis everything passes."""
    return parts.limits is None or await parts.limits.ready()


async def _object_store(parts: Parts) -> None:
    await parts.storage.exists(PROBED_OBJECT)
