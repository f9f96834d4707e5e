import asyncio
import os
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import psutil
import pytest

from tests.workers.render import material
from workers.render.errors import RenderError
from workers.render.formats import SAMPLE_RATE, FrameFormat
from workers.render.render import frame_plan, pan, render
from workers.render.timeline import Caption, Motion, MusicBed, Shot, Timeline, VoiceClip


def renderers() -> list[psutil.Process]:
    """Child processes that draw or encode."""
    mine = psutil.Process().children(recursive=True)
    return [child for child in mine if any("frames" in p or "ffmpeg" in p for p in child.cmdline())]


async def test_a_scene_with_everything(
    tmp_path: Path, scratch: Path, picture: Path, voice: Path, music: Path
) -> None:
    other = material.plain(tmp_path / "other.png", (120, 120, 120))
    timeline = Timeline(
        format=material.SMALL,
        shots=(
            Shot(image=picture, seconds=1.21, motion=Motion.named("zoom_in")),
            Shot(image=other, seconds=1.2, crossfade=0.4),
        ),
        voices=(VoiceClip(path=voice, start=0.5),),
        music=MusicBed(path=music),
        captions=(Caption(start=0.5, end=1.5, text="Hello there"),),
        fade_in=0.2,
        fade_out=0.2,
    )
    heard: list[float] = []
    out = tmp_path / "out"
    out.mkdir()
    await render(timeline, out / "scene.mp4", progress=heard.append, sound=out / "scene.flac")
    assert material.left_in(out) == ["scene.flac", "scene.mp4"]
    assert not material.left_in(scratch)
    assert heard == sorted(heard)
    assert heard[-1] == 1.0

    names = material.boxes_of(out / "scene.mp4")
    assert names.index("moov") < names.index("mdat")
    with av.open(str(out / "scene.mp4")) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        context = video.codec_context
        assert (context.name, context.profile, context.pix_fmt) == ("h264", "High", "yuv420p")
        assert (context.width, context.height) == (320, 180)
        assert video.average_rate == 30
        assert (context.colorspace, context.color_primaries, context.color_trc) == (1, 1, 1)
        assert (audio.codec_context.name, audio.codec_context.sample_rate) == ("aac", SAMPLE_RATE)
        assert container.duration is not None
        assert container.duration / av.time_base == pytest.approx(timeline.duration, abs=0.04)
    assert len(material.samples_of(out / "scene.flac")) == timeline.samples == 72 * 1600
    times = material.picture_times(out / "scene.mp4")
    assert times == [n * (times[1] - times[0]) for n in range(72)]

    frames = material.frames_of(out / "scene.mp4")
    assert frames[0].max() < 30
    assert frames[-1].max() < 30
    assert abs(int(frames[36][90, 160]) - int(frames[60][90, 160])) > 3
    assert frames[60].std() < 1.5
    bottom = slice(140, 172)
    assert (frames[25][bottom] > 205).sum() > 10
    assert (frames[10][bottom] > 205).sum() == 0


async def test_captions_of_every_script_are_drawn(tmp_path: Path) -> None:
    grey = material.plain(tmp_path / "grey.png", (90, 90, 90), (640, 360))
    texts = ["Ünïcode", "Привет", "Γειά", "שלום", "مرحبا", "नमस्ते", "你好", "今日は", "안녕"]
    captions = tuple(
        Caption(start=n * 0.2, end=n * 0.2 + 0.2, text=text) for n, text in enumerate(texts)
    )
    timeline = Timeline(
        format=FrameFormat(width=640, height=360, preset="superfast", crf=12),
        shots=(Shot(image=grey, seconds=2.0, motion=Motion.named("still")),),
        captions=captions,
    )
    await render(timeline, tmp_path / "scripts.mp4")
    frames = material.frames_of(tmp_path / "scripts.mp4")
    drawn = [frames[n * 6 + 3] > 200 for n in range(len(texts))]
    assert all(letters.sum() > 40 for letters in drawn)
    for letters in drawn:
        columns = np.flatnonzero(letters.any(axis=0))
        assert abs(columns[0] + columns[-1] - 640) < 24
        assert np.flatnonzero(letters.any(axis=1))[-1] < 360 * 0.95
    for before, after in pairwise(drawn):
        assert (before != after).sum() > 40


async def test_a_clip_without_sound(tmp_path: Path, picture: Path) -> None:
    await pan(picture, 0.5, material.SMALL, tmp_path / "pan.mp4")
    with av.open(str(tmp_path / "pan.mp4")) as container:
        assert not container.streams.audio
    frames = material.frames_of(tmp_path / "pan.mp4")
    assert len(frames) == 15
    assert (frames[0].astype(int) != frames[-1]).mean() > 0.3


def test_crossfades_are_no_longer_than_their_shots(picture: Path) -> None:
    shots = (
        Shot(image=picture, seconds=1),
        Shot(image=picture, seconds=0.5, crossfade=3),
        Shot(image=picture, seconds=1, crossfade=0.5),
    )
    plan = frame_plan(Timeline(format=material.SMALL, shots=shots))["shots"]
    assert [shot["crossfade"] for shot in plan] == [0, 15, 15]
    assert [shot["tail"] for shot in plan] == [15, 15, 0]


async def test_cancelling_ends_the_processes_and_leaves_nothing(
    tmp_path: Path, scratch: Path, picture: Path
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    moving = Shot(image=picture, seconds=600, motion=Motion.named("pan_up"))
    timeline = Timeline(format=material.SMALL, shots=(moving,))
    begun = asyncio.Event()
    task = asyncio.create_task(
        render(timeline, out / "long.mp4", progress=lambda share: begun.set() if share else None)
    )
    await asyncio.wait_for(begun.wait(), 30)
    assert len(renderers()) == 2
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not renderers()
    assert not material.left_in(out)
    assert not material.left_in(scratch)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"#EXTM3U\n#EXTINF:9,\nfile:///etc/passwd\n", "is not a picture"),
        (b"ffconcat version 1.0\nfile /etc/passwd\n", "is not a picture"),
        (b"\x89PNG\r\n\x1a\n garbage", "can't be read"),
        (None, "can't be read: .*No such file"),
    ],
)
async def test_a_bad_picture_is_named_and_nothing_is_left(
    tmp_path: Path, scratch: Path, picture: Path, content: bytes | None, reason: str
) -> None:
    bad, out = tmp_path / "bad.png", tmp_path / "out"
    out.mkdir()
    if content is not None:
        bad.write_bytes(content)
    shots = (Shot(image=picture, seconds=0.3), Shot(image=bad, seconds=0.3))
    with pytest.raises(RenderError, match=f"bad.png {reason}"):
        await render(Timeline(format=material.SMALL, shots=shots), out / "scene.mp4")
    assert not material.left_in(out)
    assert not material.left_in(scratch)


async def test_a_missing_folder_is_said(tmp_path: Path, picture: Path) -> None:
    with pytest.raises(RenderError, match="nowhere"):
        await render(material.timeline(picture, 0.2), tmp_path / "nowhere" / "scene.mp4")


async def test_an_encoder_that_is_ended_from_outside_is_an_error(
    tmp_path: Path, picture: Path
) -> None:
    moving = Shot(image=picture, seconds=600, motion=Motion.named("pan_up"))
    timeline = Timeline(format=material.SMALL, shots=(moving,))

    def end_it(share: float) -> None:
        for child in renderers():
            if "ffmpeg" in Path(child.cmdline()[0]).name:
                os.kill(child.pid, 9)

    with pytest.raises(RenderError, match="ffmpeg failed: it was ended from outside"):
        await render(timeline, tmp_path / "long.mp4", progress=end_it)
    assert "long.mp4" not in material.left_in(tmp_path)
