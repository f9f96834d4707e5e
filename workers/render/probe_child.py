"""The probing process: `python -m workers.render.probe_child`, a socket to listen at as fd 3.

It loads the decoders once, and forks for every request: a fork takes milliseconds, has its own
limits on memory and time, and dies alone when a hostile file makes it crash. It ends when its
standard input is closed, that is with its parent.
"""

import json
import os
import select
import signal
import socket
import sys
from pathlib import Path
from typing import Any

from workers.render.errors import Unreadable
from workers.render.limits import MEBIBYTE, PROBE_SECONDS, confine
from workers.render.technical import read_technical_data
from workers.render.thumbnails import make_thumbnail

_MEMORY = 640 * MEBIBYTE
_CPU_SECONDS = 20
_LARGEST_FILE = 64 * MEBIBYTE
_REQUEST_BYTES = 64 * 1024
_AT_ONCE = max(2, os.cpu_count() or 1)


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Do what a request asks: facts of a file, or a reason why there are none."""
    path = Path(request["path"])
    try:
        if "into" in request:
            facts = make_thumbnail(path, Path(request["into"]), int(request["size"]))
        else:
            facts = read_technical_data(path)
    except Unreadable as error:
        return {"reason": str(error)}
    except MemoryError:
        return {"reason": f"{path.name} needs more memory than a media file may."}
    except Exception as error:  # a decoder's bug must not look like a crash of ours
        return {"reason": f"{path.name} can't be read: {error}"}
    return {"facts": facts.model_dump()}


def _serve_one(connection: socket.socket) -> None:
    confine(
        memory=_MEMORY,
        cpu_seconds=_CPU_SECONDS,
        wall_seconds=PROBE_SECONDS,
        file_bytes=_LARGEST_FILE,
    )
    with connection.makefile("rb") as reader:
        line = reader.readline(_REQUEST_BYTES)
    connection.sendall(json.dumps(answer(json.loads(line))).encode() + b"\n")


def _reap(running: set[int], *, wait: bool) -> None:
    while running:
        pid, _ = os.waitpid(-1, 0 if wait else os.WNOHANG)
        if not pid:
            return
        running.discard(pid)
        wait = False


def main() -> int:
    """Serve until standard input is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    listener = socket.socket(fileno=int(sys.argv[1]))
    running: set[int] = set()
    while True:
        ready, _, _ = select.select([listener, sys.stdin], [], [], 1.0)
        _reap(running, wait=len(running) >= _AT_ONCE)
        if sys.stdin in ready:
            return 0
        if listener not in ready:
            continue
        connection, _ = listener.accept()
        pid = os.fork()
        if not pid:
            try:
                listener.close()
                _serve_one(connection)
            finally:
                os._exit(0)
        running.add(pid)
        connection.close()


if __name__ == "__main__":
    sys.exit(main())
