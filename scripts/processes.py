"""The processes of an installation: API and worker, in this process or as children."""

import asyncio
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
import uvicorn

from app.settings import Settings

STOP_SECONDS = 15


class ProcessEnded(Exception):
    """A process that should run has ended."""


def api(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.")] = None,
) -> None:
    """Serve the REST API in this process."""
    settings = Settings()
    settings.address("mongo_uri")
    uvicorn.run(
        "app.main:application",
        factory=True,
        host=host or settings.host,
        port=settings.port if port is None else port,
        log_level=settings.log_level,
        access_log=False,
    )


def worker() -> None:
    """Work tasks off in this process until it is told to stop."""
    from workers.main import run  # the handlers bring NumPy, Pillow and PyAV: only workers pay

    settings = Settings()
    configure_logging(settings)
    asyncio.run(run(settings))


def configure_logging(settings: Settings) -> None:
    """Plain lines on standard error."""
    logging.basicConfig(
        level=settings.log_level.upper(),
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        stream=sys.stderr,
    )
    logging.getLogger("arq").setLevel(logging.WARNING)


class Child:
    """A `backlot` process of ours, its output in a log file."""

    def __init__(self, arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        log.parent.mkdir(parents=True, exist_ok=True)
        self.name = arguments[0]
        self.log = log
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "scripts.cli", *arguments],
                env={**os.environ, **environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # Ctrl-C reaches us alone; we end it in order
            )

    def check(self) -> None:
        """Raise ProcessEnded with its last words if it has ended."""
        if (code := self.process.poll()) is not None:
            words = self.log.read_text(errors="replace").strip().splitlines()[-3:]
            raise ProcessEnded(
                f"{self.name} ended with code {code}; {self.log} says: {' / '.join(words)}"
            )

    def stop(self) -> None:
        """Ask it to end, and end it if it does not."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


@contextmanager
def children(*processes: Child) -> Iterator[Sequence[Child]]:
    """These processes, stopped in the end."""
    try:
        yield processes
    finally:
        for each in reversed(processes):
            each.stop()
