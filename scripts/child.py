"""`backlot` as a child of another `backlot`: it ends in order when its parent is gone.

The parent holds the other end of our standard input and never writes to it: the end of the file
means that the parent has ended, in whatever way.
"""

import os
import signal
import threading
import time

from scripts.cli import main
from scripts.processes import STOP_SECONDS


def end_with_parent() -> None:
    """Do what the parent would have done: ask this process to end, and end it if it does not.

    What it starts itself reads nothing from standard input.
    """
    pipe = os.dup(0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)

    def wait() -> None:
        os.read(pipe, 1)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(STOP_SECONDS)
        os.killpg(os.getpgrp(), signal.SIGKILL)  # what it has started itself goes too

    threading.Thread(target=wait, name="parent", daemon=True).start()


if __name__ == "__main__":
    end_with_parent()
    main()
