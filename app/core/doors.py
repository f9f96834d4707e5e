"""What every request passes on its way in and every answer on its way out."""

from typing import Final

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from app.core.errors import UnexpectedErrors
from app.core.observing import Observing
from app.core.request_ids import RequestIds
from app.core.security_headers import SecurityHeaders
from app.limits.middleware import RateLimits
from app.limits.sizes import RequestSizes
from app.settings import Settings

METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
SENT: Final = (
    *("Authorization", "Content-Type", "Accept", "If-Match", "If-None-Match"),
    *("Idempotency-Key", "X-Request-ID", "Last-Event-ID"),
)
SHOWN: Final = (
    *("ETag", "Location", "Retry-After", "X-Request-ID"),
    *("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"),
)
"""Header fields of answers that scripts of other origins may read."""
PREFLIGHT_SECONDS: Final = 600


def install(app: FastAPI, settings: Settings, prefix: str) -> None:
    """Put the doors up, from the innermost to the outermost; `prefix` is where rates count."""
    app.add_middleware(RateLimits, prefix=prefix)
    app.add_middleware(RequestSizes, most_bytes=settings.request_bytes)
    app.add_middleware(UnexpectedErrors)
    origins = [each.strip() for each in settings.cors_origins.split(",") if each.strip()]
    if origins:
        # Tokens travel in a header, so there are no credentials for browsers to add.
        app.add_middleware(
            CORSMiddleware,
            allow_origins=origins,
            allow_methods=METHODS,
            allow_headers=SENT,
            expose_headers=SHOWN,
            max_age=PREFLIGHT_SECONDS,
        )
    app.add_middleware(SecurityHeaders, shared=bool(origins))
    app.add_middleware(Observing)
    app.add_middleware(RequestIds)
