"""A small process that outlives a killed run and ends the servers it has left.

The run holds the other end of our standard input. It says `DISMISSED` when it ends in order; a bare
end of file means that it was killed. This file is run by its path, and imports what it needs only
then: waiting, it costs a bare interpreter.
"""

import contextlib
import subprocess
import sys
from pathlib import Path

DISMISSED = b"dismissed"


class Guard:
    """The run's end of the pipe."""

    def __init__(self, folder: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-I", __file__, str(folder)],
            cwd=folder.anchor,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def dismiss(self) -> None:
        """Tell it that nothing is left to end, and wait until it is gone."""
        with contextlib.suppress(BrokenPipeError):
            self._process.communicate(DISMISSED)


def main(folder: Path) -> None:
    """Wait for the run to end; when it was killed, clear up after it."""
    if sys.stdin.buffer.read() == DISMISSED:
        return
    sys.path.insert(0, str(Path(__file__).parents[2]))
    from scripts.stack.folder import DataFolder, clear_up

    clear_up(DataFolder(folder))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
