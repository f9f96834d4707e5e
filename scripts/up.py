"""`backlot up`: servers, API and worker, until Ctrl-C."""

import asyncio
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Annotated, Final

import typer
from rich.console import Console

from app.settings import Settings
from scripts.migrate import migrated
from scripts.processes import Child, ProcessEnded, children
from scripts.seed import DEMO_EMAIL, DEMO_PASSWORD, ensure_demo_account
from scripts.stack import Stack, environment

READY_SECONDS: Final = 30.0
POLL_SECONDS: Final = 0.05
WATCH_SECONDS: Final = 0.5


def up(
    port: Annotated[int | None, typer.Option(help="Port of the API.")] = None,
) -> None:
    """Start servers, API and worker; Ctrl-C stops everything."""
    console = Console(highlight=False)
    settings = Settings()
    if port is not None:
        settings = settings.model_copy(update={"port": port})
    stack = Stack(settings)
    with _interrupted_by_sigterm():
        try:
            running = stack.start()
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


@contextmanager
def _interrupted_by_sigterm() -> Iterator[None]:
    """SIGTERM stops as Ctrl-C does."""

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
