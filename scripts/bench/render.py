"""The renderer beside the naive way: an album of an hour, a swapped track, a captioned story.

The naive way is the usual one: ffmpeg loops a picture under a track, and the results are
concatenated. It is measured on two tracks and scaled, for all twenty would take an hour.
"""

import asyncio
import re
import subprocess
import tempfile
import time
import wave
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from typing import Final

import numpy as np
import psutil
from PIL import Image

from app.settings import Settings
from scripts.bench.report import Bar, Report, Unmeasured
from scripts.progress import ProgressReport
from workers.render.cache import FolderCache
from workers.render.ffmpeg import executable
from workers.render.formats import SAMPLE_RATE, frame_format
from workers.render.render import render
from workers.render.report import RenderProgress, RenderReport
from workers.render.timeline import (
    Caption,
    Chapter,
    Loudness,
    Motion,
    MotionName,
    MusicClip,
    Still,
    Timeline,
    Transition,
)

BARS: Final = (
    Bar("album_ratio", ">=", 40),
    Bar("album_s", "<=", 100),
    Bar("album_ssim_delta", ">=", 0),
    Bar("swap_ratio", "<=", 1 / 8),
    Bar("story_realtime", ">=", 1.5),
    Bar("caption_change_ratio", "<=", 1 / 4),
    Bar("album_mib", "<=", 1024),
    Bar("album_length_error_ms", "<=", 40),
    Bar("peak_memory_mib", "<=", 700),
)
CROSSFADE: Final = 2.0
NAIVE_TRACKS: Final = 2
MEBIBYTE: Final = 1024 * 1024
_SSIM: Final = re.compile(r"All:([\d.]+)")
_MOVES: Final[tuple[MotionName, ...]] = ("zoom_in", "pan_right", "zoom_out", "pan_left")


@dataclass(frozen=True, slots=True)
class Album:
    """Twenty tracks and pictures that make an hour, cross-fades taken off."""

    tracks: int = 20
    seconds: float = 3600

    @property
    def track_seconds(self) -> float:
        """How long each track is."""
        return (self.seconds + (self.tracks - 1) * CROSSFADE) / self.tracks

    @property
    def shorter(self) -> float:
        """By how much the track is shorter that takes another's place: what follows moves."""
        return self.track_seconds * 0.04


@dataclass(frozen=True, slots=True)
class Story:
    """A minute upright, a picture every five seconds and a caption every two."""

    seconds: int = 60
    shots: int = 12
    short_side: int = 1080


def measure(_: Settings) -> Report:
    """Measure in a folder of its own; needs no servers. It takes some ten minutes."""
    return Report("render", figures(Album(), Story()), BARS)


def measure_small(_: Settings) -> Report:
    """The same on some seconds, of which starting and joining take most: no bar is for these."""
    album, story = Album(tracks=3, seconds=12), Story(seconds=10, shots=2, short_side=360)
    return Report("render", figures(album, story), BARS)


def figures(album: Album, story: Story) -> dict[str, float]:
    """All figures of the bench."""
    folders = tempfile.TemporaryDirectory(prefix="backlot-bench-")
    with folders as name, ProgressReport("Measuring") as report:
        return asyncio.run(_figures(album, story, Path(name), _Steps(report)))


class _Steps:
    """Tells which step of the bench is on, and how far its render is."""

    NAMES = ("material", "album", "naive way", "likeness", "swap", "story", "caption")

    def __init__(self, report: ProgressReport) -> None:
        self._report = report
        self._name = ""

    def begin(self, name: str) -> None:
        """On to this step."""
        self._name = name
        self._report.tell(self.NAMES.index(name), len(self.NAMES), name)

    def rendering(self, progress: RenderProgress) -> None:
        """As the renderer tells it."""
        doing = f"{self._name} {progress.fraction:.0%}"
        self._report.tell(self.NAMES.index(self._name), len(self.NAMES), doing)


async def _figures(album: Album, story: Story, folder: Path, steps: _Steps) -> dict[str, float]:
    steps.begin("material")
    pictures = [_picture(folder / f"{n:02}.png", n) for n in range(album.tracks)]
    tracks = [_track(folder / f"{n:02}.wav", n, album.track_seconds) for n in range(album.tracks)]
    other = _track(folder / "other.wav", 99, album.track_seconds - album.shorter)
    cache = FolderCache(folder / "cache")
    film, tell = folder / "album.mp4", steps.rendering
    steps.begin("album")
    with _watching_memory() as peak:
        first = await render(_album(pictures, tracks, album), film, cache=cache, on_progress=tell)
    steps.begin("naive way")
    naive = _naive(pictures[:NAIVE_TRACKS], tracks[:NAIVE_TRACKS], folder)
    naive_seconds = naive * album.tracks / NAIVE_TRACKS
    steps.begin("likeness")
    delta = _ssim_delta(film, folder, pictures[:NAIVE_TRACKS], album)
    middle = album.tracks // 2
    changed = [*tracks[:middle], other, *tracks[middle + 1 :]]
    steps.begin("swap")
    swapped = await render(
        _album(pictures, changed, album, shorter={middle: album.shorter}),
        film,
        cache=cache,
        on_progress=tell,
    )
    told = await _story_figures(story, folder, pictures, steps)
    return {
        "naive_s": naive_seconds,
        "album_s": first.seconds,
        "album_ratio": naive_seconds / first.seconds,
        "album_ssim_delta": delta,
        "swap_s": swapped.seconds,
        "swap_ratio": swapped.seconds / first.seconds,
        **told,
        "album_mib": first.size_bytes / MEBIBYTE,
        "album_length_error_ms": abs(_length(first) - album.seconds) * 1000,
        "album_findings": len(first.findings),
        "peak_memory_mib": peak() / MEBIBYTE,
    }


def _length(report: RenderReport) -> float:
    return report.frames / report.fps


def _album(
    pictures: list[Path],
    tracks: list[Path],
    album: Album,
    shorter: dict[int, float] | None = None,
) -> Timeline:
    """Pictures that change with their tracks, both cross-faded; some tracks may be shorter."""
    lengths = [album.track_seconds - (shorter or {}).get(n, 0) for n in range(len(tracks))]
    starts = [sum(lengths[:n]) - n * CROSSFADE for n in range(len(tracks))]
    last = len(tracks) - 1
    return Timeline(
        format=frame_format("16:9", "premium", fps=25),
        shots=tuple(
            Still(
                image=picture,
                seconds=length - (CROSSFADE if n < last else 0),
                transition=Transition(kind="crossfade", seconds=CROSSFADE) if n else Transition(),
            )
            for n, (picture, length) in enumerate(zip(pictures, lengths, strict=True))
        ),
        music=tuple(
            MusicClip(
                path=track,
                start=start,
                seconds=length,
                loop=False,
                fade_in=CROSSFADE if n else 0,
                fade_out=CROSSFADE,
            )
            for n, (track, start, length) in enumerate(zip(tracks, starts, lengths, strict=True))
        ),
        loudness=Loudness(level="clip"),
        chapters=tuple(
            Chapter(start=start, title=f"Track {n + 1}") for n, start in enumerate(starts)
        ),
        title="Bench",
    )


async def _story_figures(
    story: Story, folder: Path, pictures: list[Path], steps: _Steps
) -> dict[str, float]:
    cache = FolderCache(folder / "story-cache")
    music = _track(folder / "story.wav", 7, story.seconds)
    out, tell = folder / "story.mp4", steps.rendering
    steps.begin("story")
    first = await render(_story(story, pictures, music), out, cache=cache, on_progress=tell)
    steps.begin("caption")
    other = {story.seconds // 5: "something else"}
    again = await render(_story(story, pictures, music, other), out, cache=cache, on_progress=tell)
    return {
        "story_s": first.seconds,
        "story_realtime": story.seconds / first.seconds,
        "caption_change_s": again.seconds,
        "caption_change_ratio": again.seconds / first.seconds,
    }


def _story(
    story: Story, pictures: list[Path], music: Path, other: dict[int, str] | None = None
) -> Timeline:
    """Pictures that move slowly, with cross-fades and captions."""
    each = story.seconds / story.shots
    return Timeline(
        format=frame_format("9:16", "standard", fps=30, short_side=story.short_side),
        shots=tuple(
            Still(
                image=pictures[n % len(pictures)],
                seconds=each,
                motion=Motion.named(_MOVES[n % len(_MOVES)]),
                transition=Transition(kind="crossfade", seconds=0.5) if n else Transition(),
            )
            for n in range(story.shots)
        ),
        music=(MusicClip(path=music),),
        captions=tuple(
            Caption(
                start=n * 2 + 0.2,
                end=n * 2 + 1.9,
                text=(other or {}).get(n, f"what is said at second {n * 2}"),
            )
            for n in range(story.seconds // 2)
        ),
    )


def _picture(path: Path, seed: int) -> Path:
    """Soft shapes with fine grain, as pictures that models paint have."""
    random = np.random.default_rng(seed)
    size = (1920, 1080)
    total = np.zeros((size[1], size[0], 3), dtype=np.float32)
    for cells in (4, 9, 20, 60, 200):
        grid = random.integers(0, 255, (cells, cells * 16 // 9, 3), dtype=np.uint8)
        layer = Image.fromarray(grid).resize(size, Image.Resampling.BICUBIC)
        total += np.asarray(layer, dtype=np.float32) / cells**0.5
    total -= total.min()
    total *= 235 / total.max()
    total += random.normal(0, 3, total.shape)
    Image.fromarray(np.clip(total, 0, 255).astype(np.uint8)).save(path)
    return path


def _track(path: Path, seed: int, seconds: float) -> Path:
    """Slowly beating chords over a little noise, as a 48 kHz WAV."""
    random = np.random.default_rng(seed)
    at = np.arange(round(seconds * SAMPLE_RATE), dtype=np.float64) / SAMPLE_RATE
    voices = enumerate(random.uniform(80, 2000, 8))
    sound = sum(
        np.sin(2 * np.pi * hertz * at) * (0.5 + 0.5 * np.sin(2 * np.pi * at / (n + 2.3)))
        for n, hertz in voices
    )
    mono = 0.06 * sound + random.normal(0, 0.01, len(at))
    stereo = np.stack([mono, np.roll(mono, 300)], axis=1)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes((np.clip(stereo, -1, 1) * 30_000).astype("<i2").tobytes())
    return path


def _naive(pictures: list[Path], tracks: list[Path], folder: Path) -> float:
    """Seconds that the naive way takes."""
    started = time.perf_counter()
    names = []
    for n, (picture, track) in enumerate(zip(pictures, tracks, strict=True)):
        names.append(f"naive{n}.mp4")
        _run(
            [
                *("-loop", "1", "-framerate", "25", "-i", str(picture), "-i", str(track)),
                *("-c:v", "libx264", "-preset", "medium", "-crf", "23", "-tune", "stillimage"),
                *("-pix_fmt", "yuv420p", "-c:a", "aac", "-b:a", "192k", "-shortest", names[-1]),
            ],
            folder,
        )
    (folder / "naive.txt").write_text("".join(f"file {name}\n" for name in names))
    _run(["-f", "concat", "-i", "naive.txt", "-c", "copy", "naive.mp4"], folder)
    return time.perf_counter() - started


def _run(arguments: list[str], folder: Path) -> str:
    command = [executable(), "-nostdin", "-hide_banner", "-nostats", "-y", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Unmeasured(f"ffmpeg failed: {done.stderr.strip().splitlines()[-1]}")
    return done.stderr


def _ssim_delta(film: Path, folder: Path, pictures: list[Path], album: Album) -> float:
    """How much nearer our stills are to their pictures; each film in its own colour matrix."""
    deltas = []
    for n, picture in enumerate(pictures):
        middle = n * (album.track_seconds - CROSSFADE) + album.track_seconds / 2
        ours = _ssim(film, middle, "bt709", picture, folder)
        naive = _ssim(folder / f"naive{n}.mp4", album.track_seconds / 2, "bt601", picture, folder)
        deltas.append(ours - naive)
    return min(deltas)


def _ssim(film: Path, seconds: float, matrix: str, picture: Path, folder: Path) -> float:
    graph = f"[0:v]scale=in_color_matrix={matrix},format=gbrp[a];[1:v]format=gbrp[b];[a][b]ssim"
    said = _run(
        [
            *("-ss", f"{seconds:.2f}", "-i", str(film), "-i", str(picture)),
            *("-frames:v", "1", "-lavfi", graph, "-f", "null", "-"),
        ],
        folder,
    )
    found = _SSIM.findall(said)
    if not found:
        raise Unmeasured("ffmpeg told no SSIM")
    return float(found[-1])


@contextmanager
def _watching_memory() -> Iterator[Callable[[], int]]:
    """The highest sum of memory of this process and its children, shared pages counted once."""
    own, ended, highest = psutil.Process(), Event(), [0]

    def watch() -> None:
        while not ended.wait(0.5):
            highest[0] = max(highest[0], _memory(own))

    thread = Thread(target=watch)
    thread.start()
    try:
        yield lambda: highest[0]
    finally:
        ended.set()
        thread.join()


def _memory(process: psutil.Process) -> int:
    total = 0
    for each in (process, *process.children(recursive=True)):
        try:
            total += each.memory_full_info().pss
        except psutil.Error:
            continue
    return total
