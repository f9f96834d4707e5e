"""The speaking process: `python -m workers.providers.local.espeak FD`, a socket to listen at as FD.

eSpeak NG is under the GPL, so its library is loaded here and nowhere else; this module talks to
the rest through that socket alone and imports nothing of ours. A connection takes one request, a
JSON line, and is answered with a JSON line: `rate`, `voice` and `events`, each `[kind, position,
length, milliseconds]` with kind 1 for a word (position counted in characters from 1) and 5 for the
end of a clause; then come the samples, mono, 16 bit, the low byte first. A line that can't be
spoken is answered with a `reason` alone.

The library is loaded once, and every request has a fork: it always begins in the same state, and
when it crashes or takes too long it ends alone. The process ends when its standard input is closed,
that is with its parent; a fork also ends soon after whoever asked has gone.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import json
import os
import select
import signal
import socket
import sys
from functools import cache
from pathlib import Path
from typing import Any

_SYNCHRONOUS = 2
_DONT_EXIT = 0x8000
_CHARACTERS = 1
_UTF8_WITH_END_PAUSE = 0x1001
_RATE, _VOLUME, _PITCH, _RANGE = 1, 2, 3, 4
_LIST_END, _WORD, _CLAUSE_END = 0, 1, 5
_LONGEST_SECONDS = 1800
_PATIENCE = 70
"""Seconds that a fork may take, in all: a little more than those who ask wait for it."""


class _Identity(ctypes.Union):
    _fields_ = (("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8))


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _Identity),
    )


_Callback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
)


def speak(request: dict[str, Any], asker: socket.socket) -> tuple[dict[str, Any], bytearray]:
    """Speak `text` with the first of `voices` that is there: the answer, and the samples.

    Stops early when the asker has gone. Raises ImportError or OSError where eSpeak NG is not
    installed, and KeyError or ValueError for what is no request.
    """
    library, rate = _library()
    voice = next(
        (name for name in request["voices"] if not library.espeak_SetVoiceByName(name.encode())),
        "",
    )
    for parameter, key in (
        (_RATE, "rate"),
        (_VOLUME, "volume"),
        (_PITCH, "pitch"),
        (_RANGE, "range"),
    ):
        library.espeak_SetParameter(parameter, int(request[key]), 0)
    sound = bytearray()
    events: list[tuple[int, int, int, int]] = []

    def receive(samples: Any, count: int, happened: Any) -> int:
        index = 0
        while happened[index].type != _LIST_END:
            event = happened[index]
            if event.type in (_WORD, _CLAUSE_END):
                events.append((event.type, event.text_position, event.length, event.audio_position))
            index += 1
        if samples and count > 0:
            sound.extend(ctypes.string_at(samples, count * 2))
        gone = bool(select.select([asker], [], [], 0)[0])  # nobody says more than the one request
        return int(gone or len(sound) > _LONGEST_SECONDS * rate * 2)

    callback = _Callback(receive)
    library.espeak_SetSynthCallback(callback)
    # eSpeak seeds its breath with the clock; the same request is to give the same sound.
    library.espeak_ng_SetRandSeed(ctypes.c_long(1))
    text = request["text"].encode()
    library.espeak_Synth(text, len(text) + 1, 0, _CHARACTERS, 0, _UTF8_WITH_END_PAUSE, None, None)
    library.espeak_Synchronize()
    return {"rate": rate, "voice": voice, "events": events}, sound


@cache
def _library() -> tuple[ctypes.CDLL, int]:
    import espeakng_loader

    library = ctypes.CDLL(espeakng_loader.get_library_path())
    library.espeak_Synth.argtypes = (
        ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint, ctypes.c_int, ctypes.c_uint,
        ctypes.c_uint, ctypes.c_void_p, ctypes.c_void_p,
    )  # fmt: skip
    library.espeak_SetSynthCallback.argtypes = (_Callback,)
    library.espeak_ListVoices.argtypes = (ctypes.c_void_p,)
    # The library keeps its data path in 160 bytes, so it is given a short one.
    os.chdir(Path(espeakng_loader.get_data_path()).parent)
    rate = library.espeak_Initialize(_SYNCHRONOUS, 0, b".", _DONT_EXIT)
    if rate <= 0:
        raise OSError("eSpeak NG does not find its data: install espeakng-loader again.")
    library.espeak_ListVoices(None)  # or every fork would look through all files of voices
    return library, rate


def _serve_one(connection: socket.socket) -> None:
    signal.alarm(_PATIENCE)  # also for one who connects and asks nothing
    with connection.makefile("rb") as reader:
        line = reader.readline()
    try:
        answer, sound = speak(json.loads(line), connection)
    except (ImportError, OSError, ValueError, KeyError) as error:
        answer, sound = {"reason": str(error)}, bytearray()
    connection.sendall(json.dumps(answer).encode() + b"\n" + sound)


def _reap(running: set[int]) -> None:
    while running:
        pid, _ = os.waitpid(-1, os.WNOHANG)
        if not pid:
            return
        running.discard(pid)


def main() -> int:
    """Serve until standard input is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    listener = socket.socket(fileno=int(sys.argv[1]))
    running: set[int] = set()
    with contextlib.suppress(ImportError, OSError):  # each request will be told
        _library()
    gc.freeze()  # or every fork would copy what a collection only looks at
    while True:
        ready, _, _ = select.select([listener, sys.stdin], [], [], 1.0 if running else None)
        _reap(running)
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
