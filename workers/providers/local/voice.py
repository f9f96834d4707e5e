"""The local speaker: eSpeak NG in a child process, with the time of every word."""

from __future__ import annotations

import asyncio
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

import orjson

import workers
from workers.providers.base import CostsNothing, free_usage
from workers.providers.errors import ProviderError, ProviderRefused
from workers.providers.local import voices
from workers.providers.local.languages import unknown_script
from workers.providers.voice import SpeechResult, VoiceRequest, Word

LONGEST_TEXT = 10_000
TIME_LIMIT = 60.0

_ROOT = Path(workers.__file__).resolve().parents[1]
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_TOKEN = re.compile(r"\S+")
_DENSE = re.compile(r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff]")
_SPEECH_LOUDNESS, _SPEECH_PEAK = -20.0, -3.0
_SECONDS_A_SIGN, _SHORTEST_SILENCE = 0.07, 0.4
_WORD_EVENT, _END_EVENT = 1, 5


class LocalVoiceProvider(CostsNothing):
    """Speaks with eSpeak NG: clear, many languages, and plainly a machine."""

    provider = "local"
    model = "espeak-ng-1.52"

    def voice_for(self, name: str, gender: str | None, seed: int) -> str:
        """The voice of somebody, such as `en+f3`."""
        return voices.voice_for(name, gender, seed)

    async def knows(self, voice_id: str) -> bool:
        """Whether eSpeak has the language, and the variant of the voice if one is named."""
        return await asyncio.to_thread(voices.exists, voice_id)

    async def speak(self, request: VoiceRequest, into: Path) -> SpeechResult:
        """Write the speech; signs without a sound become silence of about their length.

        Raises ProviderRefused for a script that none of the voices knows.
        """
        if len(request.text) > LONGEST_TEXT:
            raise ProviderRefused(
                f"The line has {len(request.text)} characters and the local voice takes "
                f"{LONGEST_TEXT}: cut it into shorter lines.",
                code="text_too_long",
            )
        text = _CONTROL.sub(" ", request.text)
        if script := unknown_script(text):
            raise ProviderRefused(
                f"The local voice speaks no language that is written in {script} letters: write "
                "the line in another script, or set up a voice that knows it.",
                code="language_unsupported",
            )
        events: list[list[int]] = []
        with tempfile.TemporaryDirectory(prefix="backlot-voice-") as folder:
            raw = Path(folder) / "speech.wav"
            if any(character.isalnum() for character in text):
                events = (await _run(_order(request, text, raw)))["events"]
            seconds = await asyncio.to_thread(_convert, raw, into, text)
        words = _words(text, events, seconds)
        return SpeechResult(
            provider=self.provider,
            model=self.model,
            usage=free_usage(seconds=seconds),
            path=into,
            media_type="audio/wav",
            seconds=seconds,
            duration=seconds,
            words=tuple(words),
        )


def _order(request: VoiceRequest, text: str, raw: Path) -> bytes:
    manner = voices.manner_of(request.emotion, request.speed, request.characteristics)
    return orjson.dumps(
        {
            "text": text,
            "voices": voices.voices_to_try(request.voice_id, request.language, text),
            "rate": manner.rate,
            "pitch": manner.pitch,
            "range": manner.range,
            "volume": manner.volume,
            "path": str(raw.resolve()),
        }
    )


async def _run(order: bytes) -> dict[str, Any]:
    """One child, one line. However the wait ends, the child has ended too."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "workers.providers.local.espeak",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE, cwd=_ROOT,
    )  # fmt: skip
    try:
        async with asyncio.timeout(TIME_LIMIT):
            answer, complaint = await child.communicate(order)
    except TimeoutError:
        raise ProviderError(
            f"eSpeak NG did not finish a line within {TIME_LIMIT:.0f} seconds.",
            code="timeout",
            retryable=True,
        ) from None
    finally:
        if child.returncode is None:
            child.kill()
            await asyncio.shield(child.wait())
    if child.returncode:
        reason = complaint.decode(errors="replace").strip().splitlines()[-1:]
        raise ProviderError(
            f"eSpeak NG failed: {(reason or ['it ended without a word.'])[0]}",
            code="voice_failed",
            retryable=True,
        )
    found: dict[str, Any] = orjson.loads(answer)
    return found


def _convert(raw: Path, into: Path, text: str) -> float:
    import numpy as np

    from workers.providers.local.sound import (
        SAMPLE_RATE,
        levelled,
        read_mono,
        resample,
        write_wav,
    )

    speech = np.zeros(0, dtype=np.float32)
    if raw.exists():
        samples, rate = read_mono(raw)
        speech = levelled(resample(samples, rate), _SPEECH_LOUDNESS, _SPEECH_PEAK)
    if not speech.any():
        silence = max(_SHORTEST_SILENCE, len(text.strip()) * _SECONDS_A_SIGN)
        speech = np.zeros(round(silence * SAMPLE_RATE), dtype=np.float32)
    write_wav(into, speech)
    return float(speech.size / SAMPLE_RATE)


def _spans(text: str, events: list[list[int]]) -> list[tuple[int, int, float]]:
    """(first, last character, seconds) of what was spoken: words as they are written."""
    spoken = [
        (position - 1, position - 1 + length, at / 1000)
        for kind, position, length, at in events
        if kind == _WORD_EVENT
    ]
    if _DENSE.search(text):
        return _dense_spans(text, spoken)
    spans: list[tuple[int, int, float]] = []
    index = 0
    for token in _TOKEN.finditer(text):
        while index < len(spoken) and spoken[index][1] <= token.start():
            index += 1
        if index < len(spoken) and spoken[index][0] < token.end():
            spans.append((token.start(), token.end(), spoken[index][2]))
            while index < len(spoken) and spoken[index][0] < token.end():
                index += 1
    return spans


def _dense_spans(text: str, spoken: list[tuple[int, int, float]]) -> list[tuple[int, int, float]]:
    """Where words are written without spaces: eSpeak's own division, without gaps or repeats."""
    starts: list[tuple[int, float]] = []
    for first, _, at in spoken:
        if not starts or first > starts[-1][0]:
            starts.append((first, at))
    ends = [*(first for first, _ in starts[1:]), len(text)]
    return [(first, end, at) for (first, at), end in zip(starts, ends, strict=True)]


def _words(text: str, events: list[list[int]], seconds: float) -> list[Word]:
    """Words with their times; a word ends where the next begins or its clause ends."""
    spans = _spans(text, events)
    if not spans:
        return _even(text, seconds)
    clause_ends = [at / 1000 for kind, _, _, at in events if kind == _END_EVENT]
    words: list[Word] = []
    following = [*(start for _, _, start in spans[1:]), seconds]
    for (first, last, start), until in zip(spans, following, strict=True):
        start = min(start, seconds)
        ends = [end for end in clause_ends if start < end < until]
        end = max(start, min(ends[0] if ends else until, seconds))
        words.append(Word(text=text[first:last].strip(), start=round(start, 3), end=round(end, 3)))
    return [word for word in words if word.text]


def _even(text: str, seconds: float) -> list[Word]:
    """Words spread by their length, for a text that could not be spoken."""
    tokens = text.split()
    total = sum(map(len, tokens)) or 1
    words, passed = [], 0
    for token in tokens:
        start, passed = passed, passed + len(token)
        words.append(
            Word(
                text=token,
                start=round(seconds * start / total, 3),
                end=round(seconds * passed / total, 3),
            )
        )
    return words
