"""Instruments made of sines: band-limited, without clicks, one (1, n) or two (2, n) channels."""

from __future__ import annotations

import cmath
import math
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from workers.providers.local.sound import LARGEST_PRODUCT, Samples

Complex = npt.NDArray[np.complex128]

RATE = 24_000
"""Samples a second of an instrument: none has a tone above the half of it."""
_HIGHEST = 9_000.0
_ROW = 256
_SIDEBANDS, _FAINTEST = 32, 3e-4


class Sine(NamedTuple):
    """A tone in hertz, how strong it begins, how fast it dies away (1/s), its angle at the start.

    The strength may be complex: its angle is one more angle at the start.
    """

    tone: float
    strength: complex
    decay: float = 0.0
    start: float = 0.0


def frequency(note: float) -> float:
    """The frequency of a MIDI note, in hertz (A4 = 69 = 440 Hz)."""
    return float(440.0 * 2 ** ((note - 69) / 12))


def sines(count: int, parts: Sequence[Sine]) -> Samples:
    """The sum of decaying sines.

    Each is the imaginary part of a power z**n, and with n = 256 i + j, z**n = z**(256 i) z**j: all
    of them together are one product of two small matrices, with exact angles.
    """
    size = len(parts)
    at_once = max(1, LARGEST_PRODUCT // (_ROW * 2 * size))
    rows = -(-count // (_ROW * at_once)) * at_once
    steps = np.array([complex(-each.decay, math.tau * each.tone) for each in parts]) / RATE
    begin = np.array([each.strength * cmath.exp(1j * each.start) for each in parts])
    slow = _powers(begin, np.exp(steps * _ROW), rows)
    quick = _powers(np.ones(size, dtype=np.complex128), np.exp(steps), _ROW).T
    left = np.empty((rows, 2, size), dtype=np.float32)
    right = np.empty((2, size, _ROW), dtype=np.float32)
    left[:, 0], left[:, 1] = slow.real, slow.imag
    right[0], right[1] = quick.imag, quick.real
    product = left.reshape(-1, at_once, 2 * size) @ right.reshape(2 * size, _ROW)
    return product.reshape(-1)[:count]


def _powers(first: Complex, ratio: Complex, count: int) -> Complex:
    """first, first * ratio, first * ratio**2 and so on, (count, n)."""
    powers = np.empty((count, ratio.size), dtype=np.complex128)
    powers[0], powers[1:] = first, ratio
    return np.multiply.accumulate(powers)


def _partials(tone: float, strengths: Sequence[float], start: float = 0.0) -> Iterator[Sine]:
    """A tone and its partials below the highest pitch."""
    for number, strength in enumerate(strengths, start=1):
        if number == 1 or tone * number <= _HIGHEST:
            yield Sine(tone * number, strength, start=number * start)


def _fading(share: float, most: int) -> list[float]:
    """The strengths of partials of which each is weaker by `share`, and by its number."""
    return [share ** (number - 1) / number for number in range(1, most + 1)]


def _wavering(sine: Sine, pace: float, depth: float) -> Iterator[Sine]:
    """A sine whose angle swings by `depth`, `pace` times a second: sines on either side of it."""
    turn = np.arange(_SIDEBANDS) * (math.tau / _SIDEBANDS)
    shares = np.fft.fft(np.exp(1j * depth * np.sin(turn))) / _SIDEBANDS
    for place in range(-_SIDEBANDS // 2, _SIDEBANDS // 2):
        strength = sine.strength * complex(shares[place])
        if abs(strength) > _FAINTEST:
            yield Sine(sine.tone + place * pace, strength, sine.decay, sine.start)


def pad(notes: tuple[int, ...], seconds: float, brightness: float) -> Samples:
    """A soft sustained chord, slightly out of tune between left and right."""
    count = round(seconds * RATE)
    strengths = _fading(brightness, 4)
    sides = np.stack(
        [
            sines(
                count,
                [
                    sine
                    for place, note in enumerate(notes)
                    for sine in _partials(
                        frequency(note + (-detune if place % 2 else detune)),
                        strengths,
                        place * 1.7,
                    )
                ],
            )
            for detune in (0.035, -0.035)
        ]
    )
    return _shaped(sides, 0.16, min(0.7, seconds * 0.35), min(0.9, seconds * 0.4))


def strings(notes: tuple[int, ...], seconds: float, brightness: float) -> Samples:
    """Bowed strings: a chord that grows slowly, each side with a vibrato of its own."""
    count = round(seconds * RATE)
    strengths = _fading(0.35 + 0.5 * brightness, 6)
    sides = np.zeros((2, count), dtype=np.float32)
    for place, note in enumerate(notes):
        tone = frequency(note)
        for side in (0, 1):
            pace = 4.6 + 0.5 * side + 0.2 * place
            partials = _partials(tone, strengths, place * 2.1 + side)
            sides[side] += sines(
                count,
                [
                    part
                    for number, sine in enumerate(partials, start=1)
                    for part in _wavering(sine, pace, number * 0.0028 * tone / 5)
                ],
            )
    return _shaped(sides, 0.13, min(0.9, seconds * 0.4), min(0.9, seconds * 0.4))


def keys(note: int, seconds: float, brightness: float) -> Samples:
    """A soft piano: felt hammers, a tone that dies away, a little tremolo."""
    count = round(seconds * RATE)
    partials = _partials(frequency(note), _fading(0.3 + 0.5 * brightness, 6))
    sound = sines(count, [each._replace(decay=0.2 + 1.3 * n) for n, each in _numbered(partials)])
    sound *= 1 + sines(count, [Sine(4.2, 0.06)])
    return _shaped(sound[np.newaxis], 0.3, 0.006, min(0.15, seconds / 3))


def flute(note: int, seconds: float) -> Samples:
    """A flute that takes its breath, with a vibrato that comes late."""
    tone = frequency(note)
    time = _time(seconds)
    late = np.clip((time - np.float32(0.25)) / np.float32(0.5), 0, 1)
    swing = np.float32(0.0032 * tone / 5.2) * late * sines(time.size, [Sine(5.2, 1.0)])
    sound = np.zeros_like(time)
    for number, sine in _numbered(_partials(tone, (1.0, 0.26, 0.09))):
        # sin(a + b) = sin(a) cos(b) + cos(a) sin(b)
        angle = swing * np.float32(number)
        sound += sines(time.size, [sine]) * np.cos(angle)
        sound += sines(time.size, [sine._replace(start=math.pi / 2)]) * np.sin(angle)
    return _shaped(sound[np.newaxis], 0.17, min(0.09, seconds / 3), min(0.4, seconds / 3))


def brush(seconds: float, *, accent: bool) -> Samples:
    """A brush on a drum, or lightly on a cymbal."""
    count = round(seconds * RATE)
    noise = np.random.default_rng(7 if accent else 8).standard_normal(count)
    spectrum = np.fft.rfft(noise)
    pitches = np.fft.rfftfreq(count, 1 / RATE)
    low, high = (400, 3_500) if accent else (3_000, 7_500)
    spectrum *= 1 / (1 + (low / np.maximum(pitches, 1)) ** 4) / (1 + (pitches / high) ** 4)
    sound = np.fft.irfft(spectrum, count).astype(np.float32)
    sound /= np.float32(np.sqrt(np.mean(sound**2)) + 1e-9)
    sound *= np.exp(np.float32(-22 if accent else -45) * _time(seconds))
    return _shaped(sound[np.newaxis], 0.05 if accent else 0.022, 0.004, 0.03)


def pluck(note: int, seconds: float, brightness: float) -> Samples:
    """A plucked string: every partial dies away, the high ones first."""
    partials = _partials(frequency(note), _fading(0.35 + 0.6 * brightness, 8))
    parts = [each._replace(decay=1.6 + 0.9 * number) for number, each in _numbered(partials)]
    sound = sines(round(seconds * RATE), parts)[np.newaxis]
    return _shaped(sound, 0.3, 0.004, min(0.08, seconds / 3))


def bell(note: int, seconds: float) -> Samples:
    """A round bell for melodies."""
    tone = frequency(note)
    parts = [
        Sine(tone * ratio, strength, decay)
        for ratio, strength, decay in ((1, 1.0, 1.5), (2, 0.32, 2.6), (3.01, 0.12, 4.5))
        if ratio == 1 or tone * ratio < _HIGHEST
    ]
    sound = sines(round(seconds * RATE), parts)[np.newaxis]
    return _shaped(sound, 0.24, 0.012, min(0.2, seconds / 3))


def bass(note: int, seconds: float) -> Samples:
    """A soft bass."""
    partials = _partials(frequency(note), (1.0, 0.28, 0.08))
    parts = [each._replace(decay=0.6) for each in partials]
    sound = sines(round(seconds * RATE), parts)[np.newaxis]
    return _shaped(sound, 0.3, 0.03, min(0.25, seconds / 3))


def drum(seconds: float) -> Samples:
    """A deep, felt drum whose tone falls."""
    time = _time(seconds)
    phase = np.float32(math.tau) * (48 * time + np.float32(3.2) * (1 - np.exp(-18 * time)))
    sound = np.sin(phase) * np.exp(np.float32(-6.5) * time)
    return _shaped(sound[np.newaxis], 0.5, 0.004, 0.05)


def _time(seconds: float) -> Samples:
    return np.arange(round(seconds * RATE), dtype=np.float32) / np.float32(RATE)


def _numbered(partials: Iterator[Sine]) -> Iterator[tuple[int, Sine]]:
    return enumerate(partials, start=1)


def _shaped(sound: Samples, strength: float, rise: float, fall: float) -> Samples:
    """The sound itself, changed: it begins and ends in silence along half a cosine, in seconds."""
    count = sound.shape[1]
    up, down = min(count, round(rise * RATE)), min(count, round(fall * RATE))
    sound *= np.float32(strength)
    sound[:, :up] *= _ramp(up)
    sound[:, count - down :] *= _ramp(down)[::-1]
    return sound


@lru_cache(maxsize=64)
def _ramp(count: int) -> Samples:
    """From 0 to almost 1."""
    return (0.5 - 0.5 * np.cos(np.pi * np.arange(count) / max(1, count))).astype(np.float32)
