"""The probing process: `python -m workers.render.probe_child`, a socket to listen at as fd 3.

It loads the decoders once, and forks for every request: a fork takes milliseconds, has its own
limits on memory and time, and dies alone when a hostile file makes it crash. It ends when its
standard input is closed, that is with its parent.
"""

import gc
import io
import json
import os
import select
import signal
import socket
import sys
from pathlib import Path
from typing import Any

from PIL import Image

from workers.render.errors import Unreadable
from workers.render.limits import LOOK_SECONDS, MEBIBYTE, confine
from workers.render.probe_colours import main_colours
from workers.render.probe_figures import figures_alike
from workers.render.probe_hash import picture_hash
from workers.render.probe_look import look_at
from workers.render.stills import IMAGE_FORMATS
from workers.render.technical import read_technical_data
from workers.render.thumbnails import make_thumbnail

_MEMORY = 640 * MEBIBYTE
_LARGEST_FILE = 64 * MEBIBYTE
_REQUEST_BYTES = 64 * 1024
_AT_ONCE = max(2, os.cpu_count() or 1)


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Do what a request asks: facts of a file, a whole look, or something about its picture; or
    a reason why there is no answer."""
    path = Path(request["path"])
    try:
        if "look" in request:
            return {"look": look_at(path, Path(request["look"])).model_dump()}
        if "colours" in request:
            return {"colours": main_colours(path)}
        if "model" in request:
            model, model_box = Path(request["model"]), request["model_box"]
            return {"likeness": figures_alike(path, request["box"], model, model_box)}
        if "into" in request:
            facts = make_thumbnail(path, Path(request["into"]), int(request["size"]))
        else:
            facts = read_technical_data(path)
    except Unreadable as error:
        return {"reason": str(error)}
    except MemoryError:
        return {"reason": f"{path.name} needs more memory than a media file may."}
    except Exception as error:  # a decoder's bug must not look like a crash of ours
        said = str(error).replace(str(path), path.name)
        return {"reason": f"{path.name} can't be read: {said or type(error).__name__}"}
    return {"facts": facts.model_dump()}


def _serve_one(connection: socket.socket) -> None:
    signal.alarm(LOOK_SECONDS)  # also for one who connects and asks nothing
    with connection.makefile("rb") as reader:
        request = json.loads(reader.readline(_REQUEST_BYTES))
    seconds = min(int(request["seconds"]), LOOK_SECONDS)
    confine(memory=_MEMORY, cpu_seconds=seconds, wall_seconds=seconds, file_bytes=_LARGEST_FILE)
    connection.sendall(json.dumps(answer(request)).encode() + b"\n")


def _warm_up() -> None:
    """Do once what every fork would do again: load the formats, and set their tables up."""
    Image.init()
    picture = Image.linear_gradient("L").convert("RGB")
    for kind in IMAGE_FORMATS:
        kept = io.BytesIO()
        picture.save(kept, kind)
        with Image.open(kept, formats=[kind]) as again:
            again.load()
    picture_hash(picture)


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
    _warm_up()
    gc.freeze()  # or every fork would copy what a collection only looks at
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
