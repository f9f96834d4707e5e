"""Sound as NumPy arrays: 48 kHz WAV files, a change of rate, levels."""

from __future__ import annotations

import math
import wave
from pathlib import Path

import numpy as np
import numpy.typing as npt

SAMPLE_RATE = 48_000

Samples = npt.NDArray[np.float32]


def read_mono(path: Path) -> tuple[Samples, int]:
    """The samples (-1 to 1) of a 16 bit mono WAV file, and their rate."""
    with wave.open(str(path), "rb") as file:
        frames = file.readframes(file.getnframes())
        rate = file.getframerate()
    samples = np.frombuffer(frames, dtype="<i2").astype(np.float32)
    samples *= np.float32(1 / 32768)
    return samples, rate


def write_wav(path: Path, samples: Samples) -> None:
    """Write samples, (n,) or (channels, n), as 16 bit WAV at 48 kHz."""
    channels = 1 if samples.ndim == 1 else samples.shape[0]
    whole = np.clip(np.round(samples * 32767), -32768, 32767).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes(np.ascontiguousarray(whole.T).tobytes())


def resample(samples: Samples, rate: int) -> Samples:
    """Bring samples to 48 kHz through their spectrum: nothing is lost, nothing is mirrored."""
    if rate == SAMPLE_RATE or not samples.size:
        return samples
    divisor = math.gcd(rate, SAMPLE_RATE)
    # Whole periods of both rates, with some silence so that the ends don't ring into each other.
    step = rate // divisor * 64
    padded = -(-(samples.size + rate // 20) // step) * step
    target = padded * SAMPLE_RATE // rate
    spectrum = np.fft.rfft(samples, padded)
    wide = np.zeros(target // 2 + 1, dtype=spectrum.dtype)
    count = min(spectrum.size, wide.size)
    wide[:count] = spectrum[:count]
    out = np.fft.irfft(wide, target) * (target / padded)
    return out[: round(samples.size * SAMPLE_RATE / rate)].astype(np.float32)


def levelled(samples: Samples, loudness: float, peak: float) -> Samples:
    """Scale to a mean power (dBFS, silence left out), below a peak (dBFS)."""
    loud = np.abs(samples) > 10 ** (-50 / 20)
    if not loud.any():
        return samples
    power = float(np.sqrt(np.mean(samples[loud].astype(np.float64) ** 2)))
    top = float(np.max(np.abs(samples)))
    gain = min(10 ** (loudness / 20) / power, 10 ** (peak / 20) / top)
    return samples * np.float32(gain)
