"""Starting servers and ending them: by process id and start time, never by name."""

import contextlib
import os
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import psutil
from pydantic import BaseModel

POLL_SECONDS = 0.02
GRACE_SECONDS = 15.0
SAME_START_SECONDS = 1.5
"""Start times are told from the boot time, which a clock adjustment may move by a second."""

PASSED_ON = ("PATH", "LD_LIBRARY_PATH", "TMPDIR", "TZ")


class Recorded(BaseModel):
    """A process as it is written down: an id alone would soon name somebody else's process."""

    pid: int
    created: float

    @classmethod
    def of(cls, pid: int) -> "Recorded":
        """The live process with this id; raises psutil.NoSuchProcess."""
        return cls(pid=pid, created=psutil.Process(pid).create_time())

    def find(self) -> psutil.Process | None:
        """The very process that was recorded, or None when it has ended."""
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.created) < SAME_START_SECONDS
            return process if same and not _is_over(process) else None
        except psutil.Error:
            return None


def _is_over(process: psutil.Process) -> bool:
    """Whether it only waits to be reaped; other threads may hold files when the first has ended."""
    return process.status() == psutil.STATUS_ZOMBIE and process.num_threads() <= 1


class Endable(Protocol):
    """What `end` asks of a process."""

    pid: int

    def running(self) -> bool: ...
    def terminate(self) -> None: ...
    def kill(self) -> None: ...


class Child:
    """A server started by this process."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.pid = process.pid
        self._process = process

    @property
    def code(self) -> int | None:
        """Its return code (minus the signal when one killed it), None while it runs."""
        return self._process.poll()

    def running(self) -> bool:
        return self.code is None

    def terminate(self) -> None:
        self._process.terminate()

    def kill(self) -> None:
        self._process.kill()


class Orphan:
    """A server whose run was killed, found again by its record."""

    def __init__(self, recorded: Recorded) -> None:
        self.pid = recorded.pid
        self._recorded = recorded

    def running(self) -> bool:
        return self._recorded.find() is not None

    def terminate(self) -> None:
        if process := self._recorded.find():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.terminate()

    def kill(self) -> None:
        if process := self._recorded.find():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()


def start(command: Sequence[str], environment: Mapping[str, str], folder: Path, log: Path) -> Child:
    """Start a server in a session of its own, so that the terminal's Ctrl-C reaches us first.

    It sees only the named variables and its own folder as home: neither cloud keys nor
    configuration files of the user leak in. The log of the run before is kept as `*.previous`.
    """
    with contextlib.suppress(FileNotFoundError):
        log.replace(log.with_suffix(".log.previous"))
    own = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={**own, "HOME": str(folder), **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            umask=0o077,
        )
    return Child(process)


def end(processes: Iterable[Endable], grace: float = GRACE_SECONDS) -> None:
    """Ask all to end, at once; whatever still runs after `grace` seconds is killed.

    A second Ctrl-C cuts the grace short. Returns when all have ended.
    """
    waiting = [process for process in processes if process.running()]
    sockets = {path for process in waiting for path in _sockets(process.pid)}
    try:
        for process in waiting:
            process.terminate()
        sockets |= _wait(waiting, grace)
    finally:
        for process in waiting:
            if process.running():
                process.kill()
        _wait(waiting, grace)
        for path in sockets:
            path.unlink(missing_ok=True)


def _wait(processes: Iterable[Endable], seconds: float) -> set[Path]:
    """Wait for their ends; answers the socket files seen meanwhile: some open theirs late."""
    deadline = time.monotonic() + seconds
    sockets: set[Path] = set()
    while (running := [each for each in processes if each.running()]) and (
        time.monotonic() < deadline
    ):
        sockets |= {path for process in running for path in _sockets(process.pid)}
        time.sleep(POLL_SECONDS)
    return sockets


def _sockets(pid: int) -> set[Path]:
    """The socket files that a process listens on; SeaweedFS leaves some of them behind."""
    try:
        connections = psutil.Process(pid).net_connections("unix")
    except psutil.Error:
        return set()
    paths = {Path(str(connection.laddr)) for connection in connections}
    return {path for path in paths if path.is_absolute() and path.is_socket()}
