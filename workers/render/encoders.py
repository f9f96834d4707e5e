"""Which encoder makes the pictures, and with what settings.

A graphics card is used where one is there and passes a trial; otherwise libx264, and the report
says why.
"""

import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

from workers.render.ffmpeg import executable
from workers.render.picture_plan import PicturePlan

BT709 = ["-color_range", "tv", "-colorspace", "bt709", "-color_primaries", "bt709"]
BT709 += ["-color_trc", "bt709"]
AUDIO_BITRATE = "192k"
SOFTWARE = "libx264"

# The same for every segment, whatever the preset, so that all have the same headers and can be
# joined: no B-frames (a still's group can then be cut after any picture), closed groups.
_JOINABLE = "bframes=0:ref=2:weightp=1:8x8dct=1:cabac=1:stitchable=1:open-gop=0:keyint=infinite"
# A picture that stands still is worth nothing but its key picture: no look ahead, no search.
_STANDING = "mbtree=0:rc-lookahead=0:scenecut=0:me=dia:subme=0"
_MOVING = "rc-lookahead=10"
# What the fastest presets leave out and slow moves gain by: as like the original as with `veryfast`
# and hardly larger, in two thirds of the time.
_MOVING_FAST = ":mbtree=1"
_MOVING_LARGE = "rc-lookahead=0:sync-lookahead=0:mbtree=0"
"""Each frame ahead takes x264 40 MiB at 4K."""
# Where pictures blend, hardly anything has moved that a search could find: less time, and no less
# like the original.
_BLENDING = ":me=dia:subme=1"
# What a transition is encoded with at most: it is seen for a moment, and blends of grain are dear.
_TRANSITION_PRESET = "veryfast"
_FASTEST = ("ultrafast", "superfast")
_FASTER = (*_FASTEST, "veryfast")
_TRIAL_SECONDS = 20

_DEVICES: Mapping[str, tuple[str, ...]] = {
    "h264_nvenc": ("/dev/nvidia0", "/dev/dxg"),
    "h264_qsv": ("/dev/dri/renderD128",),
}
# Constant quality, no B-frames, every segment one closed group.
_HARDWARE: Mapping[str, tuple[str, ...]] = {
    "h264_nvenc": ("-preset", "p5", "-rc", "vbr", "-b:v", "0", "-cq"),
    "h264_qsv": ("-preset", "medium", "-global_quality"),
}


class Encoder(NamedTuple):
    """An encoder by ffmpeg's name; `reason` says why no hardware is used."""

    name: str
    reason: str | None = None


@cache
def best_encoder() -> Encoder:
    """The encoder of this machine, found out once."""
    reasons: list[str] = []
    for name, devices in _DEVICES.items():
        if not any(Path(device).exists() for device in devices):
            reasons.append(f"{name}: there is no {devices[0]}")
        elif words := _trial(name):
            reasons.append(f"{name}: {words}")
        else:
            return Encoder(name)
    return Encoder(SOFTWARE, "; ".join(reasons))


def _trial(name: str) -> str:
    """Why an encoder does not work; empty if it does."""
    source = ["-f", "lavfi", "-i", "color=size=640x360:rate=25:duration=0.2"]
    command = [executable(), "-nostdin", "-loglevel", "error", *source]
    command += ["-c:v", name, "-bf", "0", "-f", "null", "-"]
    try:
        done = subprocess.run(
            command, capture_output=True, timeout=_TRIAL_SECONDS, check=False, text=True
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return type(error).__name__
    lines = done.stderr.strip().splitlines()
    return (lines or ["it failed without a word"])[0] if done.returncode else ""


def picture_settings(encoder: str, plan: PicturePlan) -> list[str]:
    """How a segment is encoded: a still's group, or moving pictures."""
    format, preset = plan.format, plan.format.preset
    if (plan.transition is not None or plan.blends) and preset not in _FASTER:
        preset = _TRANSITION_PRESET
    common = ["-profile:v", "high", "-pix_fmt", "yuv420p", *BT709]
    quality = format.still_qp if plan.stands else format.crf
    if encoder != SOFTWARE:
        group = ["-bf", "0", "-g", "100000", "-c:v", encoder]
        return [*group, *_HARDWARE[encoder], str(quality), *common]
    threads = ["-threads", "1"]  # as many segments are encoded at once as there are cores
    if plan.stands:
        return [
            *("-c:v", SOFTWARE, "-preset", "superfast", "-tune", "stillimage"),
            *("-qp", str(quality), "-x264-params", f"{_JOINABLE}:{_STANDING}"),
            *(*common, *threads),
        ]
    moving = _MOVING_LARGE if format.is_large else _MOVING
    if preset in _FASTEST and not format.is_large:
        moving += _MOVING_FAST
    search = _BLENDING if plan.blends else ""
    return [
        *("-c:v", SOFTWARE, "-preset", preset, "-crf", str(quality)),
        *("-x264-params", f"{_JOINABLE}:{moving}{search}", *common, *threads),
    ]


def sound_settings() -> list[str]:
    """AAC by the coder that ffmpeg's manual calls better and faster at high rates."""
    return ["-c:a", "aac", "-aac_coder", "fast", "-b:a", AUDIO_BITRATE, "-ar", "48000", "-ac", "2"]
