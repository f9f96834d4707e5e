"""The data folder: who holds it, which servers run on it, the keys that were made for it."""

import contextlib
import fcntl
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Self

from pydantic import BaseModel, Field, ValidationError

from . import processes
from .errors import StackError
from .processes import Orphan, Recorded

TEMPORARY_PREFIX = "backlot-stack-"
LEAST_FREE_BYTES = 512 * 1024**2
"""A new mongod sets aside about 300 MB for its journal before the first document."""
RECOVERY_SECONDS = 40.0
"""How long a run waits for whoever clears up after a killed one."""


class State(BaseModel):
    """`stack.json`: written whenever a server is started, so a killed run can be recovered from."""

    holder: Recorded | None = None
    temporary: bool = False
    servers: dict[str, Recorded] = Field(default_factory=dict)
    ports: dict[str, int] = Field(default_factory=dict)


class Keys(BaseModel):
    """`keys.json`: made once for a data folder, readable by its owner only."""

    s3_access_key: str = Field(default_factory=lambda: secrets.token_hex(10))
    s3_secret_key: str = Field(default_factory=lambda: secrets.token_urlsafe(30))
    token_key: str = Field(default_factory=lambda: secrets.token_urlsafe(48))
    filer_key: str = Field(default_factory=lambda: secrets.token_urlsafe(30))


class DataFolder:
    """One folder with everything the embedded servers write."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.logs = self.path / "logs"
        self._state = self.path / "stack.json"
        self._keys = self.path / "keys.json"
        self._encryption_key = self.path / "encryption.key"
        self._lock: int | None = None

    @classmethod
    def temporary(cls) -> Self:
        """A new folder that goes when its run ends; raises StackError when none can be made."""
        try:
            return cls(Path(tempfile.mkdtemp(prefix=TEMPORARY_PREFIX)))
        except OSError as error:
            raise StackError(
                f"No temporary folder can be made ({error.strerror}); free some space, or set "
                "TMPDIR to a folder that can be written to."
            ) from None

    def make(self) -> None:
        """Create the folder, for its owner only; a full disk is told before anything is begun."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        free = shutil.disk_usage(self.path).free
        if free < LEAST_FREE_BYTES:
            raise StackError(
                f"The disk under {self.path} has {free // 1024**2} MB left, the servers need "
                f"{LEAST_FREE_BYTES // 1024**2}; free some, or set BACKLOT_DATA to another disk."
            )
        self.logs.mkdir(exist_ok=True)

    @contextlib.contextmanager
    def held(self) -> Iterator[bool]:
        """Try to hold the folder for the block; yields whether that worked."""
        held = self._try_lock()
        try:
            yield held
        finally:
            if held:
                self.release()

    def hold(self) -> None:
        """Make this process the folder's only user; raises StackError naming another holder."""
        deadline = time.monotonic() + RECOVERY_SECONDS
        while not self._try_lock():
            holder = self.read_state().holder
            if holder is not None and holder.find() is not None:
                raise self._taken(f"Another run (process {holder.pid})")
            if time.monotonic() > deadline:
                raise self._taken("Another run")
            # Held without a live holder: someone clears up after a killed run, or just began.
            time.sleep(processes.POLL_SECONDS)

    def release(self) -> None:
        """Let go of the folder."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    @property
    def is_held(self) -> bool:
        """Whether this object holds the folder."""
        return self._lock is not None

    def read_state(self) -> State:
        """What was last written; an unreadable file counts as none."""
        try:
            return State.model_validate_json(self._state.read_bytes())
        except (FileNotFoundError, NotADirectoryError, ValidationError):
            return State()

    def write_state(self, state: State) -> None:
        """Replace the file as a whole: readers see the old or the new one."""
        _replace(self._state, state.model_dump_json(indent=2))

    def end_orphans(self) -> None:
        """End what a killed run has left running; only the holder of the folder may ask."""
        state = self.read_state()
        if state.servers:
            processes.end([Orphan(recorded) for recorded in state.servers.values()])
            self.write_state(state.model_copy(update={"holder": None, "servers": {}}))

    def keys(self) -> Keys:
        """The folder's keys, made when there are none; of two makers at once the first one wins."""
        with contextlib.suppress(FileExistsError):
            if not self._keys.exists():
                _create(self._keys, Keys().model_dump_json(indent=2))
        try:
            return Keys.model_validate_json(self._keys.read_bytes())
        except ValidationError:
            raise StackError(
                f"{self._keys} is damaged; remove it and start again: new keys are made, and "
                "people have to sign in anew."
            ) from None

    def encryption_key(self) -> str:
        """The key of the stored credentials, made when there is none; the first maker wins.

        It has a file of its own: other keys can be made anew, what this one encrypted is lost.
        """
        with contextlib.suppress(FileExistsError):
            if not self._encryption_key.exists():
                _create(self._encryption_key, secrets.token_urlsafe(48))
        return self._encryption_key.read_text().strip()

    def remove(self) -> None:
        """Remove everything, for temporary folders."""
        shutil.rmtree(self.path, ignore_errors=True)

    def _try_lock(self) -> bool:
        lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            return False
        except OSError:
            os.close(lock)
            raise
        self._lock = lock
        return True

    def _taken(self, holder: str) -> StackError:
        return StackError(
            f"{holder} uses the data folder {self.path}; stop it, or give this run its own with "
            "BACKLOT_DATA or `--temp`."
        )


def remove_abandoned() -> None:
    """End the servers of temporary runs that were killed, and remove their folders."""
    for path in Path(tempfile.gettempdir()).glob(f"{TEMPORARY_PREFIX}*"):
        # Somebody else's folder can't be read; one without a state file is being made just now.
        with contextlib.suppress(OSError):
            if path.stat().st_uid == os.getuid() and (path / "stack.json").exists():
                clear_up(DataFolder(path))


def clear_up(folder: DataFolder) -> None:
    """End what a killed run has left, unless another run holds the folder now."""
    with folder.held() as held:
        if held:
            temporary = folder.read_state().temporary
            folder.end_orphans()
            if temporary:
                folder.remove()


def _replace(path: Path, text: str) -> None:
    temporary = _write_beside(path, text)
    try:
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _create(path: Path, text: str) -> None:
    """Put a whole file where none may be; raises FileExistsError."""
    temporary = _write_beside(path, text)
    try:
        path.hardlink_to(temporary)
    finally:
        temporary.unlink(missing_ok=True)


def _write_beside(path: Path, text: str) -> Path:
    """Only the owner may read it, and it is complete on the disk or not there at all."""
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    return temporary
