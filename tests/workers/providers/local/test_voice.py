"""Speech is a real file with the time of every word, from one process that serves all lines."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import psutil
import pytest

from tests.support.sounds import read_flac
from workers.providers.errors import ProviderError, ProviderRefused
from workers.providers.local import voice
from workers.providers.local.voice import LocalVoiceProvider
from workers.providers.local.voices import (
    NARRATOR_VOICE,
    manner_of,
    voice_for,
    voices_to_try,
)
from workers.providers.voice import SpeechResult, VoiceRequest

RATE = 22_050
"""At which eSpeak NG speaks."""


async def speak(text: str, into: Path, **fields: object) -> SpeechResult:
    request = VoiceRequest.model_validate({"text": text, "voice_id": "en+f3", **fields})
    return await LocalVoiceProvider().speak(request, into)


def samples_of(path: Path) -> np.ndarray[tuple[int, ...], np.dtype[np.int16]]:
    return read_flac(path, RATE, 1)[:, 0]


async def test_words_are_timed_in_order_within_the_file(tmp_path: Path) -> None:
    text = "A Fox, one day, fell into a deep well. It couldn't find 23 ways out!"
    result = await speak(text, tmp_path / "speech.flac")
    samples = samples_of(result.path)
    assert result.duration == pytest.approx(len(samples) / RATE)
    assert [word.text for word in result.words] == text.split()
    times = [time for word in result.words for time in (word.start, word.end)]
    assert times == sorted(times)
    assert times[-1] <= result.duration + 0.001
    assert 0.05 < np.abs(samples).max() / 32768 <= 0.75


async def test_the_same_request_gives_the_same_bytes(tmp_path: Path) -> None:
    await speak("Look before you leap.", tmp_path / "first.flac")
    await asyncio.sleep(1.1)  # eSpeak itself would take its noise from the second of the clock
    await speak("Look before you leap.", tmp_path / "second.flac")
    assert (tmp_path / "first.flac").read_bytes() == (tmp_path / "second.flac").read_bytes()


@pytest.mark.parametrize(
    "other",
    [{"voice_id": "en+m2"}, {"emotion": "sad"}, {"speed": 1.5}, {"characteristics": ("deep",)}],
)
async def test_voice_feeling_and_speed_are_heard(tmp_path: Path, other: dict[str, object]) -> None:
    await speak("Look before you leap.", tmp_path / "plain.flac")
    await speak("Look before you leap.", tmp_path / "other.flac", **other)
    assert (tmp_path / "plain.flac").read_bytes() != (tmp_path / "other.flac").read_bytes()


@pytest.mark.parametrize(
    "text",
    [
        "从前有一只狐狸。",
        "كان هناك ثعلب.",
        "שועל נפל לבאר.",
        "एक लोमड़ी थी।",
        "きつねが井戸に落ちた。",
        "여우가 빠졌다.",
        "สุนัขจิ้งจอก",
        "лиса упала",
    ],
)
async def test_other_scripts_are_spoken_and_no_sign_is_lost(tmp_path: Path, text: str) -> None:
    result = await speak(text, tmp_path / "speech.flac")
    assert np.abs(samples_of(result.path)).max() > 1000
    assert "".join(word.text for word in result.words) == text.replace(" ", "")


@pytest.mark.parametrize(
    ("text", "script"),
    [("བོད་སྐད།", "Tibetan"), ("ភាសាខ្មែរ", "Khmer"), ("ᏣᎳᎩ", "Cherokee"), ("𓀀𓀁 a", "Egyptian")],
)
async def test_a_script_that_no_voice_knows_is_refused_in_words(
    tmp_path: Path, text: str, script: str
) -> None:
    with pytest.raises(ProviderRefused, match=rf"written in {script} letters") as refused:
        await speak(text, tmp_path / "speech.flac", language="en")
    assert refused.value.code == "language_unsupported"
    assert not (tmp_path / "speech.flac").exists()


async def test_a_foreign_word_within_a_line_is_no_reason_to_refuse_it(tmp_path: Path) -> None:
    result = await speak("They call it བོད་ here.", tmp_path / "speech.flac")
    assert result.duration > 0.5


@pytest.mark.parametrize("text", ["— …", "", "\x01"])
async def test_what_cannot_be_said_is_a_short_silence(tmp_path: Path, text: str) -> None:
    result = await speak(text, tmp_path / "speech.flac")
    assert 0.2 < result.duration < 3


async def test_a_language_that_is_not_there_falls_back(tmp_path: Path) -> None:
    result = await speak("Hello there.", tmp_path / "speech.flac", language="xx", voice_id="zz+q9")
    assert [word.text for word in result.words] == ["Hello", "there."]


async def test_an_endless_line_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ProviderRefused, match="shorter lines"):
        await speak("word " * 3000, tmp_path / "speech.flac")


async def test_a_line_that_takes_too_long_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await idle_process(tmp_path)
    monkeypatch.setattr(voice, "TIME_LIMIT", 0.02)
    with pytest.raises(ProviderError, match="within") as failure:
        await speak("word " * 1500, tmp_path / "speech.flac")
    assert (failure.value.code, failure.value.retryable) == ("timeout", True)
    await until_nobody_speaks()


async def test_cancelling_ends_the_line_and_no_other(tmp_path: Path) -> None:
    process = await idle_process(tmp_path)
    task = asyncio.create_task(speak("word " * 1900, tmp_path / "speech.flac"))
    while not lines_of(process):
        await asyncio.sleep(0.001)
    other = asyncio.create_task(speak("Look before you leap. " * 20, tmp_path / "other.flac"))
    await asyncio.sleep(0.001)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await other).duration > 5
    await until_nobody_speaks()
    assert not (tmp_path / "speech.flac").exists()


async def test_one_process_serves_all_lines_and_is_replaced_when_it_died(tmp_path: Path) -> None:
    first = await idle_process(tmp_path)
    await asyncio.gather(*(speak("Half done.", tmp_path / f"{each}.flac") for each in range(8)))
    assert speaking_processes() == [first]
    first.kill()
    while first.status() != psutil.STATUS_ZOMBIE:
        await asyncio.sleep(0.001)
    await speak("Half done.", tmp_path / "again.flac")
    [second] = speaking_processes()
    assert second != first
    assert (tmp_path / "again.flac").read_bytes() == (tmp_path / "0.flac").read_bytes()


async def test_a_line_whose_process_is_killed_fails_and_may_be_tried_again(tmp_path: Path) -> None:
    process = await idle_process(tmp_path)
    task = asyncio.create_task(speak("word " * 1900, tmp_path / "speech.flac"))
    while not (lines := lines_of(process)):
        await asyncio.sleep(0.001)
    lines[0].kill()
    with pytest.raises(ProviderError, match="eSpeak NG failed") as failure:
        await task
    assert (failure.value.code, failure.value.retryable) == ("voice_failed", True)


async def test_what_the_process_cannot_do_is_told() -> None:
    with pytest.raises(ProviderError, match="eSpeak NG failed: 'voices'") as failure:
        await voice._spoken(b"{}")
    assert (failure.value.code, failure.value.retryable) == ("voice_failed", True)


async def idle_process(folder: Path) -> psutil.Process:
    """The one speaking process, started and with nothing to say."""
    await speak("Well begun.", folder / "begun.flac")
    await until_nobody_speaks()
    [process] = speaking_processes()
    return process


def speaking_processes() -> list[psutil.Process]:
    return [
        child
        for child in psutil.Process().children()
        if child.status() != psutil.STATUS_ZOMBIE
        and any("espeak" in part for part in child.cmdline())
    ]


def lines_of(process: psutil.Process) -> list[psutil.Process]:
    return [fork for fork in process.children() if fork.status() != psutil.STATUS_ZOMBIE]


async def until_nobody_speaks() -> None:
    async with asyncio.timeout(10):
        while any(lines_of(process) for process in speaking_processes()):
            await asyncio.sleep(0.001)


def test_everybody_has_a_voice_of_their_own_that_stays() -> None:
    assert voice_for("Fox", "male", 1) == voice_for("fox", "male", 1)
    assert voice_for("Narrator", None, 7) == NARRATOR_VOICE
    assert all(voice_for(name, "female", 1).startswith("en+f") for name in ("Anna", "Ada", "Eve"))
    assert len({voice_for(f"Person {number}", None, 1) for number in range(40)}) > 6


def test_the_script_outranks_the_language_asked_for() -> None:
    assert voices_to_try("en+f3", "en", "Лиса")[0] == "ru+f3"
    assert voices_to_try("en+f3", "de", "Der Fuchs")[0] == "de+f3"
    assert voices_to_try("en+f3", "und", "The fox")[0] == "en+f3"
    assert voices_to_try("en-us+m1", "en", "The fox")[0] == "en-us+m1"
    assert voices_to_try("en+f3", "zh", "狐狸")[0] == "cmn+f3"


@pytest.mark.parametrize(
    ("voice_id", "known"),
    [("en+f3", True), ("en-us", True), ("cmn+m1", True), ("zz", False), ("en+q9", False)],
)
async def test_it_is_known_which_voices_there_are(voice_id: str, known: bool) -> None:
    assert await LocalVoiceProvider().knows(voice_id) is known


def test_what_is_said_of_a_voice_changes_its_manner_within_bounds() -> None:
    plain, deep = manner_of("neutral", 1), manner_of("neutral", 1, ["Deep and slow"])
    assert deep.pitch < plain.pitch
    assert deep.rate < plain.rate
    assert manner_of("neutral", 1, ["deep"] * 50) == manner_of("neutral", 1, ["deep"])
    assert manner_of("sad", 1, ["deep, low, dark, soft, quiet, gentle"]).pitch >= 0
