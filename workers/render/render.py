"""Rendering: a timeline to a film, a still to a moving clip, segments to a whole."""

import itertools
import json
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from workers.render import audio, fonts
from workers.render.burned_captions import to_ass
from workers.render.errors import RenderError
from workers.render.ffmpeg import Progress, guarded_input, partial_file, run_ffmpeg
from workers.render.formats import AUDIO_BITRATE, KEYFRAME_SECONDS, SAMPLE_RATE, FrameFormat
from workers.render.frames import FramePlan, PlannedShot
from workers.render.processes import python_module
from workers.render.sound_request import Piece as Segment
from workers.render.timeline import Motion, Shot, Timeline

__all__ = ["Segment", "join", "pan", "render"]

_BT709 = ["-color_range", "tv", "-colorspace", "bt709", "-color_primaries", "bt709"]
_BT709 += ["-color_trc", "bt709"]
# Divisible by every usual frame rate, so that each frame lasts a whole number of ticks.
_TIME_SCALE = "90000"


async def render(
    timeline: Timeline,
    output: Path,
    *,
    progress: Progress | None = None,
    sound: Path | None = None,
) -> None:
    """Render a timeline to an MP4 (H.264 and AAC, fast start).

    Args:
        timeline: what is seen and heard.
        output: the file to write; it appears whole or not at all.
        progress: called with the fraction that is done, 0 to 1.
        sound: where to keep the lossless sound (FLAC), which `join` needs.

    Raises:
        RenderError: an input can't be used, or a tool failed.
    """
    with tempfile.TemporaryDirectory(prefix="backlot-render-") as name:
        folder = Path(name)
        mixed = folder / "sound.flac"
        await audio.mix(timeline, mixed)
        await _encode(timeline, output, folder, sound=mixed, progress=progress)
        if sound is not None:
            async with partial_file(sound) as partial:
                shutil.copyfile(mixed, partial)


async def pan(
    image: Path,
    seconds: float,
    format: FrameFormat,
    output: Path,
    motion: Motion | None = None,
    *,
    progress: Progress | None = None,
) -> None:
    """Make a clip without sound that moves slowly over a still; by default it draws near.

    Raises:
        RenderError: the picture can't be used, or a tool failed.
    """
    shot = Shot(image=image, seconds=seconds, motion=motion or Motion.named("zoom_in"))
    with tempfile.TemporaryDirectory(prefix="backlot-render-") as name:
        timeline = Timeline(format=format, shots=(shot,))
        await _encode(timeline, output, Path(name), sound=None, progress=progress)


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


async def _encode(
    timeline: Timeline,
    output: Path,
    folder: Path,
    *,
    sound: Path | None,
    progress: Progress | None,
) -> None:
    """Draw and encode the pictures of a timeline, with its sound if there is one."""
    plan = folder / "plan.json"
    plan.write_text(json.dumps(frame_plan(timeline)), encoding="utf-8")
    format = timeline.format
    arguments = guarded_input(
        "pipe:0",
        *("-f", "rawvideo", "-pixel_format", "yuv420p"),
        *("-video_size", format.resolution, "-framerate", str(format.fps), *_BT709),
    )
    if sound is not None:
        arguments += guarded_input(sound.name, "-f", "flac")
    configuration, filters = None, _fades(timeline)
    if timeline.captions:
        families = {fonts.family_for(caption.text) for caption in timeline.captions}
        configuration = fonts.lay_out(folder, families)
        script = to_ass(timeline.captions, format)
        (folder / "captions.ass").write_text(script, encoding="utf-8")
        filters.insert(0, "ass=captions.ass")
    if filters:
        arguments += ["-vf", ",".join(filters)]
    arguments += _picture_settings(format, timeline.frames)
    if sound is not None:
        arguments += _sound_settings()
    await run_ffmpeg(
        [*arguments, *_container()],
        output,
        folder=folder,
        frames=timeline.frames,
        feeder=python_module("workers.render.frames", str(plan)),
        progress=progress,
        fonts=configuration,
    )


def frame_plan(timeline: Timeline) -> FramePlan:
    """A timeline's pictures in whole frames, for the process that draws them."""
    fps, cuts = timeline.format.fps, timeline.cuts
    lengths = [after - before for before, after in itertools.pairwise(cuts)]
    overlaps = [0] + [
        min(round(shot.crossfade * fps), length)
        for shot, length in zip(timeline.shots[1:], lengths[1:], strict=True)
    ]
    shots = [
        PlannedShot(
            image=str(shot.image.absolute()),
            start=shot.motion.start.edges,
            end=shot.motion.end.edges,
            smooth=shot.motion.easing == "smooth",
            frames=length,
            crossfade=overlap,
            tail=tail,
        )
        for shot, length, overlap, tail in zip(
            timeline.shots, lengths, overlaps, [*overlaps[1:], 0], strict=True
        )
    ]
    return FramePlan(width=timeline.format.width, height=timeline.format.height, shots=shots)


def _fades(timeline: Timeline) -> list[str]:
    fps, filters = timeline.format.fps, []
    if coming := min(round(timeline.fade_in * fps), timeline.frames):
        filters.append(f"fade=t=in:start_frame=0:nb_frames={coming}")
    if going := min(round(timeline.fade_out * fps), timeline.frames):
        filters.append(f"fade=t=out:start_frame={timeline.frames - going}:nb_frames={going}")
    return filters


def _picture_settings(format: FrameFormat, frames: int) -> list[str]:
    """H.264 whose pieces can be joined: closed groups, headers that don't depend on content."""
    return [
        *("-c:v", "libx264", "-preset", format.preset, "-crf", str(format.crf)),
        *("-profile:v", "high", "-pix_fmt", "yuv420p", *_BT709),
        *("-g", str(KEYFRAME_SECONDS * format.fps), "-x264-params", "stitchable=1:open-gop=0"),
        *("-fps_mode", "cfr", "-r", str(format.fps), "-frames:v", str(frames)),
    ]


def _sound_settings() -> list[str]:
    return ["-c:a", "aac", "-b:a", AUDIO_BITRATE, "-ar", str(SAMPLE_RATE), "-ac", "2"]


def _container() -> list[str]:
    return [
        *("-map_metadata", "-1", "-video_track_timescale", _TIME_SCALE),
        *("-movflags", "+faststart", "-f", "mp4"),
    ]
