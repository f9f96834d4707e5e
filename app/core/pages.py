"""The documentation pages, served without anything from outside.

The scripts and styles come from the package `fastapi-offline`, of which only the files are used.
"""

import re
from base64 import b64encode
from hashlib import sha256
from typing import Final

from fastapi import FastAPI, Response
from fastapi.openapi.docs import (
    get_redoc_html,
    get_swagger_ui_html,
    get_swagger_ui_oauth2_redirect_html,
)
from fastapi.responses import HTMLResponse
from starlette.staticfiles import StaticFiles

ASSETS: Final = "/docs/assets"
OPENAPI: Final = "/openapi.json"
INLINE: Final = re.compile(rb"<script>(.*?)</script>", re.DOTALL)


def install(app: FastAPI) -> None:
    """Serve `/docs` and `/redoc`."""
    icon = f"{ASSETS}/favicon.png"
    swagger = get_swagger_ui_html(
        openapi_url=OPENAPI,
        title=app.title,
        oauth2_redirect_url="/docs/oauth2-redirect",
        swagger_js_url=f"{ASSETS}/swagger-ui-bundle.js",
        swagger_css_url=f"{ASSETS}/swagger-ui.css",
        swagger_favicon_url=icon,
    )
    redoc = get_redoc_html(
        openapi_url=OPENAPI,
        title=app.title,
        redoc_js_url=f"{ASSETS}/redoc.standalone.js",
        redoc_favicon_url=icon,
        with_google_fonts=False,
    )
    redirect = get_swagger_ui_oauth2_redirect_html()
    pages = (("/docs", swagger), ("/redoc", redoc), ("/docs/oauth2-redirect", redirect))
    for path, page in pages:
        _serve(app, path, bytes(page.body))
    app.mount(ASSETS, StaticFiles(packages=[("fastapi_offline", "static")]), name="assets")


def policy(page: bytes) -> str:
    """What this page may load: our own files, and the very scripts that stand in it."""
    scripts = [b64encode(sha256(each).digest()).decode() for each in INLINE.findall(page)]
    return "; ".join(
        (
            "default-src 'none'",
            " ".join(("script-src 'self'", *(f"'sha256-{each}'" for each in scripts))),
            # Swagger UI and ReDoc write style attributes as they go.
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data:",
            "font-src 'self' data:",
            "connect-src 'self'",
            "worker-src 'self' blob:",
            "frame-ancestors 'none'",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def _serve(app: FastAPI, path: str, page: bytes) -> None:
    headers = {"Content-Security-Policy": policy(page)}

    async def show() -> Response:
        return HTMLResponse(page, headers=headers)

    app.add_api_route(path, show, include_in_schema=False)
