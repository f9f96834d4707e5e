from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from tests.workers.render import material
from workers.render.audio import lay_end_to_end
from workers.render.errors import RenderError
from workers.render.formats import SAMPLE_RATE, FrameFormat
from workers.render.join import Segment, join
from workers.render.render import render
from workers.render.timeline import MusicClip, Still, Timeline


async def rendered(timeline: Timeline, folder: Path, name: str) -> Segment:
    segment = Segment(folder / f"{name}.mp4", folder / f"{name}.flac")
    await render(timeline, segment.video, sound=segment.audio)
    return segment


async def test_segments_join_without_gap_or_click(tmp_path: Path) -> None:
    music = material.tone(tmp_path / "music.wav", hertz=330, seconds=9, level=0.5)
    lengths, segments, elapsed = (1.0, 0.7, 1.3), [], 0.0
    for number, seconds in enumerate(lengths):
        shade = 60 + 60 * number
        image = material.plain(tmp_path / f"{number}.png", (shade, shade, shade))
        bed = MusicClip(path=music, gain_db=0, fade_in=0, fade_out=0, offset=elapsed)
        timeline = material.timeline(image, seconds, music=(bed,))
        segments.append(await rendered(timeline, tmp_path, f"segment{number}"))
        elapsed += seconds
    await join(segments, tmp_path / "film.mp4")

    assert material.boxes_of(tmp_path / "film.mp4").index("moov") < 2
    times = material.picture_times(tmp_path / "film.mp4")
    assert len(times) == 90
    assert {after - before for before, after in pairwise(times)} == {times[1] - times[0]}
    assert times[0] == 0
    frames = material.frames_of(tmp_path / "film.mp4")
    shades = [float(np.mean(frame)) for frame in frames]
    assert [n for n in range(1, 90) if abs(shades[n] - shades[n - 1]) > 20] == [30, 51]

    heard = material.samples_of(tmp_path / "film.mp4")
    assert abs(len(heard) - 3 * SAMPLE_RATE) <= 0.04 * SAMPLE_RATE
    rough = material.deviation_from_a_tone(heard[: 3 * SAMPLE_RATE], 330)
    seams = np.concatenate([rough[cut - 2400 : cut + 2400] for cut in (48_000, 81_600)])
    assert rough[12_000:-12_000].max() < 0.03  # what AAC does to a tone
    assert seams.max() <= rough[12_000:-12_000].max()
    await lay_end_to_end(segments, tmp_path / "whole.flac")
    exact = material.samples_of(tmp_path / "whole.flac")
    assert len(exact) == 3 * SAMPLE_RATE
    assert material.deviation_from_a_tone(exact, 330).max() < 0.001


async def test_sound_stays_with_its_picture(tmp_path: Path) -> None:
    segments = []
    for number in range(4):
        flash = material.plain(tmp_path / f"flash{number}.png", (230, 230, 230))
        dark = material.plain(tmp_path / f"dark{number}.png", (30, 30, 30))
        at = np.arange(round(0.1 * SAMPLE_RATE)) / SAMPLE_RATE
        beep = material.sound(tmp_path / f"beep{number}.wav", 0.5 * np.sin(2 * np.pi * 1000 * at))
        shots = (Still(image=dark, seconds=0.5), Still(image=flash, seconds=0.2))
        timeline = material.timeline(dark, voices=[{"path": beep, "start": 0.5}])
        timeline = timeline.model_copy(update={"shots": shots})
        segments.append(await rendered(timeline, tmp_path, f"segment{number}"))
    await join(segments, tmp_path / "film.mp4")
    frames = material.frames_of(tmp_path / "film.mp4")
    flashes = [
        n / 30 for n in range(1, len(frames)) if frames[n].mean() > frames[n - 1].mean() + 99
    ]
    loud = np.abs(material.samples_of(tmp_path / "film.mp4")[:, 0]) > 0.1
    quiet_before = np.convolve(loud, np.ones(4800))[: len(loud)] <= 1
    beeps = np.flatnonzero(loud & quiet_before) / SAMPLE_RATE
    assert len(flashes) == len(beeps) == 4
    assert np.abs(np.array(flashes) - beeps).max() < 1 / 30


async def test_a_jump_between_sounds_is_smoothed(tmp_path: Path, picture: Path) -> None:
    segments = []
    for number, level in enumerate((0.5, -0.5)):
        constant = material.sound(tmp_path / f"{number}.wav", np.full(SAMPLE_RATE, level))
        bed = MusicClip(path=constant, gain_db=0, fade_in=0, fade_out=0)
        timeline = material.timeline(picture, 0.5, music=(bed,))
        segments.append(await rendered(timeline, tmp_path, f"segment{number}"))
    await join(segments, tmp_path / "film.mp4")
    heard = material.samples_of(tmp_path / "film.mp4")[4800:-4800, 0]
    assert np.abs(np.diff(heard)).max() < 0.02
    assert heard[0] == pytest.approx(0.5, abs=0.02)
    assert heard[-1] == pytest.approx(-0.5, abs=0.02)


async def test_different_formats_are_refused(tmp_path: Path, picture: Path) -> None:
    first = material.timeline(picture, 0.2)
    larger = FrameFormat(width=352, height=198, preset="superfast", crf=20)
    second = first.model_copy(update={"format": larger})
    segments = [
        await rendered(first, tmp_path, "first"),
        await rendered(second, tmp_path, "second"),
    ]
    with pytest.raises(RenderError, match=r"second\.mp4 has another size"):
        await join(segments, tmp_path / "film.mp4")
    assert "film.mp4" not in material.left_in(tmp_path)


async def test_bad_segments_are_named(tmp_path: Path, picture: Path) -> None:
    with pytest.raises(RenderError, match="no segments"):
        await join([], tmp_path / "film.mp4")
    good = await rendered(material.timeline(picture, 0.2), tmp_path, "good")
    playlist = tmp_path / "bad.mp4"
    playlist.write_text("#EXTM3U\n#EXTINF:9,\nfile:///etc/passwd\n")
    for segment, name in (
        (Segment(playlist, good.audio), "bad.mp4"),
        (Segment(good.video, playlist), "bad.mp4"),
    ):
        with pytest.raises(RenderError, match=f"{name} can't be read"):
            await join([good, segment], tmp_path / "film.mp4")
