"""`backlot up`: servers, API and worker, until Ctrl-C."""

import asyncio
import time
import urllib.error
import urllib.request
from typing import Annotated, Final

import typer
from rich.console import Console

from app.settings import Settings
from scripts.migrate import migrated
from scripts.processes import Child, ProcessEnded, children, stopped_by_signals
from scripts.seed import DEMO_EMAIL, DEMO_PASSWORD, ensure_demo_account
from scripts.stack import Stack, StackError, environment
from scripts.stack.ports import choose, is_free

READY_SECONDS: Final = 120.0
"""A busy machine takes its time; a process that has ended is told of at once."""
POLL_SECONDS: Final = 0.05
WATCH_SECONDS: Final = 0.5


def up(
    port: Annotated[
        int | None, typer.Option(help="Port of the API; 0 takes a free one.", min=0, max=65535)
    ] = None,
) -> None:
    """Start servers, API and worker; Ctrl-C stops everything."""
    console = Console(highlight=False)
    settings = Settings()
    if port is not None:
        settings = settings.model_copy(update={"port": port})
    stack = Stack(settings)
    with stopped_by_signals():
        try:
            running = _with_port(stack.start())
            asyncio.run(_prepare(running))
            logs = running.data / "logs"
            variables = environment(running)
            parts = (
                Child(["api"], variables, logs / "api.log"),
                Child(["worker"], variables, logs / "worker.log"),
            )
            with children(*parts):
                url = f"http://{running.host}:{running.port}"
                await_ready(f"{url}/readyz", parts[0])
                _greet(console, url, running)
                while True:
                    stack.check()
                    for part in parts:
                        part.check()
                    time.sleep(WATCH_SECONDS)
        except KeyboardInterrupt:
            console.print("\nStopping …")
        finally:
            stack.stop()
    console.print("Stopped; everything is kept for the next start.")


def await_ready(url: str, process: Child, patience: float = READY_SECONDS) -> None:
    """Wait until the URL answers 200. Raises ProcessEnded when it never does."""
    until = time.monotonic() + patience
    while time.monotonic() < until:
        process.check()
        try:
            with urllib.request.urlopen(url, timeout=2):  # noqa: S310 - our own http address
                return
        except (urllib.error.URLError, OSError):
            time.sleep(POLL_SECONDS)
    raise ProcessEnded(f"{url} did not answer within {patience:.0f} s; see {process.log}")


def _with_port(settings: Settings) -> Settings:
    """The settings with a port on which the API can listen. Raises StackError."""
    if settings.port == 0:
        return settings.model_copy(update={"port": choose(["api"], {}, ())["api"]})
    if not is_free(settings.port):
        raise StackError(
            f"Something else listens on port {settings.port}; stop it, or name another port with "
            "--port or BACKLOT_PORT."
        )
    return settings


async def _prepare(settings: Settings) -> None:
    await migrated(settings)
    await ensure_demo_account(settings)


def _greet(console: Console, url: str, settings: Settings) -> None:
    console.print("[green]Backlot is up.[/green]")
    for name, value in {
        "API": f"{url}/api/v1",
        "API reference": f"{url}/docs",
        "Health": f"{url}/readyz",
        "Demo login": f"{DEMO_EMAIL} / {DEMO_PASSWORD}",
        "Data and logs": str(settings.data),
    }.items():
        console.print(f"  {name:<14} {value}", soft_wrap=True)
    console.print("Ctrl-C stops everything.")
