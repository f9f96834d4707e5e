"""Instruments made of sines: band-limited, without clicks, in a room of their own."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from workers.providers.local.sound import SAMPLE_RATE, Samples

ROOM_SECONDS = 1.6
_LARGEST = 2**19
"""Samples that one transform takes."""
_HIGHEST = 9_000.0


def frequency(note: float) -> float:
    """The frequency of a MIDI note, in hertz (A4 = 69 = 440 Hz)."""
    return float(440.0 * 2 ** ((note - 69) / 12))


def _time(seconds: float) -> Samples:
    return np.arange(round(seconds * SAMPLE_RATE), dtype=np.float32) / np.float32(SAMPLE_RATE)


def _phase(tone: float, count: int, start: float = 0.0) -> Samples:
    """The running angle of a tone, counted exactly and then wrapped, so that no noise creeps in."""
    turns = np.arange(count) * (tone / SAMPLE_RATE)
    turns -= np.floor(turns)
    return (turns * math.tau + start).astype(np.float32)


def _partials(tone: float, count: int, most: int, start: float = 0.0) -> Iterator[Samples]:
    """The tone and its partials below the highest pitch, as sines."""
    return _multiples(_phase(tone, count, start), tone, most)


def _multiples(phase: Samples, tone: float, most: int) -> Iterator[Samples]:
    """The same for a running angle, of a tone that may waver around `tone`.

    sin(kx) = 2 cos(x) sin((k - 1)x) - sin((k - 2)x): one sine and one cosine serve all of them.
    """
    before, current = np.zeros_like(phase), np.sin(phase)
    double = 2 * np.cos(phase)
    for number in range(1, most + 1):
        if number > 1 and tone * number > _HIGHEST:
            return
        yield current
        before, current = current, double * current - before


def pad(notes: tuple[int, ...], seconds: float, brightness: float) -> Samples:
    """A soft sustained chord, slightly out of tune between left and right."""
    count = round(seconds * SAMPLE_RATE)
    sides = np.zeros((2, count), dtype=np.float32)
    for place, note in enumerate(notes):
        for side, detune in enumerate((-0.035, 0.035)):
            tone = frequency(note + detune * (1 if place % 2 else -1))
            for number, sine in enumerate(_partials(tone, count, 4, place * 1.7), start=1):
                sides[side] += np.float32(brightness ** (number - 1) / number) * sine
    swell = _edges(count, min(0.7, seconds * 0.35), min(0.9, seconds * 0.4))
    return sides * swell * np.float32(0.16)


def strings(notes: tuple[int, ...], seconds: float, brightness: float) -> Samples:
    """Bowed strings: a chord that grows slowly, each side with a vibrato of its own."""
    count = round(seconds * SAMPLE_RATE)
    sides = np.zeros((2, count), dtype=np.float32)
    time = _time(seconds)[:count]
    for place, note in enumerate(notes):
        for side in (0, 1):
            wave = np.sin(np.float32(math.tau * (4.6 + 0.5 * side + 0.2 * place)) * time)
            tone = frequency(note)
            phase = _phase(tone, count, place * 2.1 + side)
            phase += np.float32(0.0028 * tone / 5) * wave
            for number, sine in enumerate(_multiples(phase, tone, 6), start=1):
                share = (0.35 + 0.5 * brightness) ** (number - 1) / number
                sides[side] += np.float32(share) * sine
    swell = _edges(count, min(0.9, seconds * 0.4), min(0.9, seconds * 0.4))
    return sides * swell * np.float32(0.13)


def keys(note: int, seconds: float, brightness: float, pan: float) -> Samples:
    """A soft piano: felt hammers, a tone that dies away, a little tremolo."""
    time = _time(seconds)
    sound = np.zeros_like(time)
    slower, faster = np.exp(np.float32(-1.5) * time), np.exp(np.float32(-1.3) * time)
    for number, sine in enumerate(_partials(frequency(note), time.size, 6), start=1):
        sound += np.float32((0.3 + 0.5 * brightness) ** (number - 1) / number) * slower * sine
        slower = slower * faster
    sound *= 1 + np.float32(0.06) * np.sin(np.float32(math.tau * 4.2) * time)
    edges = _edges(time.size, 0.006, min(0.15, seconds / 3))
    return _panned(sound * edges * np.float32(0.3), pan)


def flute(note: int, seconds: float, pan: float) -> Samples:
    """A flute that takes its breath, with a vibrato that comes late."""
    time = _time(seconds)
    tone = frequency(note)
    late = np.clip((time - np.float32(0.25)) / np.float32(0.5), 0, 1)
    phase = _phase(tone, time.size)
    phase += np.float32(0.0032 * tone / 5.2) * late * np.sin(np.float32(math.tau * 5.2) * time)
    sound = np.zeros_like(time)
    for strength, sine in zip((1.0, 0.26, 0.09), _multiples(phase, tone, 3), strict=False):
        sound += np.float32(strength) * sine
    edges = _edges(time.size, min(0.09, seconds / 3), min(0.4, seconds / 3))
    return _panned(sound * edges * np.float32(0.17), pan)


def brush(seconds: float, pan: float, *, accent: bool) -> Samples:
    """A brush on a drum, or lightly on a cymbal."""
    count = round(seconds * SAMPLE_RATE)
    noise = np.random.default_rng(7 if accent else 8).standard_normal(count)
    spectrum = np.fft.rfft(noise)
    pitches = np.fft.rfftfreq(count, 1 / SAMPLE_RATE)
    low, high = (400, 3_500) if accent else (3_000, 7_500)
    spectrum *= 1 / (1 + (low / np.maximum(pitches, 1)) ** 4) / (1 + (pitches / high) ** 4)
    sound = np.fft.irfft(spectrum, count).astype(np.float32)
    sound /= np.float32(np.sqrt(np.mean(sound**2)) + 1e-9)
    time = _time(seconds)[:count]
    sound *= np.exp(np.float32(-22 if accent else -45) * time) * _edges(count, 0.004, 0.03)
    return _panned(sound * np.float32(0.05 if accent else 0.022), pan)


def pluck(note: int, seconds: float, brightness: float, pan: float) -> Samples:
    """A plucked string: every partial dies away, the high ones first."""
    time = _time(seconds)
    decay, faster = np.exp(np.float32(-2.5) * time), np.exp(np.float32(-0.9) * time)
    sound = np.zeros_like(time)
    for number, sine in enumerate(_partials(frequency(note), time.size, 8), start=1):
        strength = (0.35 + 0.6 * brightness) ** (number - 1) / number
        sound += np.float32(strength) * decay * sine
        decay *= faster
    return _panned(sound * _edges(time.size, 0.004, min(0.08, seconds / 3)) * np.float32(0.3), pan)


def bell(note: int, seconds: float, pan: float) -> Samples:
    """A round bell for melodies."""
    time = _time(seconds)
    sound = np.zeros_like(time)
    for ratio, strength, decay in ((1, 1.0, 1.5), (2, 0.32, 2.6), (3.01, 0.12, 4.5)):
        tone = frequency(note) * ratio
        if tone < _HIGHEST:
            fading = np.float32(strength) * np.exp(np.float32(-decay) * time)
            sound += fading * np.sin(_phase(tone, time.size))
    return _panned(sound * _edges(time.size, 0.012, min(0.2, seconds / 3)) * np.float32(0.24), pan)


def bass(note: int, seconds: float) -> Samples:
    """A soft bass."""
    time = _time(seconds)
    sound = np.zeros_like(time)
    strengths = (1.0, 0.28, 0.08)
    for strength, sine in zip(strengths, _partials(frequency(note), time.size, 3), strict=True):
        sound += np.float32(strength) * sine
    sound *= np.exp(np.float32(-0.6) * time) * _edges(time.size, 0.03, min(0.25, seconds / 3))
    return _panned(sound * np.float32(0.3), 0.0)


def drum(seconds: float) -> Samples:
    """A deep, felt drum whose tone falls."""
    time = _time(seconds)
    phase = np.float32(math.tau) * (48 * time + np.float32(3.2) * (1 - np.exp(-18 * time)))
    sound = np.sin(phase) * np.exp(np.float32(-6.5) * time) * _edges(time.size, 0.004, 0.05)
    return _panned(sound * np.float32(0.5), 0.0)


def in_the_room(sound: Samples) -> Samples:
    """What the room answers to the sound, as long as that; block by block, as memory allows."""
    count, tail = sound.shape[1], round(ROOM_SECONDS * SAMPLE_RATE)
    wet = np.zeros((2, count + _LARGEST), dtype=np.float32)
    step = _LARGEST - tail
    for start in range(0, count, step):
        block = sound[:, start : start + step]
        size = _quickly_transformed(block.shape[1] + tail)
        echo = np.fft.irfft(np.fft.rfft(block, size) * _room_spectrum(size), size)
        wet[:, start : start + size] += echo
    return wet[:, :count]


def _quickly_transformed(count: int) -> int:
    """A length from this on whose transform is quick: a power of two, or three quarters of one."""
    power: int = 1 << (count - 1).bit_length()
    return power * 3 // 4 if power * 3 // 4 >= count else power


@lru_cache(maxsize=8)
def _room_spectrum(size: int) -> npt.NDArray[np.complex64]:
    return np.asarray(np.fft.rfft(_room(), size), dtype=np.complex64)


@lru_cache(maxsize=1)
def _room() -> Samples:
    """An impulse of decaying, darkening noise, different left and right, always the same."""
    count = round(ROOM_SECONDS * SAMPLE_RATE)
    noise = np.random.default_rng(1954).standard_normal((2, count))
    spectrum = np.fft.rfft(noise)
    pitches = np.fft.rfftfreq(count, 1 / SAMPLE_RATE)
    dark = 1 / (1 + (pitches / 2200.0) ** 2) * (pitches > 120)
    tail = np.fft.irfft(spectrum * dark, count)
    time = np.arange(count) / SAMPLE_RATE
    tail *= np.exp(-4.2 * time) * np.minimum(1, time / 0.012)
    tail *= np.minimum(1, (ROOM_SECONDS - time) / 0.2)
    return np.asarray(tail / np.sqrt(np.sum(tail**2, axis=1, keepdims=True)), dtype=np.float32)


def _edges(count: int, rise: float, fall: float) -> Samples:
    """An envelope that begins and ends in silence along half a cosine."""
    envelope = np.ones(count, dtype=np.float32)
    up, down = min(count, round(rise * SAMPLE_RATE)), min(count, round(fall * SAMPLE_RATE))
    if up:
        envelope[:up] *= (0.5 - 0.5 * np.cos(np.pi * np.arange(up) / up)).astype(np.float32)
    if down:
        envelope[count - down :] *= (
            0.5 + 0.5 * np.cos(np.pi * (np.arange(down) + 1) / down)
        ).astype(np.float32)
    return envelope


def _panned(sound: Samples, pan: float) -> Samples:
    """One channel on two, from -1 (left) to 1 (right), at constant power."""
    angle = (pan + 1) * math.pi / 4
    return np.stack(
        (sound * np.float32(math.cos(angle)), sound * np.float32(math.sin(angle)))
    ) * np.float32(math.sqrt(2))
