"""The processes of an installation: API and worker, in this process or as children."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Annotated, Final

import typer
import uvicorn
import uvloop

from app.core import logs
from app.core.serving import leave_out_of_collections, server_options
from app.settings import Settings
from scripts.stack import ServerDied

STOP_SECONDS: Final = 15.0
DOOMED_SECONDS: Final = 3.0
"""The same where a server has died: nothing that waits for it comes to an end in order."""


class ProcessEnded(Exception):
    """A process that should run has ended."""


def api(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.")] = None,
) -> None:
    """Serve the REST API in this process."""
    settings = Settings()
    settings.address("mongo_uri")
    logs.configure(settings)
    uvicorn.run(
        "app.main:application",
        factory=True,
        host=host or settings.host,
        port=settings.port if port is None else port,
        **server_options(),
    )


def worker() -> None:
    """Work tasks off in this process until it is told to stop."""
    from workers.main import run  # the handlers bring NumPy, Pillow and PyAV: only workers pay

    settings = Settings()
    logs.configure(settings)
    leave_out_of_collections()
    uvloop.run(run(settings))


class Child:
    """A `backlot` process of ours, its output in a log file."""

    def __init__(self, arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        log.parent.mkdir(parents=True, exist_ok=True)
        self.name = arguments[0]
        self.log = log
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "scripts.child", *arguments],
                env={**os.environ, **environment},
                stdin=subprocess.PIPE,  # held open: it ends when we are gone, however we end
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

    def stop(self, patience: float = STOP_SECONDS) -> None:
        """Ask it to end, and end it and what it has started if it does not."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(patience)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
        if self.process.stdin is not None:
            self.process.stdin.close()


@contextmanager
def children(*processes: Child) -> Iterator[Sequence[Child]]:
    """These processes, stopped in the end."""
    patience = STOP_SECONDS
    try:
        yield processes
    except ServerDied:
        patience = DOOMED_SECONDS
        raise
    finally:
        for each in reversed(processes):
            each.stop(patience)


@contextmanager
def stopped_by_signals() -> Iterator[None]:
    """SIGTERM and SIGHUP stop as Ctrl-C does; one that is ignored stays so (`nohup`)."""

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    for number, handler in before.items():
        if handler is not signal.SIG_IGN:
            signal.signal(number, interrupt)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
