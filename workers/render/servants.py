"""Processes that serve a whole worker: started when first called, gone when the worker is."""

import asyncio
import atexit
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import threading
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from workers.render.processes import bare_environment, python_module
from workers.temporary import new_folder

_BACKLOG = 512


class Servant:
    """A module of ours as a process that answers at a unix socket.

    The module's one argument is the file descriptor that it accepts connections from, and it ends
    when its standard input does. One that died is started again at the next call.
    """

    def __init__(self, module: str, **environment: str) -> None:
        self._module = module
        self._environment = environment
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._folder: Path | None = None
        self._owner = 0
        atexit.register(self.close)

    @asynccontextmanager
    async def connected(
        self, longest_line: int = 2**16
    ) -> AsyncIterator[tuple[StreamReader, StreamWriter]]:
        """A connection of one's own, closed when the block is left; starts the process if need be.

        `longest_line` is what a line of an answer may have, in bytes. Raises OSError if the process
        can't be started or reached.
        """
        address = self._known_address() or await asyncio.to_thread(self._address)
        reader, writer = await asyncio.open_unix_connection(address, limit=longest_line)
        try:
            yield reader, writer
        finally:
            writer.close()

    def _known_address(self) -> str | None:
        """The address of the process that runs; None where it has to be started or waited for."""
        if not self._lock.acquire(blocking=False):
            return None
        try:
            return self._door() if self._runs() else None
        finally:
            self._lock.release()

    def _address(self) -> str:
        with self._lock:
            if not self._runs():
                self._stop()
                self._start()
            return self._door()

    def _runs(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def _door(self) -> str:
        assert self._folder is not None  # made before the process
        return str(self._folder / "door")

    def _start(self) -> None:
        self._owner = os.getpid()
        self._folder = new_folder("servant", short=True)
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(self._door())
            listener.listen(_BACKLOG)
            self._process = subprocess.Popen(
                python_module(self._module, str(listener.fileno())),
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[listener.fileno()],
                env=bare_environment(**self._environment),
                start_new_session=True,
            )

    def _stop(self) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)  # its forks too
            self._process.communicate()
            self._process = None
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def close(self) -> None:
        """End the process, if it was this one that started it."""
        with self._lock:
            if self._owner == os.getpid():
                self._stop()
