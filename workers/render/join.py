"""Joining finished films of one format, each with its lossless sound."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

from workers.render import audio
from workers.render.encoders import AUDIO_BITRATE
from workers.render.errors import RenderError
from workers.render.ffmpeg import Progress, guarded_input, run_ffmpeg
from workers.render.formats import SAMPLE_RATE
from workers.render.sound_request import Piece as Segment

__all__ = ["Segment", "join"]

# Divisible by every usual frame rate, so that each frame lasts a whole number of ticks.
_TIME_SCALE = "90000"


async def join(
    segments: Sequence[Segment], output: Path, *, progress: Progress | None = None
) -> None:
    """Join segments of one format: pictures are copied, the sound is encoded once.

    Encoded sound can't be copied: every piece of AAC begins with priming, which is heard as a
    hole. So the segments' lossless sounds are laid end to end and encoded as one.

    Raises:
        RenderError: there is nothing to join, a segment can't be read, or formats differ.
    """
    if not segments:
        raise RenderError("There are no segments to join; render at least one scene first.")
    with tempfile.TemporaryDirectory(prefix="backlot-join-") as name:
        folder = Path(name)
        whole = folder / "sound.flac"
        await audio.lay_end_to_end(segments, whole)
        names = []
        for number, segment in enumerate(segments):
            names.append(f"{number:05}.mp4")
            (folder / names[-1]).symlink_to(segment.video.absolute())
        (folder / "list.txt").write_text("".join(f"file {entry}\n" for entry in names))
        # Without -copyts ffmpeg would move the pictures by the priming of the segments' own sound.
        arguments = ["-copyts", *guarded_input("list.txt", "-f", "concat")]
        arguments += guarded_input(whole.name, "-f", "flac")
        arguments += ["-map", "0:v:0", "-map", "1:a:0", "-c:v", "copy", *_sound_settings()]
        await run_ffmpeg([*arguments, *_container()], output, folder=folder, progress=progress)


def _sound_settings() -> list[str]:
    return ["-c:a", "aac", "-b:a", AUDIO_BITRATE, "-ar", str(SAMPLE_RATE), "-ac", "2"]


def _container() -> list[str]:
    return [
        *("-map_metadata", "-1", "-video_track_timescale", _TIME_SCALE),
        *("-movflags", "+faststart", "-f", "mp4"),
    ]
