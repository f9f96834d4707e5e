"""Starting, watching and stopping the servers that the settings leave to us."""

import contextlib
import os
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from pathlib import Path
from types import TracebackType
from typing import Any

from pydantic import SecretStr

from app.settings import Settings

from . import ports, processes
from .binaries import Binary, find
from .document_store import DocumentStore
from .errors import ServerDied, StackError
from .folder import DataFolder, Keys, State, remove_abandoned
from .guard import Guard
from .logs import died
from .object_store import ObjectStore
from .processes import Child, Recorded
from .server import Pause, Server
from .wake_ups import WakeUps

KINDS: tuple[type[Server], ...] = (DocumentStore, WakeUps, ObjectStore)
READY_SECONDS = 60.0
"""Far above the usual two seconds: after a power cut mongod first reads its journal."""
ATTEMPTS = 3
"""How often a server is started anew when another process took its port in between."""


class _Cancelled(Exception):
    """Another server failed, or the user pressed Ctrl-C: waiting has become pointless."""


class Stack:
    """The embedded servers of one run; a part whose address the settings name is left alone.

    One run at a time holds a data folder. With `temporary` the folder is a new one, which goes
    with the run. Every method may raise StackError, whose text says how to mend it.
    """

    def __init__(self, settings: Settings, *, temporary: bool = False) -> None:
        self._settings = settings
        self._temporary = temporary
        self._folder: DataFolder | None = None
        self._guard: Guard | None = None
        self._state = State(temporary=temporary)
        self._children: dict[str, Child] = {}
        self._changing = threading.Lock()
        self._cancelled = threading.Event()

    def __enter__(self) -> Settings:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> Settings:
        """Start what is missing and answer the settings with every address filled in.

        Returns when all servers are fit for use; when one fails, or on Ctrl-C, the others are
        stopped before the error goes on.
        """
        if self._folder is not None:
            raise StackError("This stack has been started already; stop it first.")
        self._cancelled.clear()
        folder = DataFolder.temporary() if self._temporary else DataFolder(self._settings.data)
        self._folder = folder
        try:
            return self._start(folder)
        except OSError as error:
            self.stop()
            raise StackError(
                f"The data folder {folder.path} can't be used ({error.strerror or error}); "
                "mend that, or set BACKLOT_DATA to another folder."
            ) from error
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End all servers in order; may be called at any time, also twice."""
        folder, self._folder = self._folder, None
        if folder is None:
            return
        self._cancelled.set()
        try:
            processes.end(self._children.values())
        finally:
            self._children = {}
            self._leave(folder)

    def check(self) -> None:
        """Raise ServerDied when a server has ended though nobody asked it to."""
        for name, child in self._children.items():
            if self._folder is not None and child.code is not None:
                raise died(name, child.code, _log(self._folder, name))

    def _start(self, folder: DataFolder) -> Settings:
        remove_abandoned()
        settings = self._settings
        kinds = _embedded(settings)
        found = {kind: find(kind.program, getattr(settings, kind.binary_field)) for kind in kinds}
        has_keys = settings.token_key is not None and settings.encryption_key is not None
        if has_keys and not kinds and not self._temporary:
            return settings
        folder.make()
        if kinds or self._temporary:
            self._take_over(folder)
        keys = folder.keys()
        self._bring_up(_servers(found, folder, settings, keys))
        return _reached(settings, folder, kinds, self._state.ports, keys)

    def _take_over(self, folder: DataFolder) -> None:
        folder.hold()
        folder.end_orphans()
        known = folder.read_state().ports
        self._state = State(holder=Recorded.of(os.getpid()), temporary=self._temporary, ports=known)
        folder.write_state(self._state)
        self._guard = Guard(folder.path)

    def _leave(self, folder: DataFolder) -> None:
        if self._temporary:
            folder.remove()
        elif folder.is_held:
            # Where the disk is full the old record stays: it names ended processes, and is
            # recovered from like that of a killed run.
            with contextlib.suppress(OSError):
                folder.write_state(State(ports=self._state.ports))
        if self._guard is not None:
            self._guard.dismiss()
            self._guard = None
        folder.release()

    def _bring_up(self, servers: Sequence[Server]) -> None:
        with ThreadPoolExecutor(max_workers=len(KINDS)) as pool:
            try:
                futures = [pool.submit(self._run, server) for server in servers]
                _, pending = wait(futures, return_when=FIRST_EXCEPTION)
            except BaseException:
                self._cancelled.set()
                raise
            if pending:
                self._cancelled.set()
        errors = [error for future in futures if (error := future.exception())]
        for error in errors:
            if not isinstance(error, _Cancelled):
                raise error

    def _run(self, server: Server) -> None:
        """Start one server and wait for it; a port lost to another process is chosen anew."""
        server.prepare()
        for attempt in range(1, ATTEMPTS + 1):
            child, chosen = self._spawn(server, {} if attempt > 1 else self._state.ports)
            try:
                server.await_ready(child.pid, chosen, self._pause(server, child))
                return
            except ServerDied as error:
                if not error.port_taken or attempt == ATTEMPTS:
                    raise

    def _spawn(self, server: Server, preferred: Mapping[str, int]) -> tuple[Child, dict[str, int]]:
        folder = self._folder
        with self._changing:
            if folder is None or self._cancelled.is_set():
                raise _Cancelled
            name = server.program.name
            own = set(server.port_names)
            others = {port for key, port in self._state.ports.items() if key not in own}
            chosen = ports.choose(server.port_names, preferred, others)
            child = processes.start(
                server.command(chosen), server.environment(), server.folder, _log(folder, name)
            )
            self._children[name] = child
            self._state.ports |= chosen
            self._state.servers[name] = Recorded.of(child.pid)
            folder.write_state(self._state)
        return child, chosen

    def _pause(self, server: Server, child: Child) -> Pause:
        deadline = time.monotonic() + READY_SECONDS
        name = server.program.name
        log = server.folder.parent / "logs" / f"{name}.log"

        def pause() -> None:
            if self._cancelled.wait(processes.POLL_SECONDS):
                raise _Cancelled
            if child.code is not None:
                raise died(name, child.code, log)
            if time.monotonic() > deadline:
                raise StackError(
                    f"{name} did not get ready within {READY_SECONDS:.0f} s; its log is {log}."
                )

        return pause


def attach(settings: Settings) -> Settings | None:
    """The settings with the addresses of the run that holds the data folder, or None without one.

    Reads only; of the parts, those are filled in whose server is alive.
    """
    folder = DataFolder(settings.data)
    state = folder.read_state()
    if state.holder is None or state.holder.find() is None:
        return None
    live = [
        kind
        for kind in _embedded(settings)
        if (server := state.servers.get(kind.program.name)) and server.find()
    ]
    return _reached(settings, folder, live, state.ports, folder.keys()) if live else None


def environment(settings: Settings) -> dict[str, str]:
    """The settings as `BACKLOT_*` variables, for a child process that is to use the same servers.

    It holds secrets. What is None is left out.
    """
    variables = {}
    for field in Settings.model_fields:
        value = getattr(settings, field)
        if isinstance(value, SecretStr):
            value = value.get_secret_value()
        if isinstance(value, Path):
            value = value.absolute()
        if value is not None:
            variables[f"BACKLOT_{field.upper()}"] = str(value)
    return variables


def _embedded(settings: Settings) -> list[type[Server]]:
    return [kind for kind in KINDS if getattr(settings, kind.address_field) is None]


def _servers(
    found: Mapping[type[Server], Binary], folder: DataFolder, settings: Settings, keys: Keys
) -> list[Server]:
    return [
        kind(binary, folder.path / kind.program.name, settings, keys)
        for kind, binary in found.items()
    ]


def _reached(
    settings: Settings,
    folder: DataFolder,
    kinds: Sequence[type[Server]],
    chosen: Mapping[str, int],
    keys: Keys,
) -> Settings:
    update: dict[str, Any] = {"data": folder.path}
    if settings.token_key is None:
        update["token_key"] = SecretStr(keys.token_key)
    if settings.encryption_key is None:
        update["encryption_key"] = SecretStr(folder.encryption_key())
    for kind in kinds:
        update |= kind.addresses(settings, chosen, keys)
    return settings.model_copy(update=update)


def _log(folder: DataFolder, name: str) -> Path:
    return folder.logs / f"{name}.log"
