"""The crew: `python -m workers.crew_child FD`, a socket to listen at as FD.

As many processes as cores take one call after the other from it, each the pickled function with
its arguments, up to the end of the stream, and answer with the pickled pair of result and error.
They are forks of one that has loaded what they need. All end when standard input is closed, that
is with the worker.
"""

import contextlib
import gc
import os
import pickle
import select
import signal
import socket
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from workers.providers.image import ImageRequest
from workers.providers.local.image import draw
from workers.providers.local.music import compose
from workers.providers.local.voice import NOTHING_SPOKEN, convert
from workers.providers.music import MusicRequest
from workers.render.own import thumbnail_of
from workers.render.probe_figures import figures_alike

_WHOLE = (0.0, 0.0, 1.0, 1.0)
_GIVES_WAY = 10
"""Who asks, and the servers, have little to do each time: where they had to wait for their turn,
the crew would soon wait for them."""


def _answered(request: bytes) -> bytes:
    try:
        function, arguments, named = pickle.loads(request)  # noqa: S301  # written by our worker
        return pickle.dumps((function(*arguments, **named), None))
    except Exception as error:
        return _told(error)


def _told(error: Exception) -> bytes:
    """The error, or its words where it is one that can't be pickled."""
    try:
        told = pickle.dumps((None, error))
        pickle.loads(told)  # noqa: S301  # written just now
    except Exception:  # pickling runs code of the error's own class, which may raise anything
        return pickle.dumps((None, RuntimeError(f"{type(error).__name__}: {error}")))
    return told


def _serve(listener: socket.socket) -> None:
    """Answer calls until standard input is closed."""
    while True:
        ready: list[Any] = select.select([listener, sys.stdin], [], [])[0]
        if sys.stdin in ready:
            return
        try:
            connection, _ = listener.accept()
        except BlockingIOError:  # another process was quicker
            continue
        with connection, contextlib.suppress(ConnectionError):  # who asked may have gone
            connection.setblocking(True)
            with connection.makefile("rb") as reader:
                request = reader.read()
            connection.sendall(_answered(request))


def _warm_up() -> None:
    """Do once what every process would do again: load the tools, and set their tables up."""
    with TemporaryDirectory(prefix="backlot-crew-") as name:
        folder = Path(name)
        picture, music, speech = (folder / each for each in ("picture.jpg", "music.flac", "speech"))
        draw(ImageRequest(prompt="a meadow", width=320, height=180), [], picture)
        compose(MusicRequest(prompt="calm", mood="calm", seconds=1), music)
        convert(NOTHING_SPOKEN, speech, "")
        figures_alike(picture, _WHOLE, thumbnail_of(picture, "thumbnail_medium"), _WHOLE)


def _fork(listener: socket.socket) -> None:
    if not os.fork():
        try:
            _serve(listener)
        finally:
            os._exit(0)


def main() -> int:
    """Keep as many processes as cores until standard input is closed."""
    os.nice(_GIVES_WAY)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    listener = socket.socket(fileno=int(sys.argv[1]))
    listener.setblocking(False)
    _warm_up()
    gc.freeze()  # or every fork would copy what a collection only looks at
    for _ in os.sched_getaffinity(0):
        _fork(listener)
    while not select.select([sys.stdin], [], [], 1.0)[0]:
        while os.waitpid(-1, os.WNOHANG)[0]:
            _fork(listener)
    return 0


if __name__ == "__main__":
    sys.exit(main())
