"""Makers of test material, and eyes and ears to look at what came out."""

import wave
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
from PIL import Image

from workers.render.formats import SAMPLE_RATE, FrameFormat
from workers.render.mix import Mix
from workers.render.pcm import Pcm, PcmReader
from workers.render.sound_plan import plan_sound
from workers.render.sources import decode_sound
from workers.render.timeline import Motion, Still, Timeline

SMALL = FrameFormat(width=320, height=180, fps=30, preset="superfast", crf=20)

Signal = npt.NDArray[np.float64]


def picture(path: Path, size: tuple[int, int] = (320, 180), seed: int = 1) -> Path:
    """Soft random colours of middling brightness."""
    random = np.random.default_rng(seed)
    coarse = random.integers(60, 200, (6, 8, 3), dtype=np.uint8)
    Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC).save(path)
    return path


def plain(path: Path, colour: tuple[int, int, int], size: tuple[int, int] = (320, 180)) -> Path:
    """One colour all over."""
    Image.new("RGB", size, colour).save(path)
    return path


def tone(path: Path, *, hertz: float, seconds: float, level: float, channels: int = 1) -> Path:
    """A sine as a 48 kHz WAV."""
    at = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return sound(path, level * np.sin(2 * np.pi * hertz * at), channels)


def sound(path: Path, signal: Signal, channels: int = 1) -> Path:
    """A signal of -1 to 1 as a 48 kHz WAV."""
    whole = np.round(signal * 32767).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes(np.repeat(whole, channels).tobytes())
    return path


def timeline(image: Path, seconds: float = 1.0, **more: Any) -> Timeline:
    """A small timeline of one shot, its sound at the level it has."""
    shot = Still(image=image, seconds=seconds, motion=Motion.named("still"))
    fields = {"format": SMALL, "shots": (shot,), "loudness": None, **more}
    return Timeline.model_validate(fields)


def mixed(timeline: Timeline, folder: Path) -> Signal:
    """The sound of a timeline before it is encoded."""
    paths = [each.path for each in timeline.voices] + [each.path for each in timeline.music]
    names = {str(path): f"{number:03}" for number, path in enumerate(paths)}
    sources: dict[str, PcmReader] = {}
    for path, name in names.items():
        scratch = folder / f"{name}.pcm"
        scratch.unlink(missing_ok=True)
        sources[name] = PcmReader(Pcm(scratch, *decode_sound(Path(path), scratch)))
    lengths = {name: source.length for name, source in sources.items()}
    plan = plan_sound(timeline, names, lengths)
    blocks = Mix(plan, sources).blocks(0, timeline.samples)
    return np.concatenate(list(blocks)).astype(np.float64)


def deviation_from_a_tone(signal: Signal, hertz: float) -> Signal:
    """How far each sample of the left channel is from the tone that fits best."""
    at = np.arange(len(signal)) / SAMPLE_RATE
    angle = 2 * np.pi * hertz * at
    waves = np.stack([np.sin(angle), np.cos(angle)], axis=1)
    fitted: Signal = waves @ np.linalg.lstsq(waves, signal[:, 0], rcond=None)[0]
    deviation: Signal = np.abs(signal[:, 0] - fitted)
    return deviation


def samples_of(path: Path) -> Signal:
    """All of a file's sound, one row a sample, -1 to 1."""
    resampler = av.AudioResampler(format="flt", layout="stereo", rate=SAMPLE_RATE)
    parts: list[npt.NDArray[Any]] = []
    with av.open(str(path)) as container:
        for frame in container.decode(audio=0):
            parts += [piece.to_ndarray() for piece in resampler.resample(frame)]
    parts += [piece.to_ndarray() for piece in resampler.resample(None)]
    return np.concatenate(parts, axis=1).reshape(-1, 2).astype(np.float64)


def frames_of(path: Path) -> list[npt.NDArray[np.uint8]]:
    """The luma of all pictures."""
    with av.open(str(path)) as container:
        height = container.streams.video[0].codec_context.height
        return [
            np.array(frame.to_ndarray(format="gray"), dtype=np.uint8)[:height]
            for frame in container.decode(video=0)
        ]


def picture_times(path: Path) -> list[Fraction]:
    """When each picture is shown."""
    with av.open(str(path)) as container:
        return [
            frame.pts * frame.time_base
            for frame in container.decode(video=0)
            if frame.pts is not None and frame.time_base is not None
        ]


def level_db(signal: Signal, hertz: float) -> float:
    """How strong one frequency is in a signal, in dBFS of its amplitude."""
    mono = signal.mean(axis=1)
    window = np.hanning(len(mono))
    at = np.arange(len(mono)) / SAMPLE_RATE
    part = np.abs(np.sum(mono * window * np.exp(-2j * np.pi * hertz * at))) * 2 / window.sum()
    return float(20 * np.log10(max(part, 1e-9)))


def boxes_of(path: Path) -> list[str]:
    """The top-level boxes of an MP4, in order."""
    data, position, names = path.read_bytes(), 0, []
    while position + 8 <= len(data):
        size = int.from_bytes(data[position : position + 4], "big")
        names.append(data[position + 4 : position + 8].decode("latin-1"))
        if size == 1:
            size = int.from_bytes(data[position + 8 : position + 16], "big")
        position += size
    return names


def left_in(folder: Path) -> list[str]:
    """The names of all that lies in a folder."""
    return sorted(path.name for path in folder.iterdir())


def renamed(path: Path, name: str) -> Path:
    """Give a file another name in its folder."""
    return path.rename(path.with_name(name))


def shorten(path: Path, count: int) -> None:
    """Cut bytes off a file's end."""
    path.write_bytes(path.read_bytes()[:-count])
