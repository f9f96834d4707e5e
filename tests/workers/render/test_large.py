"""Frames of 4K, which take four times the memory of 1080p."""

from pathlib import Path

import pytest

from tests.workers.render import material
from workers.render.formats import FrameFormat, frame_format
from workers.render.render import render
from workers.render.timeline import Bars, Motion, MusicClip, Still, Timeline, Transition

ULTRA = FrameFormat(width=3840, height=2160, fps=25, preset="superfast", crf=28)


def test_a_short_side_of_2160_is_4k() -> None:
    assert frame_format("16:9", short_side=2160).resolution == ULTRA.resolution
    assert ULTRA.is_large
    assert not frame_format("9:16", short_side=1080).is_large


@pytest.mark.slow
async def test_stills_bars_moves_and_changes_fit_the_memory_of_a_render(
    tmp_path: Path, music: Path
) -> None:
    first = material.picture(tmp_path / "first.png", (1920, 1080), seed=1)
    second = material.picture(tmp_path / "second.png", (3840, 2160), seed=2)
    timeline = Timeline(
        format=ULTRA,
        shots=(
            Still(image=first, seconds=1),
            Still(
                image=second,
                seconds=1,
                motion=Motion.named("zoom_in"),
                transition=Transition(kind="crossfade", seconds=0.4),
            ),
        ),
        music=(MusicClip(path=music),),
        bars=Bars(),
    )
    report = await render(timeline, tmp_path / "ultra.mp4")
    assert report.ok, report.findings
    assert (report.resolution, report.frames) == ("3840x2160", 50)
    assert len(material.picture_times(tmp_path / "ultra.mp4")) == 50
