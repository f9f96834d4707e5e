"""How a film or a sound is, in numbers: measured by decoding all of it once."""

import asyncio
import re
from asyncio.subprocess import Process
from collections.abc import Callable
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from workers.render.errors import RenderError, Unreadable
from workers.render.ffmpeg import executable, guarded_input
from workers.render.limits import MEDIA_FORMATS
from workers.render.probe import TechnicalData, probe
from workers.render.processes import running

_PICTURE = "blackdetect=d=0.02:pic_th=0.98:pix_th=0.06"
_SOUND = "silencedetect=noise=-60dB:d=0.3,volumedetect,ebur128=framelog=quiet"
_FACT = re.compile(
    r"(black_duration|silence_duration|mean_volume|max_volume|\bI): *(-?[\d.]+|-inf)"
)


class Quality(BaseModel):
    """What was measured; sound is None without sound, `black_ratio` without a picture.

    Ratios are shares of the duration. Black means that 98 % of the pixels are nearly black,
    silent means under -60 dBFS for at least 0.3 s. Volumes are dBFS (RMS and peak), loudness is
    integrated LUFS (EBU R 128).
    """

    model_config = ConfigDict(frozen=True)

    duration: float
    black_ratio: float | None = None
    silence_ratio: float | None = None
    mean_volume_db: float | None = None
    peak_db: float | None = None
    loudness_lufs: float | None = None


async def examine(path: Path) -> Quality:
    """Measure a film or a sound.

    Raises:
        Unreadable: it is not media that lasts.
        RenderError: it can't be decoded to its end.
    """
    facts = await probe(path)
    if facts.duration is None or facts.kind not in ("video", "audio"):
        raise Unreadable(f"{path.name} is neither a film nor a sound.")
    found: dict[str, list[float]] = {}
    command = await asyncio.to_thread(_command, path, facts)
    async with running(command) as process:
        last = await _read_facts(
            process, lambda name, value: found.setdefault(name, []).append(value)
        )
        if await process.wait():
            raise RenderError(f"{path.name} can't be decoded to its end: {last}")
    return _quality(facts.duration, facts.kind == "video", facts.audio_codec is not None, found)


def _command(path: Path, facts: TechnicalData) -> list[str]:
    command = [executable(), "-nostdin", "-hide_banner", "-loglevel", "info", "-nostats"]
    command += ["-xerror", *guarded_input(str(path.absolute()), formats=MEDIA_FORMATS)]
    if facts.kind == "video":
        command += ["-map", "0:v:0", "-vf", _PICTURE]
    if facts.audio_codec is not None:
        command += ["-map", "0:a:0", "-af", _SOUND]
    return [*command, "-f", "null", "-"]


async def _read_facts(process: Process, note: Callable[[str, float], None]) -> str:
    """Note every fact on stderr; returns its last line."""
    assert process.stderr is not None  # `running` always asks for the pipe
    last = ""
    async for raw in process.stderr:
        last = raw.decode(errors="replace").strip() or last
        for name, value in _FACT.findall(last):
            note(name, float(value))
    return last


def _quality(
    duration: float, has_picture: bool, has_sound: bool, found: dict[str, list[float]]
) -> Quality:
    def share(name: str) -> float:
        return min(1.0, sum(found.get(name, [])) / duration) if duration else 0.0

    def final(name: str) -> float | None:
        return found[name][-1] if name in found else None

    return Quality(
        duration=duration,
        black_ratio=share("black_duration") if has_picture else None,
        silence_ratio=share("silence_duration") if has_sound else None,
        mean_volume_db=final("mean_volume"),
        peak_db=final("max_volume"),
        loudness_lufs=final("I"),
    )
