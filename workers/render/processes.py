"""Child processes: each leads its own process group and never outlives the work it was for."""

import asyncio
import contextlib
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
_KEPT_LINES = 12
_KEPT_BYTES = 16_384


def python_module(module: str, *arguments: str) -> list[str]:
    """The command that runs a module of this project in a fresh interpreter."""
    return [sys.executable, "-P", "-m", module, *arguments]


def bare_environment(**more: str) -> dict[str, str]:
    """An environment without the parent's secrets: the child may be fed hostile files."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
    search = os.pathsep.join(part for part in (str(PROJECT), os.environ.get("PYTHONPATH")) if part)
    return {**kept, "PYTHONPATH": search, "OPENBLAS_NUM_THREADS": "1", **more}


@asynccontextmanager
async def running(
    command: Sequence[str],
    *,
    stdin: int = asyncio.subprocess.DEVNULL,
    stdout: int = asyncio.subprocess.DEVNULL,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> AsyncIterator[Process]:
    """Run a command for the length of the block; on leaving, its process group is gone.

    Stderr is a pipe: read it with `last_words`, or the child may block.
    """
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=stdin,
        stdout=stdout,
        stderr=PIPE,
        cwd=folder,
        env=dict(environment or bare_environment()),
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()


async def last_words(process: Process) -> str:
    """Read stderr to its end and keep the last lines."""
    assert process.stderr is not None  # `running` always asks for the pipe
    kept = b""
    while chunk := await process.stderr.read(8192):
        kept = (kept + chunk)[-_KEPT_BYTES:]
    lines = (line.strip() for line in kept.decode(errors="replace").splitlines())
    return "\n".join([line for line in lines if line][-_KEPT_LINES:])
