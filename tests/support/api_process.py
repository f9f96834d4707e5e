"""An API process with one slow route: `python -m tests.support.api_process PORT`."""

import asyncio
import sys

import uvicorn

from app.core.logs import configure
from app.core.serving import server_options
from app.main import create_app
from app.settings import Settings

SLOW_SECONDS = 1.5
begun = 0


async def slow() -> dict[str, str]:
    global begun
    begun += 1
    await asyncio.sleep(SLOW_SECONDS)
    return {"answer": "whole"}


async def slow_begun() -> int:
    return begun


def main(port: str) -> None:
    settings = Settings()
    configure(settings)
    app = create_app(settings)
    app.add_api_route("/slow", slow)
    app.add_api_route("/slow/begun", slow_begun)
    uvicorn.run(app, host="127.0.0.1", port=int(port), **server_options())


if __name__ == "__main__":
    main(*sys.argv[1:])
