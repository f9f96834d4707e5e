"""Runs a program within limits: `python -m workers.render.probe_confined MEMORY SECONDS PROGRAM …`.

Sets the limits on itself and becomes the program. It imports nothing else, so that the detour
takes some 30 ms.
"""

import os
import sys
from collections.abc import Sequence
from typing import Final

from workers.render.limits import MEBIBYTE, PLAY_SECONDS, confine

MEMORY: Final = 1024 * MEBIBYTE
LARGEST_FILE: Final = 256 * MEBIBYTE


def confined(command: Sequence[str], *, seconds: int = PLAY_SECONDS) -> list[str]:
    """The command that runs this one without network, in 1 GiB, and for so many seconds at most."""
    launcher = [sys.executable, "-S", "-P", "-m", __name__]
    return [*launcher, str(MEMORY), str(seconds), *command]


def main() -> None:
    """Become the program named on the command line."""
    memory, seconds, *command = sys.argv[1:]
    # Several threads may share the work: the wall bounds what they take together.
    confine(
        memory=int(memory),
        cpu_seconds=int(seconds),
        wall_seconds=int(seconds),
        file_bytes=LARGEST_FILE,
    )
    os.execv(command[0], command)  # noqa: S606  # that is its purpose; the caller is ours


if __name__ == "__main__":
    main()
