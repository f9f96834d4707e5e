"""A process of its own that speaks with eSpeak NG: `python -m workers.providers.local.espeak`.

eSpeak NG is under the GPL, so its library is loaded here and nowhere else; this module talks to
the rest by text alone and imports nothing of ours. It reads one JSON request from standard input,
writes a WAV file (mono, 16 bit, eSpeak's own rate) and answers with one JSON line on standard
output: `rate`, `samples`, `voice` and `events`, each `[kind, position, length, milliseconds]` with
kind 1 for a word (position counted in characters from 1) and 5 for the end of a clause.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import sys
import wave
from pathlib import Path
from typing import Any

_SYNCHRONOUS = 2
_DONT_EXIT = 0x8000
_CHARACTERS = 1
_UTF8_WITH_END_PAUSE = 0x1001
_RATE, _VOLUME, _PITCH, _RANGE = 1, 2, 3, 4
_LIST_END, _WORD, _CLAUSE_END = 0, 1, 5
_LONGEST_SECONDS = 1800


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


def speak(request: dict[str, Any]) -> dict[str, Any]:
    """Speak `text` with the first of `voices` that is there, into the file `path`."""
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
        return int(len(sound) > _LONGEST_SECONDS * rate * 2)

    callback = _Callback(receive)
    library.espeak_SetSynthCallback(callback)
    # eSpeak seeds its breath with the clock; the same request is to give the same sound.
    library.espeak_ng_SetRandSeed(ctypes.c_long(1))
    text = request["text"].encode()
    library.espeak_Synth(text, len(text) + 1, 0, _CHARACTERS, 0, _UTF8_WITH_END_PAUSE, None, None)
    library.espeak_Synchronize()
    with wave.open(request["path"], "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(bytes(sound))
    return {"rate": rate, "samples": len(sound) // 2, "voice": voice, "events": events}


def _library() -> tuple[ctypes.CDLL, int]:
    import espeakng_loader

    library = ctypes.CDLL(espeakng_loader.get_library_path())
    library.espeak_Synth.argtypes = (
        ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint, ctypes.c_int, ctypes.c_uint,
        ctypes.c_uint, ctypes.c_void_p, ctypes.c_void_p,
    )  # fmt: skip
    library.espeak_SetSynthCallback.argtypes = (_Callback,)
    # The library keeps its data path in 160 bytes, so it is given a short one.
    os.chdir(Path(espeakng_loader.get_data_path()).parent)
    rate = library.espeak_Initialize(_SYNCHRONOUS, 0, b".", _DONT_EXIT)
    if rate <= 0:
        raise OSError("eSpeak NG does not find its data: install espeakng-loader again.")
    return library, rate


def main() -> int:
    """Answer one request; a failure is one line on standard error and exit code 1."""
    try:
        answer = speak(json.load(sys.stdin))
    except (OSError, ValueError, KeyError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
