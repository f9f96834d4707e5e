"""Bars that move with the sound."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from tests.workers.render import material
from workers.render.bars import heights
from workers.render.cache import FolderCache
from workers.render.formats import SAMPLE_RATE
from workers.render.pcm import Pcm, PcmReader
from workers.render.picture_plan import PlannedBars
from workers.render.render import render
from workers.render.sound_plan import MixPlan, PlannedSound, seen_from
from workers.render.sources import decode_sound
from workers.render.timeline import Bars, Caption, MusicClip, Still, Timeline, Transition

FPS = material.SMALL.fps
STEP = 6
FOOT = slice(140, 172)


def bursts(path: Path, seconds: float) -> Path:
    """A tone of 440 Hz in the second half of every two seconds."""
    at = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return material.sound(path, 0.5 * np.sin(2 * np.pi * 440 * at) * (at % 2 >= 1))


def planned(whole: MixPlan, start: float, seconds: float) -> PlannedBars:
    first, last = round(start * SAMPLE_RATE), round((start + seconds) * SAMPLE_RATE)
    mix = seen_from(whole, first, last)
    return PlannedBars(mix=mix, step=STEP, count=32, height=0.2, opacity=1)


async def test_each_bar_rises_at_once_with_its_notes_and_falls_slowly(tmp_path: Path) -> None:
    scratch = tmp_path / "pcm"
    pcm = Pcm(scratch, *decode_sound(bursts(tmp_path / "bursts.wav", 8), scratch))
    sound = PlannedSound(role="music", source="x", start=0, length=8 * SAMPLE_RATE)
    whole, sources = MixPlan(sounds=(sound,)), {"x": PcmReader(pcm)}
    drawn = heights(planned(whole, 0, 8), sources, 8 * FPS, FPS)
    assert drawn.shape == (8 * FPS // STEP, 32)
    a_second = FPS // STEP
    assert drawn[: a_second - 1].max() == 0
    loud = drawn[a_second + 1]
    # 50 Hz to 12 kHz in 32 bands: 440 Hz is in the thirteenth.
    assert loud.argmax() == int(32 * np.log(440 / 50) / np.log(12_000 / 50))
    assert loud.max() > 0.8
    assert loud[-8:].max() < 0.3
    falling = drawn[2 * a_second : 3 * a_second - 1].max(axis=1)
    assert all(0 < before - after < 0.2 for before, after in pairwise(falling))
    later = heights(planned(whole, 3, 2), sources, 2 * FPS, FPS)
    assert later == pytest.approx(drawn[3 * a_second : 5 * a_second], abs=1e-5)


async def test_bars_are_drawn_at_their_own_pace_over_a_still(tmp_path: Path) -> None:
    grey = material.plain(tmp_path / "grey.png", (90, 90, 90))
    sound = bursts(tmp_path / "bursts.wav", 6)
    timeline = Timeline(
        format=material.SMALL,
        shots=(Still(image=grey, seconds=5.5),),
        music=(MusicClip(path=sound, fade_in=0, fade_out=0),),
        captions=(Caption(start=2, end=3, text="words"),),
        bars=Bars(count=32, height=0.2, opacity=1, a_second=5),
    )
    report = await render(timeline, tmp_path / "bars.mp4")
    assert report.ok, report.findings
    frames = [frame.astype(int) for frame in material.frames_of(tmp_path / "bars.mp4")]
    assert len(frames) == report.frames == 165
    assert len(material.picture_times(tmp_path / "bars.mp4")) == 165
    lit = [int((frame[FOOT] > 200).sum()) for frame in frames]
    assert max(lit[:24]) < min(lit[36:54]) / 2
    changes = [n for n in range(1, 60) if np.abs(frames[n] - frames[n - 1]).mean() > 0.1]
    assert changes
    assert all(change % STEP == 0 for change in changes)
    # The first burst begins at 1 s; a look shows what is heard around its first frame.
    assert changes[0] in (24, 30)
    assert np.abs(frames[20][:130] - frames[40][:130]).mean() < 1


async def test_a_change_of_sound_draws_only_its_own_bars_anew(tmp_path: Path) -> None:
    stills = [material.picture(tmp_path / f"{n}.png", seed=n) for n in range(2)]
    sounds = [
        material.tone(tmp_path / f"{hertz}.wav", hertz=hertz, seconds=30, level=0.3)
        for hertz in (330, 440, 550)
    ]
    cache = FolderCache(tmp_path / "cache")

    def album(second: Path) -> Timeline:
        return Timeline(
            format=material.SMALL,
            shots=(
                Still(image=stills[0], seconds=28),
                Still(
                    image=stills[1],
                    seconds=30,
                    transition=Transition(kind="crossfade", seconds=2),
                ),
            ),
            music=(
                MusicClip(path=sounds[0], seconds=30, fade_out=2, loop=False),
                MusicClip(path=second, start=28, seconds=30, fade_in=2, loop=False),
            ),
            bars=Bars(),
            loudness=None,
        )

    first = await render(album(sounds[1]), tmp_path / "first.mp4", cache=cache)
    again = await render(album(sounds[1]), tmp_path / "again.mp4", cache=cache)
    assert (again.encoded, again.reused) == (0, first.encoded)
    assert first.frames == 58 * FPS
    changed = await render(album(sounds[2]), tmp_path / "changed.mp4", cache=cache)
    assert changed.ok, changed.findings
    # Two stretches of the first track out of reach of the change, and its sound, are kept.
    assert changed.reused >= 3
    assert changed.encoded < first.encoded
