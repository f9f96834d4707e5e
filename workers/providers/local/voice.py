"""The local speaker: eSpeak NG in a process of its own, with the time of every word."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from workers.crew import aside
from workers.providers.base import Local, free_usage
from workers.providers.errors import ProviderError, ProviderRefused
from workers.providers.local import voices
from workers.providers.local.languages import unknown_script
from workers.providers.voice import SpeechResult, VoiceRequest, Word
from workers.render.facts import Look
from workers.render.own import looked_at
from workers.render.servants import Servant

LONGEST_TEXT = 10_000
TIME_LIMIT = 60.0

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_TOKEN = re.compile(r"\S+")
_DENSE = re.compile(r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff]")
_SPEECH_LOUDNESS, _SPEECH_PEAK = -20.0, -3.0
_SECONDS_A_SIGN, _SHORTEST_SILENCE = 0.07, 0.4
_WORD_EVENT, _END_EVENT = 1, 5
_LONGEST_ANSWER = 2**20

_speaker = Servant("workers.providers.local.espeak")


@dataclass(frozen=True, slots=True)
class Spoken:
    """What eSpeak said: 16 bit samples at its own rate, and when which word began."""

    events: list[list[int]]
    samples: bytes
    rate: int


NOTHING_SPOKEN = Spoken([], b"", 22_050)


class LocalVoiceProvider(Local):
    """Speaks with eSpeak NG: clear, many languages, and plainly a machine."""

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
        spoken = NOTHING_SPOKEN
        if any(character.isalnum() for character in text):
            spoken = await _spoken(_order(request, text))
        seconds, look = await aside(convert, spoken, into, text)
        words = _words(text, spoken.events, seconds)
        return SpeechResult(
            provider=self.provider,
            model=self.model,
            usage=free_usage(seconds=seconds),
            path=into,
            media_type="audio/flac",
            seconds=seconds,
            duration=seconds,
            words=tuple(words),
            look=look,
        )


def _order(request: VoiceRequest, text: str) -> bytes:
    manner = voices.manner_of(request.emotion, request.speed, request.characteristics)
    return orjson.dumps(
        {
            "text": text,
            "voices": voices.voices_to_try(request.voice_id, request.language, text),
            "rate": manner.rate,
            "pitch": manner.pitch,
            "range": manner.range,
            "volume": manner.volume,
        }
    )


async def _spoken(order: bytes) -> Spoken:
    """One line, spoken. However the wait ends, the speaking of it ends too."""
    try:
        async with (
            asyncio.timeout(TIME_LIMIT),
            _speaker.connected(_LONGEST_ANSWER) as (reader, writer),
        ):
            writer.write(order + b"\n")
            answer = await reader.readline()
            samples = await reader.read()
    except TimeoutError:
        raise ProviderError(
            f"eSpeak NG did not finish a line within {TIME_LIMIT:.0f} seconds.",
            code="timeout",
            retryable=True,
        ) from None
    except OSError as error:
        raise _failure(str(error)) from None
    if not answer:
        raise _failure("it ended without a word.")
    said: dict[str, Any] = orjson.loads(answer)
    if "reason" in said:
        raise _failure(said["reason"])
    return Spoken(said["events"], samples, said["rate"])


def _failure(reason: str) -> ProviderError:
    return ProviderError(f"eSpeak NG failed: {reason}", code="voice_failed", retryable=True)


def convert(spoken: Spoken, into: Path, text: str) -> tuple[float, Look]:
    """Write what was spoken, at an even level, and look at it; answers its seconds, too."""
    import numpy as np

    from workers.providers.local.sound import levelled, samples_of, write_flac

    speech = levelled(samples_of(spoken.samples), _SPEECH_LOUDNESS, _SPEECH_PEAK)
    if not speech.any():
        silence = max(_SHORTEST_SILENCE, len(text.strip()) * _SECONDS_A_SIGN)
        speech = np.zeros((1, round(silence * spoken.rate)), dtype=np.float32)
    write_flac(into, spoken.rate, 1, [speech])
    return speech.shape[1] / spoken.rate, looked_at(into, is_whole=True)


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
