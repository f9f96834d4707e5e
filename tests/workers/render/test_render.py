import asyncio
import os
import resource
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import psutil
import pytest
from PIL import Image

from tests.workers.render import material
from workers.render import sound_plan
from workers.render.cache import FolderCache
from workers.render.errors import RenderError
from workers.render.formats import SAMPLE_RATE, FrameFormat
from workers.render.render import pan, render
from workers.render.report import RenderProgress
from workers.render.timeline import (
    Caption,
    CaptionStyle,
    Chapter,
    Clip,
    Logo,
    Loudness,
    Motion,
    MusicClip,
    SoundEffect,
    Still,
    TextOverlay,
    Timeline,
    Transition,
    VoiceClip,
    Word,
)


def renderers() -> list[psutil.Process]:
    """Child processes that draw or encode."""
    mine = psutil.Process().children(recursive=True)
    return [child for child in mine if any("segment" in p or "ffmpeg" in p for p in cmdline(child))]


def cmdline(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def crossfade(seconds: float) -> Transition:
    return Transition(kind="crossfade", seconds=seconds)


async def test_a_scene_with_everything(
    tmp_path: Path, scratch: Path, picture: Path, voice: Path, music: Path
) -> None:
    other = material.plain(tmp_path / "other.png", (120, 120, 120))
    timeline = Timeline(
        format=material.SMALL,
        shots=(
            Still(image=picture, seconds=1.21, motion=Motion.named("zoom_in")),
            Still(image=other, seconds=1.2, transition=crossfade(0.4)),
        ),
        voices=(VoiceClip(path=voice, start=0.5),),
        effects=(SoundEffect(path=voice, start=1.2, gain_db=-20),),
        music=(MusicClip(path=music, gain_db=-14),),
        captions=(Caption(start=0.5, end=1.5, text="Hello there"),),
        chapters=(Chapter(start=0, title="Dawn"), Chapter(start=1.2, title="Düne")),
        title="A scene",
        fade_in=0.2,
        fade_out=0.2,
    )
    told: list[RenderProgress] = []
    out = tmp_path / "out"
    out.mkdir()
    report = await render(
        timeline, out / "scene.mp4", on_progress=told.append, sound=out / "scene.flac"
    )
    assert material.left_in(out) == ["scene.flac", "scene.mp4"]
    assert not material.left_in(scratch)
    fractions = [each.fraction for each in told]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    assert told[-1].seconds_left == 0
    assert report.ok, report.findings
    assert report.loudness_lufs == pytest.approx(-14, abs=1)
    assert report.encoded == len(report.commands) > 3
    assert all(command.startswith("ffmpeg ") for command in report.commands)
    assert report.encoder_reason or report.encoder != "libx264"

    names = material.boxes_of(out / "scene.mp4")
    assert names == ["ftyp", "moov", "mdat"]
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
        assert container.metadata["title"] == "A scene"
        chapters = [chapter["metadata"]["title"] for chapter in container.chapters()]
        assert chapters == ["Dawn", "Düne"]
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
    texts = ["Ünïcode", "Привет", "Γειά", "שלום", "مرحبا", "नमस्ते", "你好", "今日は", "안녕", "★❤☀"]
    texts += ["বাংলা", "தமிழ்", "አማርኛ", "ខ្មែរ", "\N{GRINNING FACE}", "\N{THUMBS UP SIGN}"]
    captions = tuple(
        Caption(start=n * 0.2, end=n * 0.2 + 0.2, text=text) for n, text in enumerate(texts)
    )
    timeline = Timeline(
        format=FrameFormat(width=640, height=360, preset="superfast", crf=12),
        shots=(Still(image=grey, seconds=len(texts) * 0.2),),
        captions=captions,
        caption_style=CaptionStyle(scale=1.5),
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


async def test_emoji_of_many_characters_are_one_picture(tmp_path: Path) -> None:
    grey = material.plain(tmp_path / "grey.png", (90, 90, 90), (640, 360))
    joined = {
        "\N{GRINNING FACE}": "\N{GRINNING FACE}\U0001f6d8",  # the other one is in no font
        "\N{THUMBS UP SIGN}": "\N{THUMBS UP SIGN}\U0001f3fd",
        "\N{SHRUG}": "\N{SHRUG}\u200d\N{FEMALE SIGN}\ufe0f",
        "\N{FAMILY}": "\N{MAN}\u200d\N{WOMAN}\u200d\N{GIRL}\u200d\N{BOY}",
        "\N{WAVING WHITE FLAG}": "\N{WAVING WHITE FLAG}\ufe0f\u200d\N{RAINBOW}",
        "\N{WHITE SQUARE BUTTON}": "7\ufe0f\u20e3",
    }
    texts = [text for pair in joined.items() for text in pair]
    timeline = Timeline(
        format=FrameFormat(width=640, height=360, preset="superfast", crf=12),
        shots=(Still(image=grey, seconds=len(texts) * 0.2),),
        captions=tuple(
            Caption(start=n * 0.2, end=n * 0.2 + 0.2, text=text) for n, text in enumerate(texts)
        ),
        caption_style=CaptionStyle(scale=2),
    )
    await render(timeline, tmp_path / "emoji.mp4")
    frames = material.frames_of(tmp_path / "emoji.mp4")
    drawn = [frames[n * 6 + 3] > 180 for n in range(len(texts))]
    widths = [np.ptp(np.flatnonzero(letters.any(axis=0))) for letters in drawn]
    assert all(letters.sum() > 40 for letters in drawn)
    for alone, together in zip(widths[::2], widths[1::2], strict=True):
        assert 0.7 * alone < together < 1.4 * alone


async def test_words_light_up_and_titles_and_logos_are_where_they_belong(tmp_path: Path) -> None:
    dark = material.plain(tmp_path / "dark.png", (40, 40, 40), (640, 360))
    Image.new("RGBA", (50, 50), (255, 255, 255, 255)).save(tmp_path / "logo.png")
    words = (Word(text="one", start=0.0, end=0.5), Word(text="two", start=0.5, end=1.0))
    timeline = Timeline(
        format=FrameFormat(width=640, height=360, preset="superfast", crf=12),
        shots=(Still(image=dark, seconds=2.0),),
        captions=(Caption(start=0, end=1, text="one two", words=words),),
        caption_style=CaptionStyle(karaoke=True, colour="#FFFFFF", highlight="#0000FF"),
        texts=(TextOverlay(start=1.2, end=2, text="Title", place="top"),),
        logo=Logo(image=tmp_path / "logo.png", corner="top_left", width=0.1),
    )
    report = await render(timeline, tmp_path / "texts.mp4")
    assert report.ok, report.findings
    frames = material.frames_of(tmp_path / "texts.mp4")
    assert all(frame[30, 30] > 200 for frame in frames[::10])
    left, right = frames[6][270:, :320] > 200, frames[6][270:, 320:] > 200
    assert right.sum() > 3 * left.sum()  # the first word is blue by now, and blue is dark
    assert (frames[25][270:] > 200).sum() < right.sum() / 3
    assert (frames[45][:120, 150:] > 200).sum() > 100
    assert (frames[36][:120, 150:] > 200).sum() < (frames[45][:120, 150:] > 200).sum()


@pytest.mark.parametrize("kind", ["fade", "crossfade", "slide", "zoom", "whip_pan"])
async def test_transitions_lead_from_one_picture_to_the_other(tmp_path: Path, kind: str) -> None:
    dark = material.plain(tmp_path / "dark.png", (60, 60, 60))
    light = material.plain(tmp_path / "light.png", (200, 200, 200))
    how = Transition.model_validate({"kind": kind, "seconds": 0.5})
    shots = (Still(image=dark, seconds=0.5), Still(image=light, seconds=1, transition=how))
    timeline = Timeline(format=material.SMALL, shots=shots)
    report = await render(timeline, tmp_path / "change.mp4")
    assert report.ok, report.findings
    means = [float(frame.mean()) for frame in material.frames_of(tmp_path / "change.mp4")]
    assert len(means) == 45
    assert max(means[:15]) - min(means[:15]) < 2
    assert max(means[31:]) - min(means[31:]) < 2
    middle = means[22]
    assert middle < means[0] if kind == "fade" else means[0] + 20 < middle < means[-1] - 20


async def test_a_clip_is_trimmed_and_heard_and_its_last_frame_stays(
    tmp_path: Path, voice: Path
) -> None:
    shades = (60, 120, 200)
    shots = tuple(
        Still(image=material.plain(tmp_path / f"{shade}.png", (shade,) * 3), seconds=0.4)
        for shade in shades
    )
    source = Timeline(
        format=FrameFormat(width=352, height=288, fps=25, preset="superfast"),
        shots=shots,
        voices=(VoiceClip(path=voice, start=0),),
        loudness=None,
    )
    await render(source, tmp_path / "source.mp4")
    clip = Clip(video=tmp_path / "source.mp4", begin=0.4, seconds=1.2)
    timeline = Timeline(format=material.SMALL, shots=(clip,), loudness=None)
    await render(timeline, tmp_path / "clip.mp4")
    means = [float(frame.mean()) for frame in material.frames_of(tmp_path / "clip.mp4")]
    assert len(means) == 36
    jumps = [n for n in range(1, 36) if abs(means[n] - means[n - 1]) > 20]
    assert jumps == pytest.approx([12], abs=1)
    heard = material.samples_of(tmp_path / "clip.mp4")
    assert material.level_db(heard[4800:19_200], 600) == pytest.approx(-6, abs=0.7)
    assert np.abs(heard[-9600:]).max() < 0.001


async def test_only_what_changed_is_encoded_again(
    tmp_path: Path, picture: Path, music: Path
) -> None:
    cache = FolderCache(tmp_path / "cache")
    stills = [material.picture(tmp_path / f"{n}.png", seed=n) for n in range(3)]
    shots = tuple(
        Still(image=still, seconds=12, transition=crossfade(0.5) if n else Transition())
        for n, still in enumerate(stills)
    )
    captions = tuple(Caption(start=n * 3, end=n * 3 + 2, text=f"at {n}") for n in range(11))
    timeline = Timeline(
        format=material.SMALL, shots=shots, captions=captions, music=(MusicClip(path=music),)
    )
    first = await render(timeline, tmp_path / "first.mp4", cache=cache)
    again = await render(timeline, tmp_path / "again.mp4", cache=cache)
    assert (again.encoded, again.reused) == (0, first.encoded)
    assert again.commands == first.commands
    assert (tmp_path / "again.mp4").read_bytes() == (tmp_path / "first.mp4").read_bytes()
    other = captions[5].model_copy(update={"text": "another"})
    changed = timeline.model_copy(update={"captions": (*captions[:5], other, *captions[6:])})
    assert (await render(changed, tmp_path / "changed.mp4", cache=cache)).encoded == 1
    later = timeline.model_copy(
        update={
            "shots": (Still(image=picture, seconds=1.2), *shots),
            "captions": tuple(
                each.model_copy(update={"start": each.start + 1.2, "end": each.end + 1.2})
                for each in captions
            ),
            "music": (),
        }
    )
    moved = await render(later, tmp_path / "moved.mp4", cache=cache)
    assert moved.encoded == 1
    assert moved.ok, moved.findings


async def test_the_same_picture_and_sound_may_come_again_and_again(
    tmp_path: Path, picture: Path, music: Path
) -> None:
    timeline = Timeline(
        format=material.SMALL,
        shots=tuple(Still(image=picture, seconds=4) for _ in range(3)),
        music=tuple(
            MusicClip(path=music, start=start, seconds=4, loop=False) for start in (0.0, 4.0, 8.0)
        ),
        loudness=Loudness(level="clip"),
    )
    cache = FolderCache(tmp_path / "cache")
    first = await render(timeline, tmp_path / "first.mp4", cache=cache)
    again = await render(timeline, tmp_path / "again.mp4", cache=cache)
    assert (again.encoded, again.reused) == (0, first.encoded + first.reused)
    assert first.duration == again.duration == pytest.approx(12, abs=0.04)


async def test_an_album_is_seamless_and_a_swap_leaves_the_other_tracks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sound_plan, "_LONGEST_PIECE", 10 * SAMPLE_RATE)
    stills = [material.picture(tmp_path / f"{n}.png", seed=n) for n in range(3)]
    tracks = [
        material.tone(tmp_path / f"{hertz}.wav", hertz=hertz, seconds=27, level=0.3, channels=2)
        for hertz in (330, 440, 550)
    ]
    other = material.tone(tmp_path / "other.wav", hertz=495, seconds=16, level=0.3, channels=2)
    cache = FolderCache(tmp_path / "cache")

    def album(middle: Path, length: float) -> Timeline:
        lengths = (26.0, length, 12.0)
        starts = (0.0, 24.0, 22.0 + length)
        return Timeline(
            format=material.SMALL,
            shots=tuple(
                Still(
                    image=still,
                    seconds=seconds - (2 if n < 2 else 0),
                    transition=crossfade(2) if n else Transition(),
                )
                for n, (still, seconds) in enumerate(zip(stills, lengths, strict=True))
            ),
            music=tuple(
                MusicClip(
                    path=path,
                    start=start,
                    seconds=seconds,
                    fade_in=2 if n else 0,
                    fade_out=2 if n < 2 else 0,
                    loop=False,
                )
                for n, (path, start, seconds) in enumerate(
                    zip((tracks[0], middle, tracks[2]), starts, lengths, strict=True)
                )
            ),
            loudness=Loudness(level="clip"),
        )

    first = await render(album(tracks[1], 17.0), tmp_path / "album.mp4", cache=cache)
    assert first.ok, first.findings
    heard = material.samples_of(tmp_path / "album.mp4")
    assert abs(len(heard) - first.duration * SAMPLE_RATE) <= 0.04 * SAMPLE_RATE
    assert first.loudness_lufs == pytest.approx(-14, abs=0.3)
    body = heard[4800 : 23 * SAMPLE_RATE]  # holds the seams of three pieces of one track
    assert material.deviation_from_a_tone(body, 330).max() < 0.01
    steepest = 2 * np.pi * 550 * np.abs(body).max() / SAMPLE_RATE
    # Where two tracks sound at once, the sum is louder and so steeper, but nothing leaps.
    assert np.abs(np.diff(heard[4800:-4800], axis=0)).max() < 1.5 * steepest
    levels = [np.abs(heard[n : n + 4800]).max() for n in range(0, len(heard) - 9600, 4800)]
    assert min(levels) > 0.5 * max(levels)

    swapped = await render(album(other, 15.9), tmp_path / "swapped.mp4", cache=cache)
    assert swapped.ok, swapped.findings
    # The track between its cross-fades, both cross-fades, and the end, which no packet fits.
    assert swapped.encoded == 4


async def test_a_clip_without_sound(tmp_path: Path, picture: Path) -> None:
    await pan(picture, 0.5, material.SMALL, tmp_path / "pan.mp4")
    with av.open(str(tmp_path / "pan.mp4")) as container:
        assert not container.streams.audio
    frames = material.frames_of(tmp_path / "pan.mp4")
    assert len(frames) == 15
    assert (frames[0].astype(int) != frames[-1]).mean() > 0.3


async def test_what_is_black_frozen_or_silent_is_found(tmp_path: Path, picture: Path) -> None:
    black = material.plain(tmp_path / "black.png", (0, 0, 0))
    grey = material.plain(tmp_path / "grey.png", (90, 90, 90))
    silent = material.sound(tmp_path / "silent.wav", np.zeros(3 * SAMPLE_RATE))
    timeline = Timeline(
        format=material.SMALL,
        shots=(
            Still(image=black, seconds=1),
            Still(image=grey, seconds=2, motion=Motion.named("zoom_in")),
            Still(image=picture, seconds=1),
        ),
        music=(MusicClip(path=silent),),
    )
    report = await render(timeline, tmp_path / "bad.mp4")
    found = {finding.code: (finding.start, finding.end) for finding in report.findings}
    assert found["black"] == (0, 1)
    assert found["frozen"] == pytest.approx((1.5, 3))
    assert found["silent"] == pytest.approx((0, 4), abs=0.1)
    assert found["loudness"] == (0, 4)


async def test_cancelling_ends_the_processes_and_leaves_nothing(
    tmp_path: Path, scratch: Path, picture: Path
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    moving = Still(image=picture, seconds=600, motion=Motion.named("pan_up"))
    timeline = Timeline(format=material.SMALL, shots=(moving,))
    begun = asyncio.Event()
    task = asyncio.create_task(
        render(timeline, out / "long.mp4", on_progress=lambda told: begun.set())
    )
    await asyncio.wait_for(begun.wait(), 30)
    assert renderers()
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
        (None, "can't be read: No such file"),
    ],
)
async def test_a_bad_picture_is_named_and_nothing_is_left(
    tmp_path: Path, scratch: Path, picture: Path, content: bytes | None, reason: str
) -> None:
    bad, out = tmp_path / "bad.png", tmp_path / "out"
    out.mkdir()
    if content is not None:
        bad.write_bytes(content)
    shots = (Still(image=picture, seconds=0.3), Still(image=bad, seconds=0.3))
    with pytest.raises(RenderError, match=f"bad.png {reason}"):
        await render(Timeline(format=material.SMALL, shots=shots), out / "scene.mp4")
    assert not material.left_in(out)
    assert not material.left_in(scratch)


@pytest.mark.parametrize(
    "content",
    [
        b"RIFF\x00\x00",
        b"#EXTM3U\n#EXTINF:9,\nfile:///etc/passwd\n",
        b"ffconcat version 1.0\nfile /etc/passwd\n",
    ],
)
async def test_a_bad_sound_or_film_is_named_and_what_is_encoded_stays(
    tmp_path: Path, scratch: Path, picture: Path, content: bytes
) -> None:
    bad = tmp_path / "bad.bin"
    bad.write_bytes(content)
    cache = FolderCache(tmp_path / "cache")
    with pytest.raises(RenderError, match=r"bad\.bin can't be read"):
        await render(material.timeline(picture, music=(MusicClip(path=bad),)), tmp_path / "a.mp4")
    shots = (Still(image=picture, seconds=0.5), Clip(video=bad, seconds=0.5, audible=False))
    film = Timeline(format=material.SMALL, shots=shots)
    with pytest.raises(RenderError, match=r"bad\.bin can't be read"):
        await render(film, tmp_path / "b.mp4", cache=cache)
    assert material.left_in(tmp_path) == sorted(
        {"bad.bin", "picture.png", "scratch"}
        | {name for name in ("cache",) if (tmp_path / name).exists()}
    )
    assert not material.left_in(scratch)


@pytest.mark.parametrize("mode", ["CMYK", "L"])
async def test_odd_pictures_are_taken(tmp_path: Path, mode: str) -> None:
    Image.new(mode, (1, 1), 120 if mode == "L" else (0, 0, 0, 120)).save(tmp_path / "odd.jpg")
    report = await render(material.timeline(tmp_path / "odd.jpg", 0.2), tmp_path / "odd.mp4")
    assert report.frames == 6


async def test_a_picture_of_a_hundred_million_pixels_is_refused(tmp_path: Path) -> None:
    Image.new("1", (20_000, 5_000)).save(tmp_path / "vast.png")
    with pytest.raises(RenderError, match=r"vast\.png has more than 64 million pixels; scale it"):
        await render(material.timeline(tmp_path / "vast.png", 0.2), tmp_path / "vast.mp4")


async def test_a_full_disk_is_said_and_a_later_try_goes_on(
    tmp_path: Path, scratch: Path, picture: Path
) -> None:
    """A limit on the size of files stands for the full disk."""
    cache = FolderCache(tmp_path / "cache")
    noise = np.random.default_rng(1).integers(0, 255, (180, 320, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "noise.bmp")
    moving = Still(image=tmp_path / "noise.bmp", seconds=3, motion=Motion.named("pan_up"))
    shots = (Still(image=picture, seconds=1), moving)
    timeline = Timeline(format=material.SMALL, shots=shots)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, before[1]))
    try:
        with pytest.raises(RenderError, match="The disk is full; free some space"):
            await render(timeline, tmp_path / "film.mp4", cache=cache)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not (tmp_path / "film.mp4").exists()
    assert not material.left_in(scratch)
    report = await render(timeline, tmp_path / "film.mp4", cache=cache)
    assert report.frames == 120


async def test_an_encoder_that_is_ended_from_outside_is_an_error_and_a_retry_goes_on(
    tmp_path: Path, picture: Path
) -> None:
    moving = Still(image=picture, seconds=40, motion=Motion.named("pan_up"))
    timeline = Timeline(format=material.SMALL, shots=(moving,))
    cache = FolderCache(tmp_path / "cache")

    def end_it(told: RenderProgress) -> None:
        if told.fraction > 0.3:
            for child in renderers():
                if "ffmpeg" in Path((cmdline(child) or [""])[0]).name:
                    os.kill(child.pid, 9)

    with pytest.raises(RenderError, match="ffmpeg failed: it was ended from outside"):
        await render(timeline, tmp_path / "long.mp4", cache=cache, on_progress=end_it)
    assert not (tmp_path / "long.mp4").exists()
    report = await render(timeline, tmp_path / "long.mp4", cache=cache)
    assert report.reused > 0
    assert report.frames == 1200


async def test_a_missing_folder_is_said(tmp_path: Path, picture: Path) -> None:
    with pytest.raises(RenderError, match="nowhere"):
        await render(material.timeline(picture, 0.2), tmp_path / "nowhere" / "scene.mp4")
