from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workers.render import material
from workers.render.cache import FolderCache
from workers.render.errors import RenderError
from workers.render.film_plan import in_step, plan_film
from workers.render.formats import SAMPLE_RATE, FrameFormat
from workers.render.jobs import DecodeJob
from workers.render.join import Segment, join
from workers.render.mix import Mix
from workers.render.pcm import Pcm, PcmReader
from workers.render.render import render
from workers.render.samples import Samples
from workers.render.sound_job import decode
from workers.render.sound_plan import PACKET
from workers.render.timeline import MusicClip, Still, Timeline


async def rendered(timeline: Timeline, folder: Path, name: str) -> Segment:
    segment = Segment(folder / f"{name}.mp4", folder / f"{name}.flac")
    await render(timeline, segment.video, sound=segment.audio)
    return segment


def mixed(segments: Sequence[Segment], folder: Path) -> Samples:
    """The sound of the film that is joined of these, before it is encoded."""
    ends, readers = [], {}
    for number, segment in enumerate(segments):
        output = folder / f"{number}.pcm"
        facts = decode(DecodeJob(facts=folder / "facts", source=segment.audio, output=output))
        readers[str(number)] = PcmReader(Pcm(output, facts.length, facts.channels))
        ends.append((str(number), facts))
    blocks = [
        block
        for piece in plan_film(ends)
        for block in Mix(piece.mix, readers).blocks(0, piece.samples)
    ]
    return np.concatenate(blocks)[: sum(facts.length for _, facts in ends)]


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
    exact = mixed(segments, tmp_path)
    assert len(exact) == 3 * SAMPLE_RATE
    assert material.deviation_from_a_tone(exact.astype(np.float64), 330).max() < 0.001


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
    at = np.arange(2 * SAMPLE_RATE) / SAMPLE_RATE
    wave = 0.5 * np.cos(2 * np.pi * 100 * at)
    for number, sign in enumerate((1, -1)):
        file = material.sound(tmp_path / f"{number}.wav", sign * wave)
        bed = MusicClip(path=file, gain_db=0, fade_in=0, fade_out=0)
        timeline = material.timeline(picture, 0.5, music=(bed,))
        segments.append(await rendered(timeline, tmp_path, f"segment{number}"))
    await join(segments, tmp_path / "film.mp4")
    heard = material.samples_of(tmp_path / "film.mp4")[:, 0]
    exact = mixed(segments, tmp_path)[:, 0]
    seam = SAMPLE_RATE // 2
    assert np.abs(np.diff(heard[4800:-4800])).max() < 0.02
    meant, bent = np.concatenate([wave[:seam], -wave[:seam]]), SAMPLE_RATE // 200
    for part in (slice(4800, seam - bent - 100), slice(seam + bent + 100, 2 * seam - 4800)):
        assert exact[part] == pytest.approx(meant[part], abs=0.001)
        assert heard[part] == pytest.approx(meant[part], abs=0.06)


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


async def test_only_what_changed_is_encoded_again(tmp_path: Path, picture: Path) -> None:
    cache = FolderCache(tmp_path / "cache")
    segments = []
    for number in range(7):
        music = material.tone(tmp_path / f"{number}.wav", hertz=220 + number, seconds=9, level=0.5)
        bed = MusicClip(path=music, gain_db=0)
        seconds = in_step(3 + number / 10, material.SMALL)
        timeline = material.timeline(picture, seconds, music=(bed,))
        segments.append(await rendered(timeline, tmp_path, f"segment{number}"))
    assert await join(segments, tmp_path / "film.mp4", cache=cache) == (7, 0)
    assert await join(segments, tmp_path / "film.mp4", cache=cache) == (0, 7)
    before = material.samples_of(tmp_path / "film.mp4")

    longer = material.tone(tmp_path / "longer.wav", hertz=700, seconds=9, level=0.5)
    bed = MusicClip(path=longer, gain_db=0)
    timeline = material.timeline(picture, in_step(4.5, material.SMALL), music=(bed,))
    segments[2] = await rendered(timeline, tmp_path, "longer")
    # It and its neighbours, who hear it.
    assert await join(segments, tmp_path / "film.mp4", cache=cache) == (3, 4)
    after = material.samples_of(tmp_path / "film.mp4")
    assert len(after) > len(before)
    last = 8 * SAMPLE_RATE
    np.testing.assert_allclose(after[-last:], before[-last:], atol=1e-4)


async def test_a_sound_that_is_not_as_long_as_its_picture_is_named(
    tmp_path: Path, picture: Path
) -> None:
    segment = await rendered(material.timeline(picture, 1.0), tmp_path, "good")
    short = await rendered(material.timeline(picture, 0.5), tmp_path, "short")
    with pytest.raises(RenderError, match=r"short\.flac is not as long as its picture"):
        await join([segment, Segment(segment.video, short.audio)], tmp_path / "film.mp4")


@given(seconds=st.floats(0.1, 600), fps=st.sampled_from([24, 25, 30, 50, 60]))
def test_a_length_in_step_is_whole_frames_and_whole_packets(seconds: float, fps: int) -> None:
    format = FrameFormat(width=320, height=180, fps=fps)
    samples = round(in_step(seconds, format) * SAMPLE_RATE)
    assert samples % PACKET == samples % format.samples_per_frame == 0
    assert 0 <= samples - round(seconds * SAMPLE_RATE) < PACKET * format.samples_per_frame
