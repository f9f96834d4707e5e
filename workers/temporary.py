"""Temporary folders that say whose they are, so that those of a process that was killed can go."""

import os
import re
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import psutil

_OWN: Final = re.compile(r"backlot-[a-z]+-(?P<host>.+)-(?P<process>\d+)-\w+")
_SHORT: Final = Path("/tmp")  # noqa: S108
_LONGEST_BYTES: Final = 36
"""What is above a socket's folder: with our names below it, all has 107 bytes at most."""
_HOST: Final = socket.gethostname()[:32]


def new_folder(kind: str, *, short: bool = False) -> Path:
    """A new, empty folder of this process; a `short` path has room for the name of a socket."""
    below = Path(tempfile.gettempdir())
    if short and len(os.fsencode(below)) > _LONGEST_BYTES:
        below = _SHORT
    prefix = f"backlot-{kind}-{_HOST}-{os.getpid()}-"
    return Path(tempfile.mkdtemp(prefix=prefix, dir=below))


@contextmanager
def folder(kind: str) -> Iterator[Path]:
    """The same, gone when the block is left."""
    path = new_folder(kind)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def remove_orphans() -> int:
    """Remove the folders of this machine's processes that are gone; answers how many they were."""
    places = {Path(tempfile.gettempdir()), _SHORT}
    orphans = [path for place in places for path in place.glob("backlot-*") if _is_orphan(path)]
    for path in orphans:
        shutil.rmtree(path, ignore_errors=True)
    return len(orphans)


def _is_orphan(path: Path) -> bool:
    named = _OWN.fullmatch(path.name)
    # In a container the folder may be one that other machines see as well.
    if named is None or named["host"] != _HOST:
        return False
    try:
        made = path.lstat()
        # Its number may be another process's by now.
        return made.st_uid == os.getuid() and (
            psutil.Process(int(named["process"])).create_time() > made.st_ctime
        )
    except psutil.NoSuchProcess:
        return True
    except (psutil.Error, OSError):  # not ours to know, or somebody else has removed it
        return False
